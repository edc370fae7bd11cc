"""The list that both teams work from, read from ``standings`` a page at a time.

It is made of runs, one after the other: each grade from the best on, within a grade the likeliest to close first. The
leads drawn by lot are a run of their own right after the best grade: whoever works the list from the top reaches them,
which is what they were drawn for, and no lead of the best grade waits for them. Grades that the definition does not
know, of scores given under an earlier one, come last.

A run is read in the order of an index and only as far as the page goes: a page of a million leads costs no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from serving.ledger.tables import OUTCOMES, standings

State = Literal["open", "unanswered", "accepted", "rejected", "won", "lost", "no_decision", "all"]
STATES: dict[State, tuple[str | None, ...]] = {
    "open": (None, "accepted"),
    "unanswered": (None,),
    "accepted": ("accepted",),
    "rejected": ("rejected",),
    "won": ("won",),
    "lost": ("lost",),
    "no_decision": ("no_decision",),
    "all": (None, *OUTCOMES),
}
"""The outcomes of each state; ``None`` is that of a lead of which nothing was reported."""

BY_LOT = ""
"""The name of the run of the leads drawn by lot; those of the others are their grades, which are never empty."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads are asked for; what is ``None`` or empty leaves none out."""

    state: State = "open"
    grades: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    overdue: bool | None = None
    explored: bool | None = None
    min_score: int | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The place in the list that a page begins after."""

    run: str
    p_close: float
    lead_id: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One lead of the list, and its run; the other fields are columns of ``standings``."""

    run: str
    lead_id: str
    name: str | None
    score: int
    grade: str
    p_close: float
    p_accept: float | None
    segment: str | None
    owner: str | None
    explored: bool | None
    given_at: datetime
    handed_off_at: datetime | None
    contacted_at: datetime | None
    due_at: datetime | None
    outcome: str | None
    outcome_at: datetime | None

    @property
    def place(self) -> After:
        """Its place in the list."""
        return After(self.run, self.p_close, self.lead_id)


_TABLE = standings.c
_COLUMNS = [_TABLE[name] for name in Listed.__dataclass_fields__ if name != "run"]
_DRAWN: sa.ColumnElement[bool] = sa.literal_column("explored")  # word for word as the index has it, else it rests


def page(
    connection: sa.Connection, wanted: Wanted, grades: Sequence[str], after: After | None, most: int, now: datetime
) -> list[Listed]:
    """At most so many leads of the list, best first; ``grades`` are the definition's, best first."""
    found: list[Listed] = []
    for run in _runs(connection, wanted, grades):
        if after is not None and run != after.run:
            continue
        left = most - len(found)
        query = _query(wanted, run, after, left, now)
        found += [Listed(run, **row._asdict()) for row in connection.execute(query)]
        after = None
        if len(found) == most:
            break
    return found


def _runs(connection: sa.Connection, wanted: Wanted, grades: Sequence[str]) -> Iterator[str]:
    """The runs in their order; those of unknown grades are only looked for once all others are read."""
    best, *others = grades
    yield from _asked(wanted, [best])
    if wanted.explored is not False:
        yield BY_LOT
    yield from _asked(wanted, others)
    known = {grade for outcome in STATES[wanted.state] for grade in _grades(connection, outcome)}
    yield from _asked(wanted, sorted(known - set(grades)))


def _asked(wanted: Wanted, grades: Sequence[str]) -> Iterator[str]:
    if not wanted.explored:
        yield from (grade for grade in grades if not wanted.grades or grade in wanted.grades)


def _grades(connection: sa.Connection, outcome: str | None) -> Iterator[str]:
    """The grades there are: the index is asked for the next one, as often as there are grades."""
    query = sa.select(sa.func.min(_TABLE.grade)).where(_is(outcome))
    grade = connection.execute(query).scalar()
    while grade is not None:
        yield grade
        grade = connection.execute(query.where(_TABLE.grade > grade)).scalar()


def _query(
    wanted: Wanted, run: str, after: After | None, most: int, now: datetime
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """The leads of a run. One scan for each outcome, each in the order of the index, then the first of them all."""
    where = [*_filters(wanted, now), _TABLE.p_close.is_not(None)]
    if run == BY_LOT:
        where += [_DRAWN, *([_TABLE.grade.in_(wanted.grades)] if wanted.grades else [])]
        order = [_TABLE.outcome, _TABLE.p_close, _TABLE.lead_id]
    else:
        where += [_TABLE.grade == run, _TABLE.explored.is_not(True)]
        order = [_TABLE.outcome, _TABLE.grade, _TABLE.p_close, _TABLE.lead_id]
    if after is not None:
        where.append(
            sa.tuple_(_TABLE.p_close, _TABLE.lead_id) < sa.tuple_(*map(sa.literal, (after.p_close, after.lead_id)))
        )
    scans = [
        sa.select(*_COLUMNS).where(_is(outcome), *where).order_by(*(column.desc() for column in order)).limit(most)
        for outcome in STATES[wanted.state]
    ]
    each = [sa.select(scan.subquery()) for scan in scans]
    best_first: list[sa.ColumnElement[Any]] = [sa.desc(sa.literal_column(name)) for name in ("p_close", "lead_id")]
    return sa.union_all(*each).order_by(*best_first).limit(most)


def _filters(wanted: Wanted, now: datetime) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.segments:
        yield _TABLE.segment.in_(wanted.segments)
    if wanted.owners:
        yield _TABLE.owner.in_(wanted.owners)
    if wanted.min_score is not None:
        yield _TABLE.score >= wanted.min_score
    if wanted.overdue is not None:
        late = sa.and_(_TABLE.outcome.is_(None), _TABLE.contacted_at.is_(None), _TABLE.due_at < now)
        yield late if wanted.overdue else sa.not_(sa.func.coalesce(late, sa.false()))


def _is(outcome: str | None) -> sa.ColumnElement[bool]:
    return _TABLE.outcome.is_(None) if outcome is None else _TABLE.outcome == outcome
