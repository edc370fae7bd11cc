"""Where leads stand is the same whatever order their scores and reports come in, and can be made anew."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.errors import AccordError
from serving.ledger import schema
from serving.ledger.database import Database, database
from serving.ledger.delivery import Delivery, Row
from serving.ledger.retention import rebuild, retain
from serving.ledger.tables import scores, standings
from tests.serving.ledger.rows import AT, kept, report, score


@dataclass(frozen=True)
class Latest:
    outcome: str | None
    occurred_at: datetime | None


def latest(rows: Sequence[Row]) -> Latest | None:
    """Stands in for what stands of reports: the report received last."""
    newest = max(rows, key=lambda row: (row["received_at"], row["id"]), default=None)
    return None if newest is None else Latest(newest["outcome"], newest["occurred_at"])


@pytest.fixture
def place(empty: Database) -> Database:
    schema.upgrade(empty)
    return empty


def deliver(place: Database, *entries: tuple[str, Row]) -> None:
    Delivery(place, latest).deliver(entries)


def standing(place: Database, lead_id: str = "l1") -> dict[str, Any]:
    (found,) = [row for row in kept(place, "standings") if row["lead_id"] == lead_id]
    return found


def due(days: float) -> str:
    return (AT + timedelta(days=days)).isoformat()


def test_the_latest_score_says_how_a_lead_stands(place: Database) -> None:
    about = {"name": "Ada", "owner": "Paul", "segment": "large", "handed_off_at": due(0), "due_at": due(1)}
    old, new = score(score=20, grade="D"), score(score=90, about={**about, "contacted_at": due(0.5)})
    deliver(place, ("scores", old), ("scores", new))
    found = standing(place)
    assert (found["score_id"], found["score"], found["grade"]) == (new["id"], 90, "A")
    assert (found["name"], found["owner"], found["segment"]) == ("Ada", "Paul", "large")
    assert found["handed_off_at"] == AT
    assert found["contacted_at"] == AT + timedelta(days=0.5)
    assert found["due_at"] == AT + timedelta(days=1)


def test_a_score_as_of_the_past_changes_nothing(place: Database) -> None:
    now, replayed = score(score=90), score(score=20, as_of=AT - timedelta(days=90))
    assert replayed["given_at"] > now["given_at"]
    deliver(place, ("scores", now))
    deliver(place, ("scores", replayed))
    assert standing(place)["score"] == 90


def test_a_new_score_of_the_same_grade_does_not_put_off_what_was_promised(place: Database) -> None:
    deliver(place, ("scores", score(about={"due_at": due(1)})))
    deliver(place, ("scores", score(about={"due_at": due(2)})))
    assert standing(place)["due_at"] == AT + timedelta(days=1)
    deliver(place, ("scores", score(grade="B", about={"due_at": due(5)})))
    assert standing(place)["due_at"] == AT + timedelta(days=5), "another grade is another promise"


def test_a_lead_with_reports_alone_stands_too(place: Database) -> None:
    deliver(place, ("feedback", report("l9", "won")))
    found = standing(place, "l9")
    assert (found["outcome"], found["outcome_at"], found["score_id"]) == ("won", AT, None)
    deliver(place, ("scores", score("l9")))
    found = standing(place, "l9")
    assert (found["outcome"], found["score"]) == ("won", 87)


MOMENTS = st.integers(0, 4).map(lambda hours: AT + timedelta(hours=hours))


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[str, Row]]:
    entries: list[tuple[str, Row]] = []
    for number in range(draw(st.integers(1, 9))):
        lead = draw(st.sampled_from(["a", "b"]))
        if draw(st.booleans()):
            about = {"due_at": due(draw(st.integers(0, 5)))} if draw(st.booleans()) else {}
            if draw(st.booleans()):
                about["handed_off_at"] = due(0)
            own = {"id": f"{number:032x}", "given_at": draw(MOMENTS), "as_of": draw(MOMENTS)}
            row = score(lead, about=about, grade=draw(st.sampled_from("AB")), score=draw(st.integers(1, 99)), **own)
            entries.append(("scores", row))
        else:
            outcome = draw(st.sampled_from(["accepted", "won", "lost"]))
            entries.append(("feedback", report(lead, outcome, id=f"{number:064x}", received_at=draw(MOMENTS))))
    return entries


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an up to date database without rows."""
    folder = tmp_path_factory.mktemp("blank")
    place = database(f"sqlite:///{folder}/blank.db", folder)
    schema.upgrade(place)
    return folder / "blank.db"


@given(entries=happenings(), data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_standings_do_not_depend_on_the_order_of_delivery(
    blank: Path, entries: list[tuple[str, Row]], data: st.DataObject
) -> None:
    found = []
    for order in (entries, data.draw(st.permutations(entries))):
        for leftover in blank.parent.glob("now.db*"):
            leftover.unlink()
        shutil.copy(blank, blank.with_name("now.db"))
        place = database(f"sqlite:///{blank.with_name('now.db')}", blank.parent)
        left = list(order)
        while left:
            size = data.draw(st.integers(1, len(left)))
            part, left = left[:size], left[size:]
            deliver(place, *part)
            deliver(place, *part)  # and again, as after a crash
        found.append(kept(place, "standings"))
        rebuild(place, latest)
        found.append(kept(place, "standings"))
    assert found[0] == found[1] == found[2] == found[3]


def test_what_was_lost_of_the_standings_is_made_anew(place: Database) -> None:
    entries = [("scores", score(f"l{i % 600}", score=1 + i % 99)) for i in range(1_300)]
    deliver(place, *entries, *[("feedback", report(f"l{i}", "lost")) for i in range(0, 700, 7)])
    before = kept(place, "standings")
    with place.writing() as connection:
        connection.execute(standings.update().values(score=1, outcome="won", name="nobody"))
        connection.execute(standings.delete().where(standings.c.lead_id.endswith("5")))
    assert rebuild(place, latest) == len(before)
    assert kept(place, "standings") == before


def test_retention_deletes_what_is_old_and_nothing_else(place: Database) -> None:
    old = AT - timedelta(days=400)
    delivery = {"caller": "k", "digest": "d", "status": 200, "reply": "{}"}
    deliver(
        place,
        ("scores", score("a", given_at=old)),
        ("scores", score("a", score=44)),
        ("scores", score("b", given_at=old)),
        ("feedback", report("b", "won", received_at=old)),
        ("deliveries", {**delivery, "idempotency_key": "1", "received_at": old}),
        ("deliveries", {**delivery, "idempotency_key": "2", "received_at": AT}),
    )
    assert retain(place, AT - timedelta(days=365), latest) == {"scores": 2, "deliveries": 1}
    assert [row["score"] for row in kept(place)] == [44]
    assert [row["idempotency_key"] for row in kept(place, "deliveries")] == ["2"]
    assert len(kept(place, "feedback")) == 1
    assert standing(place, "a")["score"] == 44
    assert (standing(place, "b")["score"], standing(place, "b")["outcome"]) == (None, "won")
    assert kept(place, "erasing") == []
    with pytest.raises(AccordError, match="refused"), place.writing() as connection:
        connection.execute(scores.delete())
    assert retain(place, AT - timedelta(days=365), latest) == {"scores": 0, "deliveries": 0}


def test_the_bytes_of_what_retention_deletes_are_in_no_file_of_an_sqlite_ledger(place: Database) -> None:
    if not place.is_file:
        pytest.skip("PostgreSQL's files are its own")
    deliver(place, ("scores", score("longago", given_at=AT - timedelta(days=400))), ("scores", score("stays")))
    with closing(sqlite3.connect(place.place)) as service:  # as long as somebody has it open, its log stays
        service.execute("SELECT count(*) FROM scores").fetchall()
        retain(place, AT - timedelta(days=365), latest)
        files = b"".join(path.read_bytes() for path in Path(place.place).parent.glob("ledger.db*"))
    assert b"stays" in files
    assert b"longago" not in files


def test_about_is_json_that_may_hold_anything_a_name_holds(place: Database) -> None:
    name = 'Zoë "O\'Brien" \\ <b> \U0001f600'
    deliver(place, ("scores", score(about={"name": name})))
    assert standing(place)["name"] == name
    assert json.loads(kept(place)[0]["about"]) == {"name": name}
