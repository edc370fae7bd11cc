"""Point-in-time rates: how leads with the same source, owner or other category had fared by the day before.

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
from features.timeline import Timeline

ACCEPT, CLOSE = "accept", "close"
_PATIENCE = 0.75  # share of the good outcomes that come within the age at which leads are judged
_LONGEST = 180  # days


def came_at(facts: Facts, outcome: str) -> Ints:
    """When each lead was accepted, or won; `END` where it was not."""
    if outcome == ACCEPT:
        return np.where(facts.accepted, facts.accept_decided, END)
    return np.where(facts.won, facts.decided, END)


def judged_at(facts: Facts, since: str, within_days: int) -> Ints:
    """When each lead reached the age at which it is judged, once created; `END` for leads without a start."""
    start = facts.moment(since)
    return np.where(start == NAT, END, np.maximum(start + within_days * DAY, facts.moment(CREATED)))


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
        self._begin = np.cumsum([0, *sizes[:-1]])
        self._overall = self._begin + np.array(sizes) - 1
        entries = np.cumsum([0, *(len(table.day) for table in self._tables)])
        first = [np.array(t.first[:-1], np.int64) + entry for t, entry in zip(self._tables, entries, strict=False)]
        self._days = Timeline(np.concatenate([*first, entries[-1:]]), _joined([t.day for t in self._tables]))
        self._judged = _joined([t.judged for t in self._tables])
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
        judged, positive = self._so_far(owner, before)
        all_judged, all_positive = self._so_far(np.broadcast_to(self._overall, owner.shape), before)
        own, well, same = self._own(facts, codes, lead, as_of, code)
        all_judged = np.maximum(all_judged - own, 0)
        all_positive = np.clip(all_positive - (own & well), 0, all_judged)
        own &= same & (owner >= 0)
        judged = np.maximum(judged - own, 0)
        positive = np.clip(positive - (own & well), 0, judged)
        overall = (all_positive + 1) / (all_judged + 2)
        rate = (positive + self._strength * overall) / (judged + self._strength)
        rate[all_judged < self._strength] = np.nan
        rate[owner == -2] = np.nan  # noqa: PLR2004  missing, see bind
        out[:, self._out] = rate
        self._mask.apply(facts, lead, as_of, out)

    def _so_far(self, owner: Ints, day: Ints) -> tuple[Ints, Ints]:
        """Judged and positive of each owner (none for negative ones) up to and including the day."""
        safe = np.maximum(owner, 0)
        first = self._days.first.take(safe)
        if int(day.min()) >= self._end:
            position = self._days.first.take(safe + 1)
        else:
            asked = np.broadcast_to(day, owner.shape).reshape(-1, 1)
            position = self._days.position(safe.reshape(-1), asked).reshape(owner.shape)
        some = (position > first) & (owner >= 0)
        if not len(self._judged):
            return np.zeros(owner.shape, np.int64), np.zeros(owner.shape, np.int64)
        last = position - 1
        return (
            np.where(some, self._judged.take(last, mode="clip"), 0),
            np.where(some, self._positive.take(last, mode="clip"), 0),
        )

    def _own(
        self, facts: Facts, codes: Codes, lead: Ints, as_of: Ints, code: NDArray[np.int32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the lead itself is in what was counted; whether it fared well; whether with the value it has now."""
        own = np.zeros(code.shape, np.bool_)
        well, same = own.copy(), ~own
        today = as_of - as_of % DAY
        for (outcome, since, within_days), columns in self._judging.items():
            at = judged_at(facts, since, within_days)[lead]
            mine = (at[:, None] <= self._until[columns]) & (at < today)[:, None]
            if not mine.any():
                continue
            own[:, columns] = mine
            well[:, columns] = (came_at(facts, outcome)[lead] <= at)[:, None]
            if codes.changed:
                same[:, columns] = (codes.at(lead, at) == code)[:, columns]
        return own, well, same


def _joined(columns: Sequence[tuple[int, ...]]) -> Ints:
    return np.array([value for column in columns for value in column], np.int64)
