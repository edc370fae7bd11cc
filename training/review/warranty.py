"""Each grade's promise against what happened since it was measured: states, evidence and running figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import gamma

from features.instants import DAY, micros_of
from models.definition import Definition
from models.sheet import Kept, Promise, Range, Sheet
from training.audit.statistics import wilson
from training.review.answers import clump, judged, stretches, weeks
from training.review.handed import Handed
from training.review.wagers import (
    ALPHA,
    Bets,
    Counts,
    Floats,
    Ints,
    Shares,
    Side,
    Stretch,
    needed,
    running,
    starts,
    wealth,
)
from training.snapshots import take

ONCE = 0.9
"""How often the range of a single look holds the truth: as often as a promise should hold."""


FEWEST_WEEKS = 4
"""Weeks before a volume is called kept."""


class State(StrEnum):
    """How a promise stands."""

    KEPT = "kept"
    YOUNG = "young"  # so little is known that not even the worst would have raised the alarm
    BROKEN = "broken"


@dataclass(frozen=True)
class Line:
    """How a promise fared over time: at each instant, [n] each, the figure so far, its range, the log of evidence."""

    at: Ints
    figure: Floats
    low: Floats
    high: Floats
    evidence_at: Ints
    evidence: Floats


@dataclass(frozen=True, slots=True)
class Warranty:
    """One promise of one grade.

    ``side`` and ``since`` say how and when it broke. ``evidence`` and ``threshold`` are factors: an alarm is raised
    when the first reaches the second. ``says`` have been counted, ``needed`` are those that a verdict takes at least.
    ``now`` is the figure of all judged ``leads`` (weeks, for volumes) with a range of 90 % for a single look at it:
    ``inside`` compares that alone.
    """

    grade: str
    what: Kept
    promised: Range
    state: State
    side: Side | None
    since: pd.Timestamp | None
    evidence: float
    threshold: float
    says: int
    needed: int
    leads: int
    now: Range | None
    line: Line | None = field(repr=False, compare=False)

    @property
    def inside(self) -> bool | None:
        """Whether the figure lies in the promised range today; ``None`` where nothing is judged."""
        return None if self.now is None else self.promised.holds(self.now.value)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the line."""
        return {
            "grade": self.grade,
            "what": self.what,
            "promised": _ends(self.promised),
            "state": str(self.state),
            "side": self.side,
            "since": None if self.since is None else self.since.isoformat(),
            "evidence": self.evidence,
            "threshold": self.threshold,
            "answers": self.says,
            "answers_needed": self.needed,
            "leads": self.leads,
            "now": None if self.now is None else _ends(self.now),
        }


@dataclass(frozen=True)
class Warranties:
    """All promises of a sheet, in its order, tested on the ``leads`` handed over after ``since``.

    ``others`` of them were graded by another definition, whose grades promise something else: they test nothing.
    """

    sheet: Sheet
    since: pd.Timestamp
    until: pd.Timestamp
    leads: int
    every: tuple[Warranty, ...]
    others: int = 0

    @property
    def broken(self) -> tuple[Warranty, ...]:
        """Those that are broken."""
        return tuple(each for each in self.every if each.state == State.BROKEN)

    def of(self, grade: str) -> tuple[Warranty, ...]:
        """Those of one grade."""
        return tuple(each for each in self.every if each.grade == grade)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there is to test one promise on."""

    what: Kept
    bets: Bets
    stretches: list[Stretch]
    leads: int
    now: Range | None


def examine(handed: Handed, sheet: Sheet, *, lines: bool = True) -> Warranties:
    """Puts every promise of a sheet to the test, on leads handed over after it was measured."""
    since = max(pd.Timestamp(sheet.measured.exported_at), handed.since)
    leads = handed.leads[(handed.leads["handed_off_at"] > since).to_numpy()]
    other = (leads["definition"].notna() & (leads["definition"] != sheet.definition.version)).to_numpy()
    leads = leads.assign(grade=leads["grade"].mask(other))
    found = hold(leads, before(handed, since), sheet, since, handed.until, lines=lines)
    return replace(found, others=int(other.sum()))


def of_the_past(handed: Handed, one: Warranty, definition: Definition) -> Range | None:
    """What a promised share would have been held against among all leads of a report, with a range of 90 %.

    Leads that the sheet was measured on test nothing; this is for looking at them beside it.
    """
    mine = handed.leads[(handed.leads["grade"] == one.grade).to_numpy()]
    days = definition.accept_days if one.what == "accept" else definition.close_days
    return _share(judged(mine, one.what, days, handed.until))


def before(handed: Handed, since: pd.Timestamp) -> pd.DataFrame:
    """When which account's leads were handed over up to ``since``: columns ``lead_id, account_id, handed_off_at``."""
    rows = take(handed.history, (0,))
    rows = rows[(rows["as_of"] <= since).to_numpy()].rename(columns={"as_of": "handed_off_at"})
    account = handed.history.leads.set_index("lead_id")["account_id"].reindex(rows["lead_id"].to_numpy())
    return rows.assign(account_id=account.to_numpy())


def hold(
    leads: pd.DataFrame,
    earlier: pd.DataFrame,
    sheet: Sheet,
    since: pd.Timestamp,
    until: pd.Timestamp,
    *,
    lines: bool = True,
) -> Warranties:
    """Puts every promise to the test on ``leads`` (as `Handed.leads`), all handed over after ``since``.

    ``earlier``: see `before`; how restless volumes are is learned from them. ``lines`` are left out on request: they
    take most of the time.
    """
    begins = starts(micros_of(since), micros_of(until), DAY)
    family = sum(len(promise.ranges()) for promise in sheet.promises)
    volumes = sum(promise.per_week.value for promise in sheet.promises)
    found = []
    for promise in sheet.promises:
        share = promise.per_week.value / volumes if volumes else 0.0
        counts = Counts(clump(earlier, share, since))
        every = _seen(leads, promise, sheet, begins, until, counts)
        found += [_warranty(promise, seen, family / ALPHA, lines=lines) for seen in every]
    return Warranties(sheet, since, until, len(leads), tuple(found))


def _seen(
    leads: pd.DataFrame, promise: Promise, sheet: Sheet, begins: Ints, until: pd.Timestamp, counts: Counts
) -> Iterator[_Seen]:
    mine = leads[(leads["grade"] == promise.grade).to_numpy()]
    end = micros_of(until)
    for what in promise.ranges():
        if what == "per_week":
            seen = weeks(mine, leads, begins, end)
            yield _Seen(what, counts, seen, len(mine), _per_week(seen[0], counts))
            continue
        days = sheet.definition.accept_days if what == "accept" else sheet.definition.close_days
        rows = judged(mine, what, days, until)
        yield _Seen(what, Shares(), stretches(rows, begins, days, end), len(rows), _share(rows))


def _warranty(promise: Promise, seen: _Seen, threshold: float, *, lines: bool) -> Warranty:
    promised = promise.ranges()[seen.what]
    found = wealth(seen.stretches, promised.low, promised.high, seen.bets)
    crossed = found.crossed(float(np.log(threshold)))
    fewest = FEWEST_WEEKS if seen.what == "per_week" else 1
    least = max(needed(promised.low, promised.high, seen.bets, float(np.log(threshold))), fewest)
    first = seen.stretches[0]
    state = State.BROKEN if crossed else State.KEPT if len(first.value) >= least else State.YOUNG
    return Warranty(
        grade=promise.grade,
        what=seen.what,
        promised=promised,
        state=state,
        side=crossed[1] if crossed else None,
        since=pd.Timestamp(crossed[0], unit="us", tz="UTC") if crossed else None,
        evidence=found.factor,
        threshold=threshold,
        says=len(first.value),
        needed=least,
        leads=seen.leads,
        now=seen.now,
        line=Line(first.at, *running(first, seen.bets), found.at, found.log) if lines and len(first.at) else None,
    )


def _share(rows: pd.DataFrame) -> Range | None:
    """The share of all judged leads, as if it were looked at only once: Wilson's interval, accounts as clusters."""
    if rows.empty:
        return None
    y, account = rows["y"].to_numpy(), np.unique(rows["account"], return_inverse=True)[1]
    share, n = float(y.mean()), len(y)
    variance = float((np.bincount(account, weights=y - share) ** 2).sum()) / n**2
    worth = min(share * (1 - share) / variance, n) if variance > 0 else float(account.max() + 1)
    return Range(share, *wilson(share * worth, worth, 1 - ONCE))


def _per_week(seen: Stretch, counts: Counts) -> Range | None:
    """Leads a week so far, as if it were looked at only once."""
    n = len(seen.value)
    if not n:
        return None
    groups = float(seen.value.sum()) / counts.clump
    tail = (1 - ONCE) / 2
    low, high = (float(gamma(groups + 0.5).ppf(at)) * counts.clump / n for at in (tail, 1 - tail))
    value = float(seen.value.mean())
    return Range(value, min(low, value), max(high, value))


def _ends(found: Range) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}
