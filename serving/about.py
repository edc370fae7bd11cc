"""What the ledger keeps about a lead beside its score: who it is for people, and when its promise falls due.

As JSON, without what is not known: ``name`` and ``owner`` as the request has them, ``segment`` (marketing's),
``source`` where the scorer knows such a field, ``handed_off_at`` (the first hand-off in the request, by the lead's
instant), ``contacted_at`` (the first contact by our people from the hand-off on, or the acceptance) and ``due_at`` (the
grade's working hours after the hand-off, or after the score was given). Times are in UTC, as ISO 8601.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from crm.history import Milestone
from models.definition import Definition
from serving.lead import ReadLead

SOURCE = "source"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Due = Callable[[int, str], str | None]
"""When the promise of a grade falls due that was made at an instant (microseconds)."""


def about(
    definition: Definition, leads: Sequence[ReadLead], grades: Sequence[str], segments: Sequence[str | None], now: int
) -> list[str]:
    """What is kept about each of the leads, of these grades and segments, scored ``now`` (microseconds)."""
    contact = frozenset(definition.kinds.contact if definition.kinds else ())
    due = _due(definition)
    return [
        msgspec.json.encode(_about(lead, grade, segment, contact, due, now)).decode()
        for lead, grade, segment in zip(leads, grades, segments, strict=True)
    ]


def _about(
    lead: ReadLead, grade: str, segment: str | None, contact: frozenset[str], due: Due, now: int
) -> dict[str, Any]:
    record = lead.record
    steps = [at for milestone, at in record.milestones if milestone == Milestone.HANDED_OFF and at <= lead.as_of]
    handed_off = min(steps, default=None)
    since = [at for kind, at, *_ in record.activities if kind in contact and (handed_off or at) <= at <= lead.as_of]
    since += [at for step, at in record.milestones if step == Milestone.ACCEPTED and at <= lead.as_of]
    contacted = min(since, default=None) if handed_off is not None else None
    source = record.attributes.get(SOURCE)
    told = {
        "name": lead.name,
        "owner": lead.owner,
        "segment": segment,
        "source": source if isinstance(source, str) else None,
        "handed_off_at": None if handed_off is None else instant(handed_off).isoformat(),
        "contacted_at": None if contacted is None else instant(contacted).isoformat(),
        "due_at": due(now if handed_off is None else handed_off, grade),
    }
    return {key: value for key, value in told.items() if value is not None}


def instant(microseconds: int) -> datetime:
    """The time, in UTC, so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _due(definition: Definition) -> Due:
    hours = {name: grade.within_hours for name, grade in definition.grades.items()}

    @cache  # most leads of a request share their instant
    def due(at: int, grade: str) -> str | None:
        within = hours.get(grade)
        if within is None:
            return None
        try:
            return definition.calendar.due(instant(at), within).isoformat()
        except OverflowError:  # nobody works that long
            return None

    return due
