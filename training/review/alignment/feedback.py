"""Feedback: which leads sales answered in time, and by whom the others were kept waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import Milestone
from training.pages.document import Part
from training.review.alignment.people import left_said, table
from training.review.handed import Handed
from training.review.persons import Person, compare
from training.review.shares import Share, plain
from training.review.telling import Telling


@dataclass(frozen=True, slots=True)
class Feedback:
    """Of the leads whose days to accept are over by the export: the share answered within them, and by owner.

    Leads of low grades that were not drawn by lot are left out: nobody was to work them.

    ``silent``: all not answered in time, ``never``: those of them that have no answer to this day; ``owners``: whether
    the history says to whom a lead was given. ``reasoned``: the share of rejections that give a reason.
    """

    answered: Share
    persons: list[Person]
    silent: int
    never: int
    owners: bool
    reasoned: Share


def measure(handed: Handed) -> Feedback | None:
    """``None`` where acceptance is not recorded: then a lead without a win looks unanswered."""
    if not handed.history.tracks_acceptance:
        return None
    leads = handed.leads
    by = leads["handed_off_at"] + pd.Timedelta(days=handed.definition.accept_days)
    due = (by <= handed.until).to_numpy() & ~handed.left
    answered = ((leads["accepted_at"] <= by) | (leads["outcome_at"] <= by)).to_numpy()
    every = np.ones(len(leads), dtype=bool)
    share = plain(answered, due, leads).share(every)
    silent = due & ~answered
    unheard = leads["accepted_at"].isna() & leads["outcome"].isna()
    rejected = (leads["outcome"] == Milestone.REJECTED).to_numpy()
    return Feedback(
        share,
        compare(leads["owner"], due, answered, np.full(len(leads), share.value)) if due.any() else [],
        int(silent.sum()),
        int((silent & unheard.to_numpy()).sum()),
        bool(leads["owner"].notna().any()),
        plain(leads["reason"].notna().to_numpy(), rejected, leads).share(every),
    )


def part(feedback: Feedback | None, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say = telling.say
    title = say("Feedback given and missing")
    if feedback is None:
        return Part(
            title, (say("Without recorded acceptances, leads that wait for an answer cannot be told from others."),)
        )
    tables = (table(feedback.persons, say("answered in time"), telling),) if len(feedback.persons) > 1 else ()
    return Part(title, tuple(_sentences(feedback, telling)), tables=tables, notes=_notes(feedback, telling))


def _sentences(feedback: Feedback, telling: Telling) -> Iterator[str]:
    say, count = telling.say, telling.count
    days = telling.few(telling.handed.definition.accept_days)
    if not feedback.answered.known:
        yield say("No lead has waited for the %(days)s days yet within which sales answers.", days=days)
        return
    yield say(
        "Sales answered %(share)s of the leads within %(days)s days.",
        share=telling.ranged(feedback.answered),
        days=days,
    )
    if feedback.silent:
        yield count(
            "%(n)s lead got no answer in that time.",
            "%(n)s leads got no answer in that time.",
            feedback.silent,
        )
        yield count("%(n)s of them has none to this day.", "%(n)s of them have none to this day.", feedback.never)
    if feedback.reasoned.known and feedback.reasoned.value > 0:  # that none does is told by the part on reasons
        yield say("%(share)s of the rejections give a reason.", share=telling.ranged(feedback.reasoned))
    yield from _of_persons(feedback, telling)


def _of_persons(feedback: Feedback, telling: Telling) -> Iterator[str]:
    say, persons = telling.say, feedback.persons
    if not feedback.owners:
        yield say(
            "The history does not say to whom a lead was given, only who recorded an answer: whose leads wait cannot "
            "be told. "
            "Record the owner of a lead when it is handed over."
        )
    if len(persons) == 1:
        yield say("All leads belong to one person: there is nobody to compare with.")
    silent = [str(person.name) for person in persons if person.differs < 0]
    swift = [str(person.name) for person in persons if person.differs > 0]
    if swift:
        yield say("Clearly more often than the others they answer: %(names)s.", names=telling.listed(swift))
    if silent:
        yield say("Clearly less often than the others they answer: %(names)s.", names=telling.listed(silent))
    if len(persons) > 1 and not silent and not swift:
        yield say("Between persons there is no more of a difference than chance makes.")


def _notes(feedback: Feedback, telling: Telling) -> tuple[str, ...]:
    left = tuple(left_said(telling))
    if len(feedback.persons) < 2:  # noqa: PLR2004
        return left
    return (
        *left,
        telling.say(
            "The range of chance is where 95 of 100 persons would be with so many leads, did all answer alike. Only "
            "who lies outside even among so many persons is in colour."
        ),
    )
