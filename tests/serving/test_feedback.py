"""Feedback over REST, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from crm.errors import UnavailableError
from serving.app import application
from serving.desk import Desk
from serving.lead import microseconds
from serving.ledger import schema
from serving.ledger.clerk import Clerk
from serving.ledger.database import Database, database
from serving.ledger.delivery import delivery_to
from serving.ledger.feedback import reports
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.spool import Spool
from serving.ledger.tables import deliveries, feedback, standings
from serving.metrics import Metrics
from serving.scoring import open_scorer
from serving.settings import Settings
from serving.store import Store
from serving.takeover import Incumbent
from tests.serving.conftest import NOW, Client

ACCEPTED = {"lead_id": "l1", "outcome": "accepted", "occurred_at": "2026-03-03T09:00:00Z"}
REJECTED = {"lead_id": "l1", "outcome": "rejected", "occurred_at": "2026-03-04T09:00:00Z", "reason": "no_need"}
WON = {"lead_id": "l1", "outcome": "won", "occurred_at": "2026-03-04T09:00:00Z", "amount": 1200.5}


@dataclass
class Loop:
    """A service with a ledger, in process."""

    client: Client
    ledger: Database
    recorder: SpoolingRecorder

    def post(self, *given: Any, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.client.post("/v1/feedback", json={"reports": given, **more}, headers=headers)

    def told(self, *given: Any, **more: Any) -> list[dict[str, Any]]:
        reply = self.post(*given, **more)
        assert reply.status_code == 200, reply.text
        assert reply.json()["errors"] == []
        return list(reply.json()["reports"])

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.ledger.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


@pytest.fixture
def loop(url: str, tmp_path: Path, artifacts: Callable[..., Path]) -> Iterator[Loop]:
    store = Store(tmp_path / "models")
    store.put(artifacts(1), {"version": "12"})
    metrics = Metrics()
    incumbent = Incumbent(store, lambda stored: open_scorer(stored, microseconds(NOW)), metrics, every=60.0)
    incumbent.start()
    ledger = database(url, Path(), pooled=True)
    schema.upgrade(ledger)
    recorder = SpoolingRecorder(Spool(tmp_path / "spool", lost=metrics.lost), delivery_to(ledger), metrics)
    app = application(Desk(incumbent, Settings(), metrics, lambda: NOW, ledger, recorder))
    client = Client(app)
    yield Loop(client, ledger, recorder)
    client.close()
    incumbent.stop()
    recorder.stop()
    ledger.engine.dispose()


def test_a_report_is_recorded_and_told_how_the_lead_stands(loop: Loop) -> None:
    (told,) = loop.told({**WON, "actor": "Ines"})
    assert (told["status"], told["fate"], told["lead_id"], told["index"]) == ("recorded", "counts", "l1", 0)
    assert told["stands"] == {"outcome": "won", "occurred_at": "2026-03-04T09:00:00Z"}
    assert told["text"] == "The lead stands as: won, since March 4, 2026."
    (row,) = loop.rows(feedback)
    assert (row["id"], row["amount"], row["actor"], row["caller"]) == (told["id"], 1200.5, "Ines", "local")
    assert (row["occurred_at"], row["received_at"]) == (datetime(2026, 3, 4, 9, tzinfo=UTC), NOW)
    (stands,) = loop.rows(standings)
    assert (stands["lead_id"], stands["outcome"]) == ("l1", "won")


def test_the_same_report_is_there_once_however_often_it_comes(loop: Loop) -> None:
    first = loop.told(ACCEPTED, ACCEPTED)
    again = [loop.told(ACCEPTED)[0] for _ in range(13)]
    assert [r["status"] for r in (*first, *again)] == ["recorded", *["known"] * 14]
    assert {r["id"] for r in (*first, *again)} == {first[0]["id"]}
    assert len(loop.rows(feedback)) == 1


def test_an_event_sent_again_with_another_time_is_a_repeat_in_plain_words(loop: Loop) -> None:
    loop.told(ACCEPTED)
    (late,) = loop.told({**ACCEPTED, "occurred_at": "2026-03-04T09:00:00Z"})
    assert (late["fate"], late["stands"]["occurred_at"]) == ("repeat", "2026-03-03T09:00:00Z")
    assert late["text"].startswith("The same was reported before, for March 3, 2026")


def test_reports_out_of_order_and_in_contradiction_are_explained(loop: Loop) -> None:
    (no,) = loop.told(REJECTED)
    (before,) = loop.told(ACCEPTED, language="fr")
    assert (no["fate"], before["fate"]) == ("counts", "overruled")
    said = before["text"].replace("\u00a0", " ")
    assert said.startswith("Ce retour ne compte pas : pour le 4 mars 2026, plus tard, « rejeté » a été signalé.")
    (after,) = loop.told({**ACCEPTED, "occurred_at": "2026-03-05T09:00:00Z"})
    assert after["fate"] == "counts"
    assert "It overrules what was reported before" in after["text"]
    (fixed,) = loop.told({**REJECTED, "occurred_at": "2026-03-01T09:00:00Z", "corrects": after["id"]})
    assert "It takes the place of the report that it corrects." in fixed["text"]
    assert fixed["stands"]["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"lead_id": None}, "lead_id", "text"),
        ({"lead_id": ""}, "lead_id", "text"),
        ({"outcome": "maybe"}, "outcome", "one of accepted"),
        ({"outcome": None}, "outcome", "one of accepted"),
        ({"occurred_at": "2026-03-04T09:00:00"}, "occurred_at", "zone"),
        ({"occurred_at": "2026-03-05T13:30:00Z"}, "occurred_at", "not in the future"),
        ({"reason": None}, "reason", "no_budget"),
        ({"reason": "because"}, "reason", "no_budget"),
        ({"amount": 3}, "amount", "nothing was won"),
        ({"comment": "x" * 2001}, "comment", "2000"),
        ({"comment": "a\0b"}, "comment", "NUL"),
        ({"actor": ["x"]}, "actor", "text"),
        ({"corrects": "x"}, "corrects", "64"),
        ({"resaon": "no_need"}, "resaon", "one of lead_id"),
    ],
)
def test_a_bad_report_is_told_so_and_spoils_no_other(
    loop: Loop, change: dict[str, Any], field: str, expected: str
) -> None:
    bad = {key: value for key, value in {**REJECTED, **change}.items() if value is not None or key != "outcome"}
    reply = loop.post(bad, {**ACCEPTED, "lead_id": "l2"}).json()
    (error,) = reply["errors"]
    assert (error["index"], error["field"]) == (0, field)
    assert expected in error["expected"]
    assert [r["lead_id"] for r in reply["reports"]] == ["l2"]
    assert [row["lead_id"] for row in loop.rows(feedback)] == ["l2"]


def test_a_win_has_no_reason_and_no_negative_amount(loop: Loop) -> None:
    errors = loop.post({**WON, "reason": "price"}, {**WON, "amount": -1}).json()["errors"]
    assert [error["field"] for error in errors] == ["reason", "amount"]


@pytest.mark.parametrize("body", [b"[]", b'{"reports": 3}', b'{"reports": [], "x": 1}', b"{", b"\xff", b""])
def test_a_body_that_is_none_is_a_problem(loop: Loop, body: bytes) -> None:
    reply = loop.client.post("/v1/feedback", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert reply.headers["content-type"] == "application/problem+json"


def test_the_same_request_with_its_key_is_answered_the_same(loop: Loop) -> None:
    first = loop.post(ACCEPTED, key="a-1")
    loop.told(REJECTED)
    again = loop.post(ACCEPTED, key="a-1")
    assert again.json() == first.json(), "not as the lead stands now"
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    assert [row["idempotency_key"] for row in loop.rows(deliveries)] == ["a-1"]


def test_a_key_that_comes_with_another_body_is_refused(loop: Loop) -> None:
    loop.post(ACCEPTED, key="a-1")
    reply = loop.post(REJECTED, key="a-1")
    assert (reply.status_code, reply.json()["type"]) == (422, "urn:accord:problem:idempotency-key-reused")
    assert len(loop.rows(feedback)) == 1
    assert loop.post(ACCEPTED, key="x" * 256).status_code == 422


def test_where_the_ledger_is_down_reports_are_kept_and_judged_when_it_is_back(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise UnavailableError("The ledger does not answer.", where="here")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "writing", down)
        reply = loop.post(ACCEPTED, {**WON, "lead_id": "l2"})
        assert reply.status_code == 202
        assert [r["status"] for r in reply.json()["reports"]] == ["kept", "kept"]
        loop.recorder.turn()
        assert loop.recorder.backlog == 2
    assert loop.recorder.turn()
    assert {row["lead_id"]: row["outcome"] for row in loop.rows(standings)} == {"l1": "accepted", "l2": "won"}
    assert loop.told(ACCEPTED)[0]["status"] == "known"


def test_what_neither_the_ledger_nor_the_disk_takes_is_not_acknowledged(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise UnavailableError("The ledger does not answer.", where="here")

    monkeypatch.setattr(Database, "writing", down)
    monkeypatch.setattr(SpoolingRecorder, "write", lambda *_, **__: False)
    reply = loop.post(ACCEPTED)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:accord:problem:ledger-down")
    assert reply.headers["retry-after"]


def test_from_many_clients_at_once_every_report_is_there_once(loop: Loop) -> None:
    given = [{**ACCEPTED, "lead_id": f"l{i % 40}", "actor": f"a{i // 40}"} for i in range(200)]
    sent = [*given, *random.Random(1).sample(given, 40)]  # noqa: S311 - the same each time
    random.Random(2).shuffle(sent)  # noqa: S311 - the same
    app = loop.client._client._transport.app  # type: ignore[attr-defined]

    def post(mine: list[dict[str, Any]]) -> list[str]:
        client = Client(app)
        replies = [client.post("/v1/feedback", json={"reports": [report]}) for report in mine]
        client.close()
        assert {reply.status_code for reply in replies} == {200}
        return [str(reply.json()["reports"][0]["status"]) for reply in replies]

    with ThreadPoolExecutor(16) as pool:
        statuses = list(itertools.chain.from_iterable(pool.map(post, (sent[i::16] for i in range(16)))))
    assert (statuses.count("recorded"), statuses.count("known")) == (200, 40)
    assert len(loop.rows(feedback)) == len({r.id for r in reports(loop.ledger)}) == 200


def test_a_piece_of_work_that_fails_spoils_no_other_of_its_transaction(url: str) -> None:
    ledger = database(url, Path())
    schema.upgrade(ledger)
    clerk = Clerk(ledger)

    def write(key: str, wrong: bool = False) -> Callable[[sa.Connection], str]:
        def work(connection: sa.Connection) -> str:
            row = {"caller": "c", "idempotency_key": key, "digest": "", "received_at": NOW, "status": 200, "reply": ""}
            connection.execute(sa.insert(deliveries).values(row))
            if wrong:
                raise ValueError(key)
            return key

        return work

    done = [clerk.do(write(str(i), wrong=i == 1)) for i in range(3)]
    clerk.start()
    assert [done[0].result(30), done[2].result(30)] == ["0", "2"]
    with pytest.raises(ValueError, match="1"):
        done[1].result(30)
    clerk.stop()
    with ledger.reading() as connection:
        assert sorted(connection.scalars(sa.select(deliveries.c.idempotency_key))) == ["0", "2"]


def test_without_a_ledger_nothing_is_acknowledged(run: Callable[..., Any]) -> None:
    reply = run().client.post(
        "/v1/feedback", content=json.dumps({"reports": [ACCEPTED]}), headers={"Content-Type": "application/json"}
    )
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:accord:problem:no-ledger")
