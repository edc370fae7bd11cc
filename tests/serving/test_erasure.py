from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette

from crm.errors import UnavailableError
from serving.app import application
from serving.desk import Barred, Desk
from serving.lead import microseconds
from serving.ledger import schema
from serving.ledger.database import Database, database
from serving.ledger.erasure import barred
from serving.ledger.keys import Shown, look_up
from serving.ledger.recorder import SpoolingRecorder
from serving.metrics import Metrics
from serving.scoring import open_scorer
from serving.settings import Settings
from serving.store import Store
from serving.takeover import Incumbent
from tests.serving.conftest import NOW, Client
from tests.serving.ledger.rows import kept, recorder
from tests.serving.test_scores_contract import a_lead

LEAD = "00Q/forget me"
ADDRESS = "/v1/leads/00Q/forget%20me"


@dataclass
class Told:
    """A roster of what it was told. Where its disk is ``full``, only this process hears of it."""

    leads: dict[str, Barred] = field(default_factory=dict)
    asks: bool = False  # for no keys
    full: bool = False

    def look_up(self, shown: str, now: datetime) -> Shown:
        return look_up(shown, {}, now)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def barred(self, lead_id: str) -> Barred | None:
        return self.leads.get(lead_id)

    def bar(self, lead_id: str, why: Barred) -> None:
        self.leads[lead_id] = why
        if self.full:
            raise UnavailableError("A barred lead could not be kept on disk.")


@dataclass
class Kept:
    """The application with a ledger of its own, a file that can be put out of reach."""

    app: Starlette
    client: Client
    ledger: Database
    recorder: SpoolingRecorder
    folder: Path
    roster: Told

    def score(self, lead_id: str) -> dict[str, Any]:
        reply = self.client.post("/v1/scores", json={"leads": [{**a_lead(), "lead_id": lead_id}]})
        assert reply.status_code == 200
        return dict(reply.json())

    def down(self) -> None:
        self.ledger.engine.dispose()
        (self.folder / "ledger").rename(self.folder / "elsewhere")

    def back(self) -> None:
        (self.folder / "elsewhere").rename(self.folder / "ledger")

    def named(self) -> list[Path]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in found if b"forget me" in path.read_bytes()]


@pytest.fixture
def there(tmp_path: Path, artifacts: Callable[..., Path]) -> Iterator[Kept]:
    (tmp_path / "ledger").mkdir()
    ledger = database(f"sqlite:///{tmp_path / 'ledger' / 'ledger.db'}", tmp_path, pooled=True)
    schema.upgrade(ledger)
    store, metrics = Store(tmp_path / "models"), Metrics()
    store.put(artifacts(1), {"version": "12"})
    incumbent = Incumbent(store, lambda stored: open_scorer(stored, microseconds(NOW)), metrics, every=60.0)
    spooled = recorder(tmp_path, ledger)
    roster = Told()
    app = application(Desk(incumbent, Settings(), metrics, lambda: NOW, ledger, spooled, roster))
    incumbent.start()
    spooled.start()
    client = Client(app)
    yield Kept(app, client, ledger, spooled, tmp_path, roster)
    client.close()
    spooled.stop()
    incumbent.stop()


def test_an_erased_lead_is_found_nowhere_and_gets_no_score(there: Kept) -> None:
    there.score(LEAD)
    there.score("other")
    assert there.recorder.flush(5.0)
    reply = there.client.request("DELETE", ADDRESS)
    assert (reply.status_code, reply.json()["status"]) == (200, "erased")
    assert reply.json()["rows"]["scores"] == 1
    assert reply.json()["files_clean"]
    assert not there.named()
    assert there.score(LEAD)["errors"][0]["got"] == "a lead that was erased here"
    assert there.score("other")["errors"] == []
    assert not there.named()


def test_erasing_again_is_harmless_and_says_so(there: Kept) -> None:
    there.client.request("DELETE", ADDRESS)
    again = there.client.request("DELETE", ADDRESS)
    assert (again.status_code, again.json()["status"], set(again.json()["rows"].values())) == (200, "known", {0})


def test_rows_still_on_their_way_when_a_lead_is_erased_never_arrive(there: Kept) -> None:
    there.recorder.stop()  # what is scored now waits on disk
    there.score(LEAD)
    assert there.named()
    assert there.client.request("DELETE", ADDRESS).json()["rows"]["scores"] == 0
    there.recorder.start()
    assert there.recorder.flush(5.0)
    assert kept(there.ledger) == []
    assert not there.named()


def test_with_the_ledger_down_an_erasure_bars_at_once_and_is_done_when_it_is_back(there: Kept) -> None:
    there.score(LEAD)
    assert there.recorder.flush(5.0)
    there.down()
    reply = there.client.request("DELETE", ADDRESS)
    assert (reply.status_code, reply.json()["status"]) == (202, "kept")
    assert there.score(LEAD)["errors"]
    there.back()
    assert there.recorder.flush(15.0)
    assert kept(there.ledger) == []
    assert barred(there.ledger, [LEAD]).erased == {LEAD}
    assert not there.named()


def test_an_objection_is_kept_by_its_hash_alone_and_the_lead_is_never_scored_again(there: Kept) -> None:
    first = there.client.post("/v1/objections", json={"lead_id": LEAD})
    again = there.client.post("/v1/objections", json={"lead_id": LEAD, "language": "fr"})
    assert (first.status_code, first.json()["status"]) == (201, "recorded")
    assert (again.status_code, again.json()["status"]) == (200, "known")
    assert again.json()["text"].startswith("Merci")
    assert there.score(LEAD)["errors"][0]["got"] == "a lead whose person objected to being profiled"
    assert not there.named()


def test_an_objection_outlives_a_ledger_that_is_down(there: Kept) -> None:
    there.down()
    reply = there.client.post("/v1/objections", json={"lead_id": LEAD})
    assert (reply.status_code, reply.json()["status"]) == (202, "kept")
    there.back()
    assert there.recorder.flush(15.0)
    assert barred(there.ledger, [LEAD]).objected == {LEAD}


@pytest.mark.parametrize("wish", ["objection", "erasure"])
def test_where_neither_ledger_nor_disk_takes_it_nothing_is_acknowledged(
    there: Kept, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    there.down()
    monkeypatch.setattr(there.recorder, "write", lambda *_, **__: False)
    if wish == "objection":
        reply = there.client.post("/v1/objections", json={"lead_id": LEAD})
    else:
        reply = there.client.request("DELETE", ADDRESS)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "10")


@pytest.mark.parametrize("wish", ["objection", "erasure"])
def test_what_only_one_worker_could_hear_of_is_acknowledged_only_once_the_ledger_has_it(there: Kept, wish: str) -> None:
    there.roster.full = True

    def wished() -> int:
        if wish == "objection":
            return int(there.client.post("/v1/objections", json={"lead_id": LEAD}).status_code)
        return int(there.client.request("DELETE", ADDRESS).status_code)

    there.down()
    assert wished() == 503
    there.back()
    assert wished() in {200, 201}


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"lead_id": ""}', b'{"lead_id": 1}', b'{"lead_id": "a\\u0000"}', b"[", b'{"lead_id": "a", "who": 1}'],
)
def test_an_objection_that_names_no_lead_is_a_problem(there: Kept, body: bytes) -> None:
    reply = there.client.post("/v1/objections", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in {400, 422}
    assert reply.headers["content-type"] == "application/problem+json"
    assert not kept(there.ledger, "objections")


def test_nothing_of_a_lead_is_logged(
    there: Kept, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    there.score(LEAD)
    there.client.request("DELETE", ADDRESS)
    there.client.post("/v1/objections", json={"lead_id": LEAD})
    out = capsys.readouterr()
    assert "/v1/leads/{lead_id:path}" in out.out + out.err + caplog.text
    assert "forget" not in out.out + out.err + caplog.text


def test_feedback_on_an_erased_lead_is_refused_and_no_answer_that_names_it_is_kept(there: Kept) -> None:
    there.client.request("DELETE", ADDRESS)
    told = {"outcome": "accepted", "occurred_at": "2026-03-03T09:00:00Z"}
    body = {"reports": [{"lead_id": LEAD, **told}, {"lead_id": "other", **told}]}
    reply = there.client.post("/v1/feedback", json=body, headers={"Idempotency-Key": "k"})
    assert [error["got"] for error in reply.json()["errors"]] == ["a lead that was erased here"]
    assert [report["status"] for report in reply.json()["reports"]] == ["recorded"]
    assert [row["lead_id"] for row in kept(there.ledger, "feedback")] == ["other"]
    assert not there.named()


def test_the_ledger_is_whole_after_an_erasure(there: Kept) -> None:
    there.score(LEAD)
    there.client.request("DELETE", ADDRESS)
    with there.ledger.reading() as connection:
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_a_fuzzer_finds_nothing_against_what_is_said_of_these(there: Kept, mode: schemathesis.GenerationMode) -> None:
    bounded = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    schema_ = schemathesis.openapi.from_asgi("/openapi.json", there.app)
    every_one = [result.ok() for result in schema_.get_all_operations()]
    methods = {("post", "/v1/objections")}
    if mode is schemathesis.GenerationMode.POSITIVE:  # any text is a lead's key
        methods.add(("delete", "/v1/leads/{lead_id}"))
    else:  # a valid report is refused where its Idempotency-Key was used before, which no schema can say
        methods.add(("post", "/v1/feedback"))
    operations = [each for each in every_one if (each.method, each.path) in methods]
    assert len(operations) == len(methods)
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @bounded
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate()

        holds()
