"""Where each lead stands, kept up with its scores and reports: the same whatever order they come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from serving.ledger.tables import feedback, scores, standings

Row = Mapping[str, Any]

ABOUT = ("name", "owner", "segment")
TIMES = ("handed_off_at", "contacted_at", "due_at")
_SCORE = ("given_at", "as_of", "score", "grade", "p_accept", "p_close", "explored")


class Stands(Protocol):
    """What stands of a lead's reports."""

    @property
    def outcome(self) -> str | None:
        """The outcome, ``None`` where nothing stands."""

    @property
    def occurred_at(self) -> datetime | None:
        """When it came."""


Outcome = Callable[[Sequence[Row]], Stands | None]
"""Works out what stands of all the rows of ``feedback`` of one lead."""


def scored(connection: sa.Connection, rows: Iterable[Row]) -> None:
    """Takes scores into account that are in the table ``scores`` by now.

    A lead's latest score, by (as_of, given_at, id), says how it stands.
    """
    latest: dict[str, Row] = {}
    for row in rows:
        if row["lead_id"] not in latest or _rank(row) > _rank(latest[row["lead_id"]]):
            latest[row["lead_id"]] = row
    known = {row.lead_id: row for row in connection.execute(_of(latest)) if row.score_id is not None}
    newer = [row for lead, row in latest.items() if lead not in known or _rank(row) > _rank_of(known[lead])]
    if newer:
        _upsert(connection, [_from_score(row) for row in newer])
    _due(connection, list(latest))


def reported(connection: sa.Connection, leads: Iterable[str], outcome: Outcome) -> None:
    """Takes reports into account that are in the table ``feedback`` by now."""
    given: dict[str, list[Row]] = {lead: [] for lead in leads}
    query = sa.select(feedback).where(feedback.c.lead_id.in_(list(given)))
    for row in connection.execute(query.order_by(feedback.c.received_at, feedback.c.id)):
        given[row.lead_id].append(row._asdict())
    stands = {lead: outcome(rows) for lead, rows in given.items()}
    rows = [
        {
            "lead_id": lead,
            "outcome": None if found is None else found.outcome,
            "outcome_at": None if found is None else found.occurred_at,
        }
        for lead, found in stands.items()
    ]
    if rows:
        _upsert(connection, rows)


def _of(leads: Iterable[str]) -> sa.Select[Any]:
    columns = (standings.c.lead_id, standings.c.as_of, standings.c.given_at, standings.c.score_id)
    return sa.select(*columns).where(standings.c.lead_id.in_(list(leads)))


def _rank(row: Row) -> tuple[datetime, datetime, str]:
    return row["as_of"], row["given_at"], row["id"]


def _rank_of(row: Any) -> tuple[datetime, datetime, str]:
    return row.as_of, row.given_at, row.score_id


def _from_score(row: Row) -> dict[str, Any]:
    about = json.loads(row["about"])
    return {
        "lead_id": row["lead_id"],
        "score_id": row["id"],
        **{column: row[column] for column in _SCORE},
        **{column: about.get(column) for column in ABOUT},
        **{column: _time(about, column) for column in TIMES},
    }


def _due(connection: sa.Connection, leads: Sequence[str]) -> None:
    """When nothing says that a lead was handed over, its promise runs from the first score of the grade it has.

    Else each new score would put off what was promised with the one before.
    """
    first = (
        sa.select(scores.c.about)
        .where(scores.c.lead_id == standings.c.lead_id, scores.c.grade == standings.c.grade)
        .order_by(scores.c.given_at, scores.c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(standings.c.lead_id, standings.c.due_at, first).where(
        standings.c.lead_id.in_(leads), standings.c.handed_off_at.is_(None)
    )
    changed = []
    for lead, due_at, about in connection.execute(query):
        due = None if about is None else _time(json.loads(about), "due_at")
        if due != due_at:
            changed.append({"lead_id": lead, "due_at": due})
    if changed:
        _upsert(connection, changed)


def _time(about: Mapping[str, Any], name: str) -> datetime | None:
    text = about.get(name)
    return None if text is None else datetime.fromisoformat(text)


def _upsert(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Sets these columns of these leads, the others stay. In the order of the leads."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(standings)
    columns = {column: statement.excluded[column] for column in rows[0] if column != "lead_id"}
    statement = statement.on_conflict_do_update(index_elements=["lead_id"], set_=columns)
    connection.execute(statement, sorted(rows, key=lambda row: row["lead_id"]))
