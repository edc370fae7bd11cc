"""What was reported to the ledger, put into a history as exported from the CRM, without counting anything twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from crm.history import FINAL, MILESTONE_COLUMNS, History, Milestone
from crm.reports import Report, standings
from crm.values import among

_Row = dict[str, Any]
_FILLED = ("reason", "amount", "actor")


@dataclass(frozen=True, slots=True)
class Told:
    """How many reports or milestones were what.

    ``reports`` came in all; of them ``of_unknown_leads`` are of leads that the export does not have and ``later`` tell
    of what happened after it: both are left out. ``overtaken`` do not count, being repeats, overruled or corrected.
    Of the milestones that stand, ``only_reported`` were not in the export, ``in_both`` were; of leads where the two
    contradict each other, ``by_report`` and ``by_export`` say whose word was the last.
    """

    reports: int = 0
    of_unknown_leads: int = 0
    later: int = 0
    overtaken: int = 0
    only_reported: int = 0
    in_both: int = 0
    by_report: int = 0
    by_export: int = 0


def put_in(history: History, reports: Sequence[Report]) -> tuple[History, Told]:
    """The history with what stands of the reports, and how many there were of what.

    A milestone that both know is there once: at the earlier of its times, with the export's reason, amount and actor,
    or the report's where the export has none. Where the two contradict each other on how a lead stands, the last word
    counts, and milestones of the other that contradict it go. In a history without times they cannot be told apart by
    time: the export's word counts. Without reports the history is given back as it is.
    """
    if not reports:
        return history, Told()
    known = set(history.leads["lead_id"])
    of_known = [report for report in reports if report.lead_id in known]
    until = history.exported_at.to_pydatetime()
    in_time = [report for report in of_known if report.occurred_at <= until]
    corrected = {(report.lead_id, report.corrects) for report in of_known}  # what later was told to be wrong is wrong
    standing = standings(report for report in in_time if (report.lead_id, report.id) not in corrected)
    told = [milestone for lead in standing.values() for milestone in lead.milestones]
    merge = _Merge(history, told)
    milestones = merge.milestones()
    counts = Told(
        reports=len(reports),
        of_unknown_leads=len(reports) - len(of_known),
        later=len(of_known) - len(in_time),
        overtaken=len(in_time) - len(told),
        only_reported=merge.only_reported,
        in_both=merge.in_both,
        by_report=merge.by_report,
        by_export=merge.by_export,
    )
    return replace(history, milestones=milestones), counts


class _Merge:
    """The export's milestones of the leads with reports, lead by lead, and all others untouched."""

    def __init__(self, history: History, told: Iterable[Report]) -> None:
        undated = bool(len(history.milestones)) and not history.milestones["reached_at"].notna().any()
        self._timed = bool(history.leads["created_at"].notna().any()) and not undated
        self._table = history.milestones
        self._told: dict[str, list[Report]] = {}
        for report in told:
            self._told.setdefault(report.lead_id, []).append(report)
        self.only_reported = self.in_both = self.by_report = self.by_export = 0

    def milestones(self) -> pd.DataFrame:
        mine = among(self._table["lead_id"], pd.Series(list(self._told), dtype="str")).to_numpy()
        exported: dict[str, list[_Row]] = {}
        for row in self._table[mine].to_dict("records"):
            exported.setdefault(str(row["lead_id"]), []).append({str(name): value for name, value in row.items()})
        rows = [row for lead, told in self._told.items() for row in self._lead(exported.get(lead, []), told)]
        changed = pd.DataFrame(rows, columns=list(MILESTONE_COLUMNS))
        changed = changed.assign(reached_at=pd.to_datetime(changed["reached_at"], utc=True)).astype(MILESTONE_COLUMNS)
        return pd.concat([self._table[~mine], changed], ignore_index=True)

    def _lead(self, exported: list[_Row], told: list[Report]) -> Iterator[_Row]:
        exported, told = self._reconciled(exported, told)
        ours = {str(report.outcome): report for report in told}
        for row in sorted(exported, key=_when):
            report = ours.pop(str(row["milestone"]), None)  # an export that repeats a milestone is left as it is
            self.in_both += report is not None
            yield row if report is None else self._both(row, report)
        self.only_reported += len(ours)
        yield from map(self._row, ours.values())

    def _reconciled(self, exported: list[_Row], told: list[Report]) -> tuple[list[_Row], list[Report]]:
        """Both without what the last word contradicts."""
        theirs, ours = _last([row for row in exported if row["milestone"] in _DECIDING]), told[-1]
        if theirs is None or not _contradict(str(theirs["milestone"]), str(ours.outcome)):
            return exported, told
        at = theirs["reached_at"]
        if self._timed and not pd.isna(at) and pd.Timestamp(ours.occurred_at) > at:
            self.by_report += 1
            return [row for row in exported if not _contradict(str(row["milestone"]), str(ours.outcome))], told
        self.by_export += 1
        return exported, [report for report in told if not _contradict(str(report.outcome), str(theirs["milestone"]))]

    def _row(self, report: Report) -> _Row:
        return {
            "lead_id": report.lead_id,
            "reached_at": pd.Timestamp(report.occurred_at).as_unit("us") if self._timed else pd.NaT,
            "milestone": str(report.outcome),
            "reason": report.reason,
            "amount": report.amount,
            "actor": report.actor,
        }

    def _both(self, row: _Row, report: Report) -> _Row:
        ours = self._row(report)
        filled = {name: ours[name] if pd.isna(row[name]) else row[name] for name in _FILLED}
        return {**row, **filled, "reached_at": min(row, ours, key=_when)["reached_at"]}


_ENDS = frozenset(str(milestone) for milestone in FINAL)
_DECIDING = _ENDS | {str(Milestone.ACCEPTED)}


def _contradict(one: str, other: str) -> bool:
    """Whether a lead cannot have reached both: two ends, or a rejection and an acceptance."""
    both = {one, other}
    return len(both) > 1 and both <= _DECIDING and (Milestone.REJECTED in both or Milestone.ACCEPTED not in both)


def _last(rows: list[_Row]) -> _Row | None:
    return max(rows, key=lambda row: (_when(row), row["milestone"] in _ENDS), default=None)


def _when(row: _Row) -> pd.Timestamp:
    at = row["reached_at"]
    return at if isinstance(at, pd.Timestamp) else pd.Timestamp.max.tz_localize("UTC")
