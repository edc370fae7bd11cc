"""Point-in-time rates: how leads with the same source, owner or other category had fared by the day before.

A rate is ``(positive + strength * overall) / (decided + strength)``: a value with few decisions stays near the overall
rate (an empirical-Bayes estimate with a fixed prior strength; Micci-Barreca 2001), which is itself as of then. The
lead's own decision never counts: it is taken off where the table holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from features.attributes import HandoffMask
from features.facts import Facts
from features.instants import DAY, END, Floats, Ints
from features.part import Fill, Placed
from features.rewind import Codes
from features.spec import Family, RateTable
from features.timeline import Timeline

ACCEPT, CLOSE = "accept", "close"


def decisions(facts: Facts, outcome: str) -> tuple[Ints, NDArray[np.bool_]]:
    """When each lead was decided in the sense of an outcome (`END`: not yet), and whether well."""
    return (facts.accept_decided, facts.accepted) if outcome == ACCEPT else (facts.decided, facts.won)


def learn(facts: Facts, field: str, outcome: str, until: int, strength: float, most: int) -> RateTable:
    """The rate table of a category from the leads decided up to ``until``, for its ``most`` frequent values.

    A lead counts for the value it had when it was decided.
    """
    at, well = decisions(facts, outcome)
    rows = np.flatnonzero(at <= min(until, END - 1))
    code = Codes(facts, [field]).at(rows, at[rows])[:, 0].astype(np.int64)
    words = facts.words[facts.word_names.index(field)]
    frequent = np.bincount(code, minlength=len(words) + 1)[1:]
    levels = sorted((i for i in range(len(words)) if frequent[i]), key=lambda i: (-frequent[i], words[i]))[:most]
    group = np.full(len(words) + 1, -1)
    group[[i + 1 for i in levels]] = range(len(levels))
    day, y = at[rows] // DAY, well[rows].astype(np.int64)
    known = group[code] >= 0
    owner = np.concatenate((group[code][known], np.full(len(rows), len(levels))))
    steps = _steps(owner, np.concatenate((day[known], day)), np.concatenate((y[known], y)), len(levels) + 1)
    first, days, decided, positive = (tuple(column.tolist()) for column in steps)
    values = tuple(words[i] for i in levels)
    return RateTable(field, outcome, until, values, first, days, decided, positive, float(strength))


def _steps(owner: Ints, day: Ints, y: Ints, owners: int) -> tuple[Ints, Ints, Ints, Ints]:
    """First entry of each owner, then day, decided and positive so far of each entry."""
    order = np.lexsort((day, owner))
    owner, day, y = owner[order], day[order], y[order]
    last = np.ones(len(owner), np.bool_)
    last[:-1] = (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])
    begin = np.searchsorted(owner, np.arange(owners + 1))
    positive = np.concatenate(([0], np.cumsum(y)))
    here = np.flatnonzero(last)
    decided_so_far = here + 1 - begin[owner[here]]
    positive_so_far = positive[here + 1] - positive[begin[owner[here]]]
    return np.searchsorted(here, begin), day[here], decided_so_far, positive_so_far


class Rates:
    """All rate features of a catalog; their tables lie one behind the other in one timeline of days."""

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed, tables: Sequence[RateTable]) -> None:
        by_key = {(table.field, table.outcome): table for table in tables}
        self._tables = [by_key[str(f.field), str(f.measure)] for _, f in placed]
        self._out = np.array([i for i, _ in placed])
        self._names = [table.field for table in self._tables]
        self._accept = np.array([table.outcome == ACCEPT for table in self._tables])
        self._until = np.array([table.until for table in self._tables], np.int64)
        self._strength = np.array([table.strength for table in self._tables])
        self._mask = HandoffMask(placed)
        sizes = [len(table.first) - 1 for table in self._tables]
        self._begin = np.cumsum([0, *sizes[:-1]])
        self._overall = self._begin + np.array(sizes) - 1
        entries = np.cumsum([0, *(len(table.day) for table in self._tables)])
        first = [np.array(t.first[:-1], np.int64) + entry for t, entry in zip(self._tables, entries, strict=False)]
        self._days = Timeline(np.concatenate([*first, entries[-1:]]), _joined([t.day for t in self._tables]))
        self._decided = _joined([t.decided for t in self._tables])
        self._positive = _joined([t.positive for t in self._tables])
        self._end = int(self._days.at.max(initial=0))

    @classmethod
    def of(cls, placed: Placed, tables: Sequence[RateTable]) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family == Family.RATE]
        return cls(mine, tables) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        words = dict(zip(facts.word_names, facts.words, strict=True))
        owner: list[int] = []
        begins: list[int] = []
        for table, begin in zip(self._tables, self._begin.tolist(), strict=True):
            place = {level: begin + i for i, level in enumerate(table.levels)}
            begins.append(len(owner))
            owner.append(-2)  # missing
            owner.extend(place.get(word, -1) for word in words.get(table.field, ()))
        codes = Codes(facts, self._names)
        return partial(self._fill, facts, codes, np.array(begins), np.array(owner, np.int64))

    def _fill(
        self, facts: Facts, codes: Codes, begins: Ints, owners: Ints, lead: Ints, as_of: Ints, out: Floats
    ) -> None:
        code = codes.at(lead, as_of)
        owner = owners.take(code + begins)
        before = (as_of // DAY - 1)[:, None]
        decided, positive = self._so_far(owner, before)
        all_decided, all_positive = self._so_far(np.broadcast_to(self._overall, owner.shape), before)
        own, well, same = self._own(facts, codes, lead, as_of, code)
        all_decided = np.maximum(all_decided - own, 0)
        all_positive = np.clip(all_positive - (own & well), 0, all_decided)
        own &= same & (owner >= 0)
        decided = np.maximum(decided - own, 0)
        positive = np.clip(positive - (own & well), 0, decided)
        overall = (all_positive + 1) / (all_decided + 2)
        rate = (positive + self._strength * overall) / (decided + self._strength)
        rate[owner == -2] = np.nan  # noqa: PLR2004  missing, see bind
        out[:, self._out] = rate
        self._mask.apply(facts, lead, as_of, out)

    def _so_far(self, owner: Ints, day: Ints) -> tuple[Ints, Ints]:
        """Decided and positive of each owner (none for negative ones) up to and including the day."""
        safe = np.maximum(owner, 0)
        first = self._days.first.take(safe)
        if int(day.min()) >= self._end:
            position = self._days.first.take(safe + 1)
        else:
            asked = np.broadcast_to(day, owner.shape).reshape(-1, 1)
            position = self._days.position(safe.reshape(-1), asked).reshape(owner.shape)
        some = (position > first) & (owner >= 0)
        if not len(self._decided):
            return np.zeros(owner.shape, np.int64), np.zeros(owner.shape, np.int64)
        last = position - 1
        return (
            np.where(some, self._decided.take(last, mode="clip"), 0),
            np.where(some, self._positive.take(last, mode="clip"), 0),
        )

    def _own(
        self, facts: Facts, codes: Codes, lead: Ints, as_of: Ints, code: NDArray[np.int32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the lead's own decision is in what was counted; whether it was a good one; whether of this value."""
        accept_at, close_at = facts.accept_decided[lead][:, None], facts.decided[lead][:, None]
        at = np.where(self._accept, accept_at, close_at)
        well = np.where(self._accept, facts.accepted[lead][:, None], facts.won[lead][:, None])
        own = (at <= self._until) & (at < (as_of - as_of % DAY)[:, None])
        same = np.ones_like(own)
        if own.any() and codes.changed:
            for decided_at, columns in ((accept_at, self._accept), (close_at, ~self._accept)):
                then = codes.at(lead, np.where(own.any(axis=1), decided_at[:, 0], as_of))
                same[:, columns] = (then == code)[:, columns]
        return own, well, same


def _joined(columns: Sequence[tuple[int, ...]]) -> Ints:
    return np.array([value for column in columns for value in column], np.int64)
