"""The list that both teams work from, read from ``standings`` a page at a time.

It is made of runs, one after the other: each grade from the best on, within a grade the likeliest to close first. The
leads drawn by lot come right after the best grade, by their own grades: whoever works from the top reaches them, which
is what they were drawn for, and no lead of the best grade waits for them. Grades that the definition does not know, of
scores given under an earlier one, come last.

A run is read in the order of an index and only as far as the page goes: a page of a million leads costs no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
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


@dataclass(frozen=True, slots=True)
class Run:
    """The leads of one grade, those drawn by lot or the others."""

    grade: str
    drawn: bool = False


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

    run: Run
    p_close: float
    lead_id: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One lead of the list, and its run; the other fields are columns of ``standings``."""

    run: Run
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
    for run in _runs(connection, wanted, grades, after):
        if after is not None and run != after.run:
            continue
        left = most - len(found)
        rows = connection.execute(*query(wanted, run, after, left, now))
        found += [Listed(run, **row._asdict()) for row in rows]
        after = None
        if len(found) == most:
            break
    return found


def _runs(connection: sa.Connection, wanted: Wanted, grades: Sequence[str], after: After | None) -> Iterator[Run]:
    """The runs in their order; unknown grades are only looked for once all others are read.

    That of ``after`` is one of them even if no lead has its grade any more: the list goes on behind it.
    """
    best, *others = grades
    yield from _asked(wanted, [Run(best), *(Run(grade, drawn=True) for grade in grades), *map(Run, others)])
    known = {grade for outcome in STATES[wanted.state] for grade in _grades(connection, outcome)}
    known |= set() if after is None else {after.run.grade}
    unknown = sorted(known - set(grades))
    yield from _asked(wanted, [Run(grade, drawn) for grade in unknown for drawn in (True, False)])


def _asked(wanted: Wanted, runs: Sequence[Run]) -> Iterator[Run]:
    for run in runs:
        if (not wanted.grades or run.grade in wanted.grades) and wanted.explored in {None, run.drawn}:
            yield run


def _grades(connection: sa.Connection, outcome: str | None) -> Iterator[str]:
    """The grades there are: the index is asked for the next one, as often as there are grades."""
    query = sa.select(sa.func.min(_TABLE.grade)).where(_is(outcome))
    grade = connection.execute(query).scalar()
    while grade is not None:
        yield grade
        grade = connection.execute(query.where(_TABLE.grade > grade)).scalar()


def query(
    wanted: Wanted, run: Run, after: After | None, most: int, now: datetime
) -> tuple[sa.CompoundSelect[Any], dict[str, Any]]:
    """The leads of a run, as a statement and its values."""
    values = {"grade": run.grade, "most": most, "now": now}
    if after is not None:
        values |= {"after_p_close": after.p_close, "after_lead_id": after.lead_id}
    return _statement(wanted, run.drawn, after is not None), values


@lru_cache(maxsize=64)  # to put one together takes longer than to read a page by it, and most pages are alike
def _statement(wanted: Wanted, drawn: bool, goes_on: bool) -> sa.CompoundSelect[Any]:
    """Each outcome, and owner or segment, scanned in the order of an index, then the first of them."""
    where = [*_filters(wanted), _TABLE.grade == sa.bindparam("grade"), _TABLE.p_close.is_not(None)]
    where.append(_DRAWN if drawn else _TABLE.explored.is_not(True))
    if goes_on:
        place = sa.tuple_(
            sa.bindparam("after_p_close", type_=sa.Float()), sa.bindparam("after_lead_id", type_=sa.Text())
        )
        where.append(sa.tuple_(_TABLE.p_close, _TABLE.lead_id) < place)
    order = [column.desc() for column in (_TABLE.outcome, _TABLE.grade, _TABLE.p_close, _TABLE.lead_id)]
    most = sa.bindparam("most", type_=sa.Integer())
    scans = [
        sa.select(*_COLUMNS).where(_is(outcome), *part, *where).order_by(*order).limit(most)
        for outcome in STATES[wanted.state]
        for part in _parts(wanted)
    ]
    each = [sa.select(scan.subquery()) for scan in scans]
    best_first: list[sa.ColumnElement[Any]] = [sa.desc(sa.literal_column(name)) for name in ("p_close", "lead_id")]
    return sa.union_all(*each).order_by(*best_first).limit(most)


def _parts(wanted: Wanted) -> list[list[sa.ColumnElement[bool]]]:
    """What each scan is narrowed down to by an index of its own: one owner, else one segment."""
    column, values = (_TABLE.owner, wanted.owners) if wanted.owners else (_TABLE.segment, wanted.segments)
    return [[column == value] for value in dict.fromkeys(values)] or [[]]


def _filters(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.segments and wanted.owners:
        yield _TABLE.segment.in_(wanted.segments)
    if wanted.min_score is not None:
        yield _TABLE.score >= wanted.min_score
    if wanted.overdue is not None:
        taken_up = sa.func.coalesce(_TABLE.p_accept, 0.0) >= 1.0  # see `models.next_step.Stage`
        late = sa.and_(
            _TABLE.outcome.is_(None), _TABLE.contacted_at.is_(None), _TABLE.due_at < sa.bindparam("now"), ~taken_up
        )
        yield late if wanted.overdue else sa.not_(sa.func.coalesce(late, sa.false()))


def _is(outcome: str | None) -> sa.ColumnElement[bool]:
    return _TABLE.outcome.is_(None) if outcome is None else _TABLE.outcome == outcome
