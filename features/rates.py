"""Point-in-time rates: how leads with the same source, campaign or other category had fared by the day before.

A rate is ``(positive + strength * overall) / (judged + strength)``: a value with few leads stays near the overall rate
(an empirical-Bayes estimate with a fixed prior strength; Micci-Barreca 2001), which is itself as of then. Until as many
leads as the prior's strength have been judged in all, there is no rate. The lead itself never counts: it is taken off
where the table holds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from crm.history import Milestone
from features.attributes import HandoffMask
from features.columns import CREATED
from features.facts import Facts
from features.instants import DAY, END, NAT, Floats, Ints
from features.part import Fill, Placed
from features.rewind import Codes
from features.spec import Family, RateTable

Flags = NDArray[np.bool_]

_ALL = slice(None)
_DAYS = 1 << 20  # days fit below this, some 2,800 years
ACCEPT, CLOSE = "accept", "close"
_PATIENCE = 0.75  # share of the good outcomes that come within the age at which leads are judged
_LONGEST = 180  # days


def came_at(facts: Facts, outcome: str, lead: Ints | slice = _ALL) -> Ints:
    """When each lead was accepted, or won; `END` where it was not."""
    if outcome == ACCEPT:
        return np.where(facts.accepted[lead], facts.accept_decided[lead], END)
    return np.where(facts.won[lead], facts.decided[lead], END)


def judged_at(facts: Facts, since: str, within_days: int, lead: Ints | slice = _ALL) -> Ints:
    """When each lead reached the age at which it is judged, once created; `END` for leads without a start."""
    start = facts.moment(since)[lead]
    return np.where(start == NAT, END, np.maximum(start + within_days * DAY, facts.moment(CREATED)[lead]))


def age_to_judge(facts: Facts, outcome: str) -> tuple[str, int] | None:
    """From when on, and after how many days, leads are judged; None where no good outcome has a time.

    Acceptance is judged from the hand-off where hand-offs are recorded: it is about what sales was handed.
    """
    came = came_at(facts, outcome)
    handed_off = outcome == ACCEPT and bool((facts.moment(Milestone.HANDED_OFF) != NAT).any())
    since = Milestone.HANDED_OFF.value if handed_off else CREATED
    start = facts.moment(since)
    took = (came - start)[(came != END) & (start != NAT)]
    if not len(took):
        return None
    days = math.ceil(float(np.quantile(np.maximum(took, 0), _PATIENCE, method="higher")) / DAY)
    return since, min(max(days, 1), _LONGEST)


def learn(facts: Facts, field: str, outcome: str, until: int, strength: float, most: int) -> RateTable | None:
    """The rate table of a category from what was known at ``until``, for its ``most`` frequent values.

    A lead counts for the value it had when it was judged. None where no lead is old enough, or none fared well.
    """
    age = age_to_judge(facts, outcome)
    if age is None:
        return None
    at = judged_at(facts, *age)
    rows = np.flatnonzero(at <= until)
    if not len(rows):
        return None
    code = Codes(facts, [field]).at(rows, at[rows])[:, 0].astype(np.int64)
    words = facts.words[facts.word_names.index(field)]
    frequent = np.bincount(code, minlength=len(words) + 1)[1:]
    levels = sorted((i for i in range(len(words)) if frequent[i]), key=lambda i: (-frequent[i], words[i]))[:most]
    group = np.full(len(words) + 1, -1)
    group[[i + 1 for i in levels]] = range(len(levels))
    day, well = at[rows] // DAY, (came_at(facts, outcome)[rows] <= at[rows]).astype(np.int64)
    known = group[code] >= 0
    owner = np.concatenate((group[code][known], np.full(len(rows), len(levels))))
    steps = _steps(owner, np.concatenate((day[known], day)), np.concatenate((well[known], well)), len(levels) + 1)
    first, days, judged, positive = (tuple(column.tolist()) for column in steps)
    values = tuple(words[i] for i in levels)
    return RateTable(field, outcome, until, values, first, days, judged, positive, float(strength), *age)


def _steps(owner: Ints, day: Ints, y: Ints, owners: int) -> tuple[Ints, Ints, Ints, Ints]:
    """First entry of each owner, then day, judged and positive so far of each entry."""
    order = np.lexsort((day, owner))
    owner, day, y = owner[order], day[order], y[order]
    last = np.ones(len(owner), np.bool_)
    last[:-1] = (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])
    begin = np.searchsorted(owner, np.arange(owners + 1))
    positive = np.concatenate(([0], np.cumsum(y)))
    here = np.flatnonzero(last)
    judged_so_far = here + 1 - begin[owner[here]]
    positive_so_far = positive[here + 1] - positive[begin[owner[here]]]
    return np.searchsorted(here, begin), day[here], judged_so_far, positive_so_far


class Rates:
    """All rate features of a catalog; their tables lie one behind the other in one timeline of days."""

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed, tables: Sequence[RateTable]) -> None:
        by_key = {(table.field, table.outcome): table for table in tables}
        self._tables = [by_key[str(f.field), str(f.measure)] for _, f in placed]
        self._out = np.array([i for i, _ in placed])
        self._names = [table.field for table in self._tables]
        judging = [(table.outcome, table.since, table.within_days) for table in self._tables]
        self._judging = {key: np.array([other == key for other in judging]) for key in judging}
        self._until = np.array([table.until for table in self._tables], np.int64)
        self._strength = np.array([table.strength for table in self._tables])
        self._mask = HandoffMask(placed)
        sizes = [len(table.first) - 1 for table in self._tables]
        self._begin = np.cumsum([1, *sizes[:-1]])  # owner 0 is nobody, for words that have no entries
        self._overall = self._begin + np.array(sizes) - 1
        entries = [_entries(table, begin) for table, begin in zip(self._tables, self._begin.tolist(), strict=True)]
        self._keys, self._judged, self._positive = np.concatenate([np.zeros((3, 1), np.int64), *entries], axis=1)

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
            owner.append(0)
            owner.extend(place.get(word, 0) for word in words.get(table.field, ()))
        codes = Codes(facts, self._names)
        return partial(self._fill, facts, codes, np.array(begins), np.array(owner, np.int64))

    def _fill(
        self, facts: Facts, codes: Codes, begins: Ints, owners: Ints, lead: Ints, as_of: Ints, out: Floats
    ) -> None:
        code = codes.at(lead, as_of)
        owner = owners.take(code + begins)
        today = (as_of // DAY)[:, None]
        own, well, same = self._own(facts, codes, lead, as_of, code)
        judged, positive = self._so_far(self._overall, today, own, well)
        overall = (positive + 1) / (judged + 2)
        enough = judged >= self._strength
        judged, positive = self._so_far(owner, today, own & same & (owner > 0), well)
        rate = (positive + self._strength * overall) / (judged + self._strength)
        out[:, self._out] = np.where(enough & (code > 0), rate, np.nan)
        self._mask.apply(facts, lead, as_of, out)

    def _so_far(self, owner: Ints, today: Ints, own: Flags, well: Flags) -> tuple[Ints, Ints]:
        """Judged and positive of each owner before the day, without the lead itself; both int64[n, tables]."""
        last = self._keys.searchsorted(owner * _DAYS + np.clip(today, 0, _DAYS - 1), side="right") - 1
        judged = np.maximum(self._judged.take(last) - own, 0)
        return judged, np.minimum(np.maximum(self._positive.take(last) - (own & well), 0), judged)

    def _own(
        self, facts: Facts, codes: Codes, lead: Ints, as_of: Ints, code: NDArray[np.int32]
    ) -> tuple[Flags, Flags, Flags]:
        """Whether the lead itself is in what was counted; whether it fared well; whether with the value it has now."""
        own = np.zeros(code.shape, np.bool_)
        well, same = own.copy(), ~own
        today = as_of - as_of % DAY
        for (outcome, since, within_days), columns in self._judging.items():
            at = judged_at(facts, since, within_days, lead)
            mine = (at[:, None] <= self._until[columns]) & (at < today)[:, None]
            if not mine.any():
                continue
            own[:, columns] = mine
            well[:, columns] = (came_at(facts, outcome, lead) <= at)[:, None]
            if codes.changed:
                same[:, columns] = (codes.at(lead, at) == code)[:, columns]
        return own, well, same


def _entries(table: RateTable, begin: int) -> Ints:
    """Key, judged and positive of a table's entries: int64[3, entries], an empty entry before those of each owner.

    A key is the owner and the day after the entry's, from which on it may be known, in one integer.
    """
    first = np.array(table.first, np.int64)
    owner = np.repeat(np.arange(begin, begin + len(first) - 1), np.diff(first) + 1)
    day = np.insert(np.array(table.day, np.int64) + 1, first[:-1], 0)
    judged = np.insert(np.array(table.judged, np.int64), first[:-1], 0)
    positive = np.insert(np.array(table.positive, np.int64), first[:-1], 0)
    return np.stack((owner * _DAYS + day, judged, positive))
