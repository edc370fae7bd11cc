"""The as-of dates of the backtest, chosen so that each has enough outcomes before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.labels import HeadName

HORIZONS = (1.0, 0.75, 0.5, 0.25, 0.1)
"""How much of the close horizon is left before the first and after the last date, best first."""

FEWEST = 3
"""Dates below which a shorter wait is preferred to fewer dates."""

BEFORE = 0.2
"""Share of all outcomes that should be known on the first date."""

AFTER = 3
"""Leads that said yes, and no, among those scored after each date."""


@dataclass(frozen=True, slots=True)
class _Leads:
    """One head's leads at their first snapshot, in days since the first of all: taken, settled, and the answer."""

    taken: NDArray[np.float64]
    settled: NDArray[np.float64]  # inf where it is not
    yes: NDArray[np.bool_]

    def counts(self, start: float, end: float) -> tuple[int, int]:
        """Leads taken in ``(start, end]`` that said yes, and no."""
        mine = (self.taken > start) & (self.taken <= end) & np.isfinite(self.settled)
        return int((mine & self.yes).sum()), int((mine & ~self.yes).sum())

    def known_from(self, yes: int, no: int) -> float:
        """The day on which so many had said yes, and no; inf if that never came."""
        days = []
        for wanted, of in ((yes, self.yes), (no, ~self.yes)):
            settled = np.sort(self.settled[of & np.isfinite(self.settled)])
            days.append(settled[wanted - 1] if len(settled) >= wanted else np.inf)
        return float(max(days))


def choose_dates(
    snapshots: pd.DataFrame,
    labels: Mapping[HeadName, pd.DataFrame],
    exported_at: pd.Timestamp,
    *,
    horizon_days: float,
    most: int,
    least_outcomes: int,
) -> tuple[pd.Timestamp, ...]:
    """As-of dates at midnight UTC, oldest first, and after them the instant up to which snapshots are scored.

    Preferred are ``most`` dates with a whole horizon before the first (so that failures are known, not only quick
    successes) and after the last (so that its forward outcomes are settled); shorter waits come before fewer than
    `FEWEST` dates. Between them are equally many snapshots. Empty when not even one date has enough outcomes.
    """
    if snapshots.empty:
        return ()
    begin = snapshots["as_of"].min().normalize()
    export = _days(exported_at, begin)
    taken = ((snapshots["as_of"] - begin) / pd.Timedelta(days=1)).to_numpy()
    heads = [_leads(snapshots, labels[head], taken) for head in labels]
    for count in _counts(most):
        for wait in HORIZONS:
            edges = _edges(taken, heads, export, wait * horizon_days, count, least_outcomes)
            if edges is not None:
                return tuple(begin + pd.Timedelta(days=int(day)) for day in edges)
    return ()


def _counts(most: int) -> Iterator[range]:
    yield range(most, min(FEWEST, most) - 1, -1)
    yield range(min(FEWEST, most) - 1, 0, -1)


def _edges(
    taken: NDArray[np.float64], heads: list[_Leads], export: float, wait: float, counts: range, least: int
) -> NDArray[np.float64] | None:
    last = min(np.floor(export - wait), np.ceil(taken.max()))
    first = max(np.ceil(wait), *(_ready(head, least) for head in heads))
    if not first < last:
        return None
    between = taken[(taken > first) & (taken <= last)]
    for count in counts:
        if len(between) < count:
            continue
        edges = np.ceil(np.quantile(between, np.linspace(0, 1, count + 1)))
        edges[0], edges[-1] = first, last
        enough = all(min(head.counts(a, b)) >= AFTER for head in heads for a, b in pairwise(edges))
        if (np.diff(edges) > 0).all() and enough:
            return np.asarray(edges)
    return None


def _ready(head: _Leads, least: int) -> float:
    yes, no = head.counts(-np.inf, np.inf)
    return float(np.ceil(head.known_from(max(least // 2, round(BEFORE * yes)), max(least // 2, round(BEFORE * no)))))


def _leads(snapshots: pd.DataFrame, labels: pd.DataFrame, taken: NDArray[np.float64]) -> _Leads:
    asked = labels["asked"].to_numpy()
    first = asked & ~snapshots["lead_id"].where(asked).duplicated().to_numpy()
    settled = taken + np.where(labels["settled"], labels["duration"], np.inf)
    return _Leads(taken[first], settled[first], (labels["y"] == 1).to_numpy()[first])


def _days(at: pd.Timestamp, begin: pd.Timestamp) -> float:
    return float((at - begin) / pd.Timedelta(days=1))
