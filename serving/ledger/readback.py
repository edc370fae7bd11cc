"""What the ledger holds of one lead: the scores it was given, where it stands, and what was reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa

from models.arrays import Vector
from serving.ledger.tables import Instant, feedback, scores, standings

Place = tuple[datetime, str]
"""Where a score stands in its lead's history: when it was given, and its id."""

REPORTS = 500
"""So many reports of a lead are told, the latest received."""


@dataclass(frozen=True)
class Given:
    """One score as it was given; the fields are the columns of ``scores``."""

    id: str
    given_at: datetime
    as_of: datetime
    score: int
    grade: str
    p_accept: float | None
    p_close: float
    enough_information: bool
    explored: bool | None
    reasons: str
    features: bytes
    catalog: str
    model_version: str
    stored_version: str
    definition_version: str

    @property
    def place(self) -> Place:
        """Where it stands in the history."""
        return self.given_at, self.id

    @property
    def accepted(self) -> bool:
        """Whether sales had accepted the lead when it was given: then, and only then, acceptance is certain."""
        return self.p_accept == 1.0

    @cached_property
    def x(self) -> Vector:
        """The features it was given on, ``[k]``."""
        return np.frombuffer(self.features, dtype="<f8").astype(np.float64)

    @property
    def told_reasons(self) -> list[dict[str, Any]]:
        """The reasons as they were given."""
        told: list[dict[str, Any]] = json.loads(self.reasons)
        return told


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reported of a lead; the fields are the columns of ``feedback``."""

    id: str
    outcome: str
    occurred_at: datetime
    received_at: datetime
    actor: str | None
    amount: float | None
    reason: str | None
    comment: str | None
    corrects: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lead stands; the fields are columns of ``standings``."""

    score_id: str | None
    name: str | None
    owner: str | None
    segment: str | None
    grade: str | None
    handed_off_at: datetime | None
    contacted_at: datetime | None
    due_at: datetime | None
    outcome: str | None
    outcome_at: datetime | None


def _columns(table: sa.Table, of: type[Given | Report | Standing]) -> list[sa.Column[Any]]:
    return [table.c[field.name] for field in fields(of)]


_GIVEN = _columns(scores, Given)
_LATEST_FIRST = (scores.c.given_at.desc(), scores.c.id.desc())


def standing(connection: sa.Connection, lead_id: str) -> Standing | None:
    """Where a lead stands; ``None`` for one never heard of."""
    query = sa.select(*_columns(standings, Standing)).where(standings.c.lead_id == lead_id)
    return next((Standing(**row._asdict()) for row in connection.execute(query)), None)


def latest(connection: sa.Connection, lead_id: str, until: datetime | None = None) -> Given | None:
    """The score that stood at an instant: the last one given up to then. Without one, the latest of all."""
    within = [] if until is None else [scores.c.given_at <= until]
    return _first(connection, lead_id, *within)


def current(connection: sa.Connection, lead_id: str, stands: Standing | None) -> Given | None:
    """The score by which the lead stands in the list; before it has a place there, the latest given.

    Usually they are one. They differ after the past was scored again: such a score is given now, and says nothing new.
    """
    if stands is not None and stands.score_id is not None:
        found = _first(connection, lead_id, scores.c.id == stands.score_id)
        if found is not None:
            return found
    return latest(connection, lead_id)


def first_since(connection: sa.Connection, lead_id: str, since: datetime) -> Given | None:
    """The first score given at or after an instant."""
    query = sa.select(*_GIVEN).where(scores.c.lead_id == lead_id, scores.c.given_at >= since)
    return next(_rows(connection, query.order_by(scores.c.given_at, scores.c.id).limit(1)), None)


def another(connection: sa.Connection, lead_id: str, than: Given) -> Given | None:
    """The last score before this one that differs from it; failing that, the last with another ``p_close``."""
    before = _before(than.place)
    return _first(connection, lead_id, before, scores.c.score != than.score) or _first(
        connection, lead_id, before, scores.c.p_close != than.p_close
    )


def history(
    connection: sa.Connection,
    lead_id: str,
    *,
    since: datetime | None,
    until: datetime | None,
    after: Place | None,
    most: int,
) -> list[Given]:
    """At most so many scores given within these instants, the latest first; those that come ``after`` this place."""
    query = sa.select(*_GIVEN).where(scores.c.lead_id == lead_id)
    if since is not None:
        query = query.where(scores.c.given_at >= since)
    if until is not None:
        query = query.where(scores.c.given_at <= until)
    if after is not None:
        query = query.where(_before(after))
    return list(_rows(connection, query.order_by(*_LATEST_FIRST).limit(most)))


def reports(connection: sa.Connection, lead_id: str) -> list[Report]:
    """What was reported of a lead, in the order received; of more than `REPORTS`, the latest."""
    query = sa.select(*_columns(feedback, Report)).where(feedback.c.lead_id == lead_id)
    newest = query.order_by(feedback.c.received_at.desc(), feedback.c.id.desc()).limit(REPORTS)
    return [Report(**row._asdict()) for row in reversed(connection.execute(newest).all())]


def _first(connection: sa.Connection, lead_id: str, *where: sa.ColumnElement[bool]) -> Given | None:
    query = sa.select(*_GIVEN).where(scores.c.lead_id == lead_id, *where).order_by(*_LATEST_FIRST).limit(1)
    return next(_rows(connection, query), None)


def _before(place: Place) -> sa.ColumnElement[bool]:
    at, number = place
    return sa.tuple_(scores.c.given_at, scores.c.id) < sa.tuple_(sa.literal(at, Instant()), sa.literal(number))


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Given]:
    return (Given(**row._asdict()) for row in connection.execute(query))
