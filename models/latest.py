"""What happened to a lead last: its newest activity, and the newest that asks for something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.facts import Facts
from features.instants import Ints

REQUESTS = frozenset({"chat", "demo", "form", "ticket"})
"""Kinds of activity by which a lead asks us for something."""

SIGNS = frozenset({"download", "email_reply", "event", "meeting", "pricing_view", "webinar"})
"""Kinds of activity by which it shows interest, without a question."""


@dataclass(frozen=True, slots=True)
class Done:
    """One activity: its kind as the CRM has it, and when (microseconds)."""

    kind: str
    at: int


def latest(facts: Facts, lead: Ints, as_of: Ints) -> tuple[list[Done | None], list[Done | None]]:
    """For each lead its newest activity at or before ``as_of[i]``, and the newest that asks for something.

    Of several at one instant the first by name is told, whatever order they came in.
    """
    if not len(lead):
        return [], []
    timeline = facts.activities
    begin, end = timeline.first[lead], timeline.first[lead + 1]
    start, stop = int(begin.min()), int(end.max())
    asks = np.array([kind in REQUESTS | SIGNS for kind in facts.kinds] or [False])[facts.kind[start:stop]]
    place = np.arange(start, stop)
    last_asking = np.maximum.accumulate(np.where(asks, place, -1))
    newest = timeline.position(lead, as_of[:, None])[:, 0] - 1
    known = newest >= begin
    asked = np.full(len(lead), -1, np.int64)
    asked[known] = last_asking[newest[known] - start]
    anything = _done(facts, np.where(known, newest, -1), begin, frozenset(facts.kinds))
    return anything, _done(facts, np.where(asked >= begin, asked, -1), begin, REQUESTS | SIGNS)


def _done(facts: Facts, place: Ints, begin: Ints, kinds: frozenset[str]) -> list[Done | None]:
    """The activities at these places, -1 for none; of those of these kinds at one instant the first by name."""
    places = zip(place.tolist(), begin.tolist(), strict=True)
    return [None if last < 0 else _first_by_name(facts, last, first, kinds) for last, first in places]


def _first_by_name(facts: Facts, last: int, first: int, kinds: frozenset[str]) -> Done:
    at, kind = facts.activities.at, facts.kinds[facts.kind[last]]
    instant = int(at[last])
    while last > first and at[last - 1] == instant:
        last -= 1
        other = facts.kinds[facts.kind[last]]
        if other in kinds:
            kind = min(kind, other)
    return Done(kind, instant)
