"""What the service records of a score: exactly what it told, on what it rested, and never at the cost of a reply."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs

from features.compute import matrix
from features.facts import Facts
from models.definition import Definition
from models.lots import lot
from models.scorer import Scorer
from serving.about import about
from serving.desk import Barred, Row
from serving.lead import ReadLead
from serving.ledger.database import database
from serving.ledger.tables import scores as table
from serving.metrics import Metrics
from serving.reading import Batch, open_envelope, read
from serving.scoring import Served
from serving.store import Stored
from tests.serving.barring import Bars
from tests.serving.conftest import NOW, Running
from tests.serving.ledger.rows import kept, recorder
from tests.serving.scorers import by_hand
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]


@dataclass
class Recording:
    """A recorder that remembers, or fails."""

    rows: list[Row] = field(default_factory=list)
    fails: bool = False
    started: list[str] = field(default_factory=list)
    backlog: int = 3
    up: bool = True

    def write(self, table: str, rows: Sequence[Row], *, sure: bool = False) -> bool:  # noqa: ARG002
        if self.fails:
            raise RuntimeError("ada@lovelace.example")
        assert table == "scores"
        self.rows.extend(rows)
        return True

    def flush(self, seconds: float) -> bool:  # noqa: ARG002
        return True

    def start(self) -> None:
        self.started.append("start")

    def stop(self) -> None:
        self.started.append("stop")


def test_a_row_tells_what_the_reply_told(run: Run) -> None:
    recording = Recording()
    running = run(desk={"recorder": recording})
    headers = {"X-Request-ID": "my-request"}
    as_of = "2026-03-04T10:00:00Z"
    leads = [a_lead(name=" Ada ", owner="Paul"), a_lead("b", as_of=as_of, attributes={"source": "fair"})]
    reply = running.client.post("/v1/scores", json={"leads": leads, "reasons": 2}, headers=headers).json()
    for row, told in zip(recording.rows, reply["scores"], strict=True):
        same = ("lead_id", "score", "grade", "p_accept", "p_close", "enough_information")
        assert {name: row[name] for name in same} == {name: told[name] for name in same}
        assert json.loads(row["reasons"]) == told["reasons"]
        assert (row["caller"], row["request_id"], row["model_version"]) == ("local", "my-request", "12")
        assert row["given_at"] == NOW
        assert row["explored"] is None
        assert set(row) == set(table.columns.keys())
    served = running.incumbent.served
    assert served
    first, second = recording.rows
    assert first["as_of"] == NOW
    assert second["as_of"] == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert first["definition_version"] == served.scorer.definition.version
    assert first["stored_version"] == served.stored.version
    assert json.loads(first["about"]) == {"name": "Ada", "owner": "Paul", "source": "webinar"}
    assert json.loads(second["about"]) == {"source": "fair"}


def test_a_row_holds_the_very_features_of_the_score(run: Run) -> None:
    recording = Recording()
    running = run(desk={"recorder": recording})
    running.post(a_lead(), a_lead("b", attributes={}))
    served = running.incumbent.served
    assert served
    body = json.dumps({"leads": [a_lead(), a_lead("b", attributes={})]}).encode()
    read_leads = read(open_envelope(body, 9), served.known, int(NOW.timestamp() * 1e6)).leads
    facts = Facts.of_records([lead.record for lead in read_leads], served.scorer.fields)
    x = matrix(served.scorer.catalog, facts, np.arange(2), np.array([lead.as_of for lead in read_leads]))
    for row, wanted in zip(recording.rows, x, strict=True):
        np.testing.assert_array_equal(np.frombuffer(row["features"], "<f8"), wanted)
        assert row["catalog"] == served.scorer.catalog.hash


def test_keys_begin_with_the_time_and_are_never_the_same(run: Run) -> None:
    recording = Recording()
    running = run(desk={"recorder": recording})
    for _ in range(3):
        running.post(*[a_lead(f"l{i}") for i in range(50)])
    keys = {row["id"] for row in recording.rows}
    assert len(keys) == 150
    assert {len(key) for key in keys} == {32}
    assert {int(key[:12], 16) for key in keys} == {int(NOW.timestamp() * 1000)}


def test_refused_leads_are_not_recorded(run: Run) -> None:
    recording = Recording()
    reply = run(desk={"recorder": recording}).post({}, a_lead("b"), a_lead("c", as_of="soon"))
    assert len(reply["errors"]) == 2
    assert [row["lead_id"] for row in recording.rows] == ["b"]


@pytest.mark.parametrize("why", ["erased", "objected"])
def test_barred_leads_get_a_polite_no_and_leave_no_trace(run: Run, why: Barred) -> None:
    recording = Recording()
    running = run(desk={"recorder": recording, "roster": Bars({"never": why})})
    reply = running.post(a_lead("never"), a_lead("b"))
    (error,) = reply["errors"]
    assert (error["index"], error["lead_id"], error["field"]) == (0, "never", "lead_id")
    assert {"erased": "erased", "objected": "objected"}[why] in error["got"]
    assert "no score" in error["remedy"]
    assert [score["lead_id"] for score in reply["scores"]] == [row["lead_id"] for row in recording.rows] == ["b"]
    assert f'accord_errors_total{{kind="{why}",of="lead"}} 1.0' in running.client.get("/metrics").text


def test_a_recorder_that_fails_keeps_no_score_back(run: Run) -> None:
    running = run(desk={"recorder": Recording(fails=True)})
    with capture_logs() as logs:
        assert len(running.post(a_lead(), a_lead("b"))["scores"]) == 2
    (lost,) = [line for line in logs if line["event"] == "ledger_rows_lost"]
    assert lost["rows"] == 2
    assert "lovelace" not in str(logs)
    assert "accord_ledger_lost_rows_total 2.0" in running.client.get("/metrics").text


def test_a_real_ledger_holds_what_was_answered(run: Run, tmp_path: Path) -> None:
    place = database(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, pooled=True)
    ours = recorder(tmp_path, place)
    running = run(desk={"recorder": ours})
    told = [score for i in range(5) for score in running.post(*[a_lead(f"{i}-{j}") for j in range(20)])["scores"]]
    assert ours.turn()
    there = {row["lead_id"]: row for row in kept(place)}
    assert len(there) == len(kept(place)) == len(told) == 100
    assert all(there[score["lead_id"]]["p_close"] == score["p_close"] for score in told)


def test_metrics_tell_how_the_ledger_does(run: Run) -> None:
    page = run(desk={"recorder": Recording()}).client.get("/metrics").text
    assert "accord_ledger_up 1.0" in page
    assert "accord_ledger_backlog_rows 3.0" in page
    assert "accord_ledger_up" not in run().client.get("/metrics").text


@pytest.mark.parametrize(
    ("part", "value"),
    [("name", 7), ("owner", "x" * 201), ("name", "a\0b"), ("lead_id", "a\0b"), ("lead_id", "x" * 501)],
)
def test_what_no_database_keeps_is_that_leads_error(run: Run, part: str, value: object) -> None:
    reply = run().post(a_lead("good"), a_lead(**{part: value}) if part != "lead_id" else a_lead(str(value)))
    assert [score["lead_id"] for score in reply["scores"]] == ["good"]
    assert reply["errors"][0]["field"] == part


def served_with(scorer: Scorer, tmp_path: Path) -> Served:
    return Served(scorer, Stored("lead-score:v1", tmp_path, {}, NOW))


def batch(*leads: ReadLead) -> Batch:
    return Batch("en", 0, list(leads))


def leads_of(scorer: Scorer, tmp_path: Path, *given: dict[str, Any]) -> list[ReadLead]:
    served = served_with(scorer, tmp_path)
    envelope = open_envelope(json.dumps({"leads": given}).encode(), 100)
    found = read(envelope, served.known, int(NOW.timestamp() * 1e6))
    assert not found.errors
    return found.leads


def test_explored_is_told_only_where_the_definition_explores(tmp_path: Path) -> None:
    plain = by_hand()
    told = json.loads(_encoded(served_with(plain, tmp_path), *leads_of(plain, tmp_path, a_lead())))
    assert "explored" not in told["scores"][0]
    definition = Definition.parse({"exploration": {"share": 0.5, "grades": ["D"]}}, "test")
    exploring = replace(plain, definition=definition)
    leads = [
        a_lead("best", attributes={"source": "webinar", "employees": 900}),
        *[a_lead(f"l{i}", attributes={}, activities=[]) for i in range(9)],
    ]
    served = served_with(exploring, tmp_path)
    answer = served.answered(batch(*leads_of(exploring, tmp_path, *leads)))
    for score, kept_as in zip(answer.reply.scores, answer.explored, strict=True):
        wanted = lot(score.lead_id, "1") < 0.5 if score.grade == "D" else None
        assert score.explored is kept_as is wanted
    assert {None, True, False} == set(answer.explored)
    assert '"explored":null' in _encoded(served, *leads_of(exploring, tmp_path, leads[0]))


def _encoded(served: Served, *leads: ReadLead) -> str:
    return msgspec.json.encode(served.answer(batch(*leads))).decode()


def told_about(tmp_path: Path, definition: Definition, **lead: Any) -> dict[str, Any]:
    (one,) = leads_of(by_hand(), tmp_path, a_lead(**lead))
    (text,) = about(definition, [one], ["A"], ["large"], int(NOW.timestamp() * 1e6))
    return dict(json.loads(text))


PROMISING = Definition.parse(
    {"grades": {"A": {"score": 90, "within_hours": 4}, "B": 1}, "kinds": {"contact": ["call", "mail"]}}, "test"
)


def test_a_promise_runs_in_working_hours_from_the_hand_off(tmp_path: Path) -> None:
    steps = [
        {"milestone": "handed_off", "reached_at": "2026-03-05T09:00:00Z"},
        {"milestone": "handed_off", "reached_at": "2026-03-04T15:00:00Z"},
        {"milestone": "handed_off", "reached_at": "2026-03-09T15:00:00Z"},
    ]
    told = told_about(tmp_path, PROMISING, milestones=steps)
    assert told["handed_off_at"] == "2026-03-04T15:00:00+00:00", "the first one"
    assert told["due_at"] == "2026-03-05T11:00:00+00:00", "two hours on Wednesday, two on Thursday"


def test_without_a_hand_off_it_runs_from_the_score(tmp_path: Path) -> None:
    told = told_about(tmp_path, PROMISING, milestones=[])
    assert told["due_at"] == (NOW + timedelta(hours=4)).isoformat()
    assert "handed_off_at" not in told
    assert "due_at" not in told_about(tmp_path, Definition(), milestones=[])


def test_the_first_contact_is_by_our_people_and_after_the_hand_off(tmp_path: Path) -> None:
    def at(hour: int, kind: str) -> dict[str, str]:
        return {"kind": kind, "occurred_at": f"2026-03-05T{hour:02}:00:00Z"}

    steps = [{"milestone": "handed_off", "reached_at": "2026-03-05T09:00:00Z"}]
    acts = [at(8, "call"), at(10, "page_view"), at(11, "mail"), at(10, "call"), at(23, "call")]

    def contacted(definition: Definition = PROMISING, **lead: Any) -> str | None:
        return told_about(tmp_path, definition, **lead).get("contacted_at")

    assert contacted(milestones=steps, activities=acts) == "2026-03-05T10:00:00+00:00"
    assert contacted(milestones=[], activities=acts) is None
    assert contacted(Definition(), milestones=steps, activities=acts) is None
    assert contacted(milestones=steps, activities=[at(8, "call"), at(23, "call")]) is None


def test_losses_are_counted() -> None:
    metrics = Metrics()
    metrics.lost(3)
    metrics.delivered("scores", 2)
    metrics.set_aside("refused", 1)
    page = metrics.page(None, NOW).decode()
    assert "accord_ledger_lost_rows_total 3.0" in page
    assert 'accord_ledger_delivered_total{table="scores"} 2.0' in page
    assert 'accord_ledger_aside_rows_total{reason="refused"} 1.0' in page
