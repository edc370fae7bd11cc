"""Activity of the lead itself: counts by kind and window, recency, trend, distinct active days.

Events are sorted by lead and time once, in `Facts`. For a block of snapshots whose leads follow each other, running
counts by kind are made over the block's events; each count is then a difference of two of them.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from features.instants import DAY, Floats, Ints, age
from features.part import Fill, Placed
from features.spec import Family, Feature

Counts = NDArray[np.int32]
_FAMILIES = (Family.COUNT, Family.RECENCY, Family.TREND, Family.ACTIVE_DAYS)


class Activity:
    """Windows are ``(as_of - window, as_of]``. Active days are UTC days, the day of the snapshot the last of them.

    Trend is ``(recent - before) / (recent + before + 1)`` for the counts in a window and in the equal one before it:
    near 1 when activity sets in, near -1 when it stops, 0 when its pace holds.
    """

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed) -> None:
        self._kinds = tuple(sorted({f.activity for _, f in placed if f.activity is not None}))
        self._rows = {kind: i for i, kind in enumerate(self._kinds)}
        self._any = len(self._kinds)
        self._days = self._any + 1
        windows = {int(f.window_days * DAY) for _, f in placed if f.window_days and f.family != Family.ACTIVE_DAYS}
        doubled = {2 * int(f.window_days * DAY) for _, f in placed if f.window_days and f.family == Family.TREND}
        whole = {round(f.window_days) for _, f in placed if f.window_days and f.family == Family.ACTIVE_DAYS}
        back = [0, *sorted(windows | doubled)]
        days = sorted(whole)
        self._back = np.array(back, np.int64)
        self._whole_days = np.array([(d - 1) * DAY for d in days], np.int64)
        self._since = {(False, b): i for i, b in enumerate(back)}
        self._since |= {(True, d): len(back) + i for i, d in enumerate(days)}
        self._counts = self._columns(placed, Family.COUNT, Family.ACTIVE_DAYS)
        self._trends = self._columns(placed, Family.TREND)
        self._before = np.array([self._window(f, 2) for _, f in placed if f.family == Family.TREND], np.int64)
        self._recencies = self._columns(placed, Family.RECENCY)
        self._needs_days = bool(days)

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family in _FAMILIES]
        return cls(mine) if mine else None

    def _columns(self, placed: Placed, *families: Family) -> tuple[Ints, Ints, Ints]:
        """Out column, row of the running counts and window of each feature of these families."""
        mine = [(i, self._row(f), self._window(f)) for i, f in placed if f.family in families]
        out, row, since = zip(*mine, strict=True) if mine else ((), (), ())
        return np.array(out, np.int64), np.array(row, np.int64), np.array(since, np.int64)

    def _row(self, feature: Feature) -> int:
        if feature.family == Family.ACTIVE_DAYS:
            return self._days
        return self._any if feature.activity is None else self._rows[feature.activity]

    def _window(self, feature: Feature, times: int = 1) -> int:
        if feature.window_days is None:
            return 0
        if feature.family == Family.ACTIVE_DAYS:
            return self._since[True, round(feature.window_days)]
        return self._since[False, times * int(feature.window_days * DAY)]

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        code = {kind: i for i, kind in enumerate(facts.kinds)}
        wanted = np.array([code.get(kind, -1) for kind in self._kinds], np.int32)
        return partial(self._fill, facts, wanted)

    def _fill(self, facts: Facts, wanted: NDArray[np.int32], lead: Ints, as_of: Ints, out: Floats) -> None:
        timeline = facts.activities
        begin, end = int(timeline.first[lead[0]]), int(timeline.first[lead[-1] + 1])
        hits = self._hits(facts, wanted, begin, end)
        running = np.zeros((len(hits), end - begin + 1), np.int32)
        np.cumsum(hits, axis=1, dtype=np.int32, out=running[:, 1:])
        count = running.take(timeline.position(lead, self._instants(as_of)) - begin, axis=1)
        columns, row, since = self._counts
        if len(columns):
            out[:, columns] = (count[row, :, 0] - count[row, :, since]).T
        columns, row, since = self._trends
        if len(columns):
            middle = count[row, :, since]
            recent = count[row, :, 0] - middle
            before = middle - count[row, :, self._before]
            out[:, columns] = ((recent - before) / (recent + before + 1)).T
        columns, row, _ = self._recencies
        if len(columns):
            last = self._last(timeline.at[begin:end], hits, running, count[row, :, 0], row)
            known = count[row, :, 0] > running[row[:, None], timeline.first[lead] - begin]
            days = age(last, as_of)
            days[~known] = np.nan
            out[:, columns] = days.T

    def _instants(self, as_of: Ints) -> Ints:
        """The ends and beginnings of all windows: int64[n, m]. An event at one of them comes before it."""
        instants: Ints = as_of[:, None] - self._back
        if not self._needs_days:
            return instants
        midnight = as_of - as_of % DAY - 1
        return np.concatenate((instants, midnight[:, None] - self._whole_days), axis=1)

    def _hits(self, facts: Facts, wanted: NDArray[np.int32], begin: int, end: int) -> NDArray[np.bool_]:
        """Which events are of which kind, of any kind, and the first of their lead's day: bool[kinds + 2, events]."""
        hits = np.ones((len(wanted) + 1 + self._needs_days, end - begin), np.bool_)
        np.equal(facts.kind[begin:end], wanted[:, None], out=hits[: self._any])
        if self._needs_days:
            day = facts.activities.at[begin:end] // DAY
            np.not_equal(day[1:], day[:-1], out=hits[self._days, 1:])
            first = facts.activities.first
            low, high = np.searchsorted(first, begin), np.searchsorted(first, end)
            hits[self._days, first[low:high] - begin] = True
        return hits

    def _last(self, at: Ints, hits: NDArray[np.bool_], running: Counts, count: Counts, row: Ints) -> Ints:
        """When the ``count``-th event of each row was; meaningless where that is none."""
        if not len(at):
            return np.zeros(count.shape, np.int64)
        place = np.flatnonzero(hits)
        before = np.cumsum(running[:, -1], dtype=np.int64) - running[:, -1]
        event = place.take(before[row, None] + count - 1, mode="clip") - row[:, None] * len(at)
        return at.take(event, mode="clip")
