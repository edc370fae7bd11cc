"""Time to first contact, in working hours from the hand-off, against the promise of the grade."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import Milestone
from features.instants import micros
from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.alignment.people import left_said
from training.review.alignment.people import table as people_table
from training.review.handed import Handed
from training.review.persons import Person, compare
from training.review.shares import Answers, Share, plain
from training.review.telling import DAY, Telling

HARDLY = 0.005
"""A share that reads as nothing."""


@dataclass(frozen=True, slots=True)
class Promised:
    """Of one grade: ``hours`` promised (NaN: none), the share contacted ``in_time`` of the leads whose time is up.

    ``median``: working hours until half of the leads are contacted, NaN where half never are; ``never``: the share not
    contacted by the export: both of leads whose days to accept are over, and that were to be worked.
    """

    grade: str
    hours: float
    leads: int
    in_time: Share
    median: float
    never: Share


@dataclass(frozen=True, slots=True)
class Contact:
    """First contacts by grade and by person; ``unheard``: rejected without any contact that the history tells of."""

    grades: list[Promised]
    persons: list[Person]
    in_time: Share
    median: float
    never: Share
    rejected: int
    unheard: int


def measure(handed: Handed) -> Contact | None:
    """``None`` where the definition does not say which activities are contact, or the history has none of them.

    Whether a lead counts depends on its age alone: were young leads counted once they are contacted, those still
    waiting would be missing, and everybody would seem to be fast.
    """
    leads = handed.leads
    if handed.definition.kinds is None or not leads["contacted_at"].notna().any():
        return None
    contacted = leads["contacted_at"].notna().to_numpy()
    age = _hours(handed, pd.Series([handed.until] * len(leads)))
    hours = _hours(handed, leads["contacted_at"].where(contacted, handed.until))
    promised = leads["grade"].map(_promises(handed)).to_numpy(dtype="float64")
    due = np.isfinite(promised) & (age >= promised)
    kept = plain(contacted & (hours <= promised), due, leads)
    over = leads["handed_off_at"] + handed.definition.accept_days * DAY <= handed.until
    ripe = over.to_numpy() & ~handed.left
    never = plain(~contacted, ripe, leads)
    waited = np.where(contacted, hours, np.inf)
    grades = [
        _grade(grade, (leads["grade"] == grade).to_numpy(), kept, never, waited, promised)
        for grade in handed.definition.grades
    ]
    grades = [grade for grade in grades if grade.leads]
    shares = {grade.grade: grade.in_time.value for grade in grades}
    chance = np.nan_to_num(leads["grade"].map(shares).to_numpy(dtype="float64"))
    every = np.ones(len(leads), dtype=bool)
    rejected = (leads["outcome"] == Milestone.REJECTED).to_numpy()
    unheard = rejected & ~(contacted & (leads["contacted_at"] <= leads["outcome_at"]).to_numpy())
    return Contact(
        grades,
        compare(leads["owner"], due, kept.y == 1, chance),
        kept.share(every),
        _median(waited[ripe]),
        never.share(every),
        int(rejected.sum()),
        int(unheard.sum()),
    )


def _promises(handed: Handed) -> Mapping[str, float]:
    return {name: grade.within_hours or math.nan for name, grade in handed.definition.grades.items()}


def _hours(handed: Handed, until: pd.Series) -> np.ndarray:
    return handed.definition.calendar.elapsed(micros(handed.leads["handed_off_at"]), micros(until))


def _grade(
    grade: str, mine: np.ndarray, kept: Answers, never: Answers, waited: np.ndarray, promised: np.ndarray
) -> Promised:
    hours = float(promised[mine][0]) if mine.any() else math.nan
    ripe = mine & (never.weight > 0)
    return Promised(grade, hours, int(mine.sum()), kept.share(mine), _median(waited[ripe]), never.share(mine))


def _median(waited: np.ndarray) -> float:
    half = float(np.median(waited)) if len(waited) else math.nan
    return half if math.isfinite(half) else math.nan


def part(contact: Contact | None, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say = telling.say
    title = say("Time to first contact")
    if contact is None:
        return Part(
            title,
            (
                say(
                    "Which activities are first contacts is not known. List them in the definition, as kinds: contact: "
                    "[call, meeting], and record them with their time: then the promise of each grade is checked here."
                ),
            ),
        )
    tables = [_table(contact, telling)]
    tables += [people_table(contact.persons, say("contacted in time"), telling)] if len(contact.persons) > 1 else []
    late = contact.in_time.known and contact.in_time.high < 0.5  # noqa: PLR2004
    return Part(
        title, tuple(_sentences(contact, telling)), tables=tuple(tables), notes=_notes(contact, telling), alarm=late
    )


def _sentences(contact: Contact, telling: Telling) -> Iterator[str]:
    say = telling.say
    if contact.in_time.known:
        yield say(
            "%(share)s of the leads with a promise were contacted within its time.",
            share=telling.ranged(contact.in_time),
        )
        for grade in contact.grades:
            if grade.in_time.known and math.isfinite(grade.median):
                yield say(
                    "Grade %(grade)s: promised within %(hours)s working hours, kept for %(share)s; half of the leads "
                    "are "
                    "contacted within %(median)s.",
                    grade=grade.grade,
                    hours=telling.few(grade.hours),
                    share=telling.ranged(grade.in_time),
                    median=_time(grade.median, telling),
                )
    else:
        yield say(
            "No grade promises a time to first contact, or no lead has a grade: write within_hours into the grades."
        )
        if math.isfinite(contact.median):
            yield say("Half of the leads are contacted within %(median)s.", median=_time(contact.median, telling))
    if contact.never.known and contact.never.value >= HARDLY:
        yield say("%(share)s were never contacted.", share=telling.ranged(contact.never))
    if contact.unheard:
        n, of = telling.speaker.number(contact.unheard), telling.speaker.number(contact.rejected)
        yield say("Leads rejected without a contact that the history tells of: %(n)s of %(of)s.", n=n, of=of)
    yield from _apart(contact, telling)


_IN_MINUTES = 3


def _time(hours: float, telling: Telling) -> str:
    """Rounded up: it says within which time."""
    if hours < _IN_MINUTES:
        return telling.count("%(n)s working minute", "%(n)s working minutes", max(1, math.ceil(60 * hours)))
    return telling.count("%(n)s working hour", "%(n)s working hours", math.ceil(hours))


def _apart(contact: Contact, telling: Telling) -> Iterator[str]:
    slow = [str(person.name) for person in contact.persons if person.differs < 0]
    fast = [str(person.name) for person in contact.persons if person.differs > 0]
    if fast:
        yield telling.say("Clearly more often in time than the others: %(names)s.", names=telling.listed(fast))
    if slow:
        yield telling.say("Clearly less often in time than the others: %(names)s.", names=telling.listed(slow))
    if len(contact.persons) > 1 and not slow and not fast:
        yield telling.say("Between persons there is no more of a difference than chance makes.")


def _table(contact: Contact, telling: Telling) -> Table:
    say, rows = telling.say, []
    for grade in contact.grades:
        cells = (
            telling.number(grade.leads),
            Cell(telling.few(grade.hours)),
            telling.share(grade.in_time),
            telling.number(grade.median, 1),
            telling.share(grade.never),
        )
        rows.append(Row(telling.grade(grade.grade), cells))
    if not rows:
        every = (
            Cell(telling.speaker.number(contact.never.leads)),
            telling.number(math.nan),
            telling.share(contact.in_time),
        )
        rows = [Row(say("Every lead"), (*every, telling.number(contact.median, 1), telling.share(contact.never)))]
    heads = (say("leads"), say("promised, hours"), say("in time"), say("half within, hours"), say("never contacted"))
    return Table(heads, tuple(rows))


def _notes(contact: Contact, telling: Telling) -> tuple[str, ...]:
    hours = telling.handed.definition.calendar
    note = telling.say(
        "Hours are working hours from the hand-off, from %(start)s to %(end)s (%(zone)s). Leads whose time is not "
        "yet up "
        "are left out.",
        start=hours.start.strftime("%H:%M"),
        end=hours.end.strftime("%H:%M"),
        zone=hours.zone,
    )
    fair = telling.say(
        "What is expected of a person is what all achieve with leads of the same grades. Who has which leads is not "
        "drawn "
        "by lot: ask before you judge."
    )
    return (note, *left_said(telling), *((fair,) if len(contact.persons) > 1 else ()))
