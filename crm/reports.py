"""What stands of what was reported of a lead, however often, in whatever order and from whomever it came.

The rules, which docs/feedback.md tells people:

1. Reports are read in the order of when things happened, not of when they were told. At one instant, as where a tool
   knows only the day, the start goes before the end: an acceptance or rejection before what came of it.
2. A report whose outcome stands already is a repeat: it is kept, and counts for nothing. The first one gives the time;
   what it left open, such as an amount that was not known yet, the repeats may tell. An acceptance told again
   after the end is a repeat too: a tool that sends late must not undo a win.
3. A report that contradicts what stands (rejected after accepted, won after lost) overrules it: the last word counts.
4. A report that names another as corrected takes its place, whatever the times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from crm.history import FINAL, Milestone

REPORTED = (Milestone.ACCEPTED, Milestone.REJECTED, Milestone.WON, Milestone.LOST, Milestone.NO_DECISION)
"""What can be reported of a lead."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report. ``id`` is a hash of what it says; ``corrects`` the id of the one it takes the place of."""

    id: str
    lead_id: str
    outcome: Milestone
    occurred_at: datetime
    received_at: datetime
    actor: str | None = None
    amount: float | None = None
    reason: str | None = None
    comment: str | None = None
    corrects: str | None = None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        """The report in a row of the ledger's ``feedback``, which has more columns."""
        told = {each.name: row[each.name] for each in fields(cls)}
        return cls(**{**told, "outcome": Milestone(row["outcome"])})


class Fate(StrEnum):
    """What became of a report."""

    COUNTS = "counts"
    REPEAT = "repeat"  # of the one that counts
    OVERRULED = "overruled"  # by a later one
    CORRECTED = "corrected"  # by one that names it


@dataclass(frozen=True)
class Standing:
    """What stands of a lead: at most one acceptance and one end.

    ``fates`` by report; ``because`` names for each that does not count the report on whose account it does not.
    """

    accepted: Report | None = None
    final: Report | None = None
    fates: Mapping[str, Fate] = field(default_factory=dict)
    because: Mapping[str, Report] = field(default_factory=dict)

    @property
    def last(self) -> Report | None:
        """The report that says how the lead stands; ``None`` where none does."""
        return self.final or self.accepted

    @property
    def outcome(self) -> str | None:
        """How the lead stands, as a milestone."""
        return None if self.last is None else str(self.last.outcome)

    @property
    def occurred_at(self) -> datetime | None:
        """When it came to stand so."""
        return None if self.last is None else self.last.occurred_at

    @property
    def milestones(self) -> tuple[Report, ...]:
        """The reports that count, in the order in which things happened."""
        return tuple(report for report in (self.accepted, self.final) if report is not None)


def standing(reports: Iterable[Report]) -> Standing:
    """What stands of the reports of one lead; the same for every order of them, and however often each is there."""
    return _Weighing(reports).standing()


def standings(reports: Iterable[Report]) -> dict[str, Standing]:
    """`standing` of each lead."""
    by_lead: defaultdict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_lead[report.lead_id].append(report)
    return {lead_id: standing(theirs) for lead_id, theirs in by_lead.items()}


class _Weighing:
    def __init__(self, reports: Iterable[Report]) -> None:
        once: dict[str, Report] = {}
        for report in reports:  # told twice: the first time it was told
            known = once.get(report.id)
            if known is None or report.received_at < known.received_at:
                once[report.id] = report
        self._reports = sorted(once.values(), key=_order)
        self._accepted: Report | None = None
        self._final: Report | None = None
        self._fates: dict[str, Fate] = {}
        self._because: dict[str, Report] = {}

    def standing(self) -> Standing:
        known = {report.id for report in self._reports}
        for report in self._reports:
            if report.corrects in known and report.corrects is not None:
                self._gone(report.corrects, Fate.CORRECTED, report)
        for report in self._reports:
            if report.id not in self._fates:
                self._fates[report.id] = Fate.COUNTS
                self._weigh(report)
        return Standing(self._accepted, self._final, self._fates, self._because)

    def _weigh(self, report: Report) -> None:
        same = self._same_as(report)
        if same is not None:
            self._gone(report.id, Fate.REPEAT, same)
            self._complete(same, report)
        elif report.outcome == Milestone.ACCEPTED:
            self._overrule(self._final, report)
            self._accepted, self._final = report, None
        elif report.outcome in FINAL:
            self._overrule(self._final, report)
            if report.outcome == Milestone.REJECTED:
                self._overrule(self._accepted, report)
                self._accepted = None
            self._final = report

    def _same_as(self, report: Report) -> Report | None:
        """The report that counts and says the same already. A win says that the lead was accepted."""
        if report.outcome == Milestone.ACCEPTED:
            won = self._final if self._final is not None and self._final.outcome == Milestone.WON else None
            return self._accepted or won
        return self._final if self._final is not None and self._final.outcome == report.outcome else None

    def _complete(self, first: Report, again: Report) -> None:
        """What the first report of an outcome left open, such as an amount that was not known yet."""
        if first.outcome != again.outcome:  # an acceptance says nothing of a win
            return
        told = {name: getattr(again, name) for name in _LEFT_OPEN if getattr(first, name) is None}
        whole = replace(first, **told)
        if self._accepted is first:
            self._accepted = whole
        else:
            self._final = whole

    def _overrule(self, old: Report | None, by: Report) -> None:
        if old is not None:
            self._gone(old.id, Fate.OVERRULED, by)

    def _gone(self, report_id: str, fate: Fate, because: Report) -> None:
        self._fates[report_id] = fate
        self._because[report_id] = because


_LEFT_OPEN = ("actor", "amount", "reason", "comment")
_STARTS = (Milestone.ACCEPTED, Milestone.REJECTED)


def _order(report: Report) -> tuple[datetime, bool, datetime, bool, str]:
    ends, rejects = report.outcome not in _STARTS, report.outcome == Milestone.REJECTED
    return report.occurred_at, ends, report.received_at, rejects, report.id
