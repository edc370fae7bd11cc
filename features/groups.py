"""Buying groups: what the leads of one account did together, searchable by account and instant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.columns import Columns
from features.instants import END, NAT, Ints
from features.timeline import Timeline


@dataclass(frozen=True, slots=True)
class _Events:
    """Activities by account and, along them, the lead's activity before each (`NAT` for its first) and its creation."""

    timeline: Timeline
    previous: Ints
    created: Ints


class Groups:
    """Timelines by account, made when first asked for. Accounts without a group have none, see `Columns.account`.

    What colleagues did before they were created in the CRM counts from their creation on: nobody knew it before.
    """

    def __init__(self, facts: Columns, decided: Ints, won: NDArray[np.bool_]) -> None:
        self._facts = facts
        self._created = facts.moments[:, 0]
        self._won = won
        self._owners = facts.accounts + 1
        self._counted: dict[int, Timeline] = {}
        self._active: dict[int, Timeline] = {}
        self.decided = np.maximum(decided, self._created)
        """When it was known of each lead, to its colleagues, that it was decided: not before it was created."""

    @cached_property
    def members(self) -> Timeline:
        """The creation of the accounts' leads."""
        return self._of_leads(self._created, self._created != NAT)

    @cached_property
    def wins(self) -> Timeline:
        """The wins of the accounts' leads."""
        return self._of_leads(self.decided, self._won)

    @cached_property
    def losses(self) -> Timeline:
        """The other decisions on the accounts' leads: rejected, lost, no decision."""
        return self._of_leads(self.decided, (self.decided != END) & ~self._won)

    @property
    def activities(self) -> Timeline:
        """The activities of the accounts' leads."""
        return self._events.timeline

    def counted(self, window: int) -> Timeline:
        """From when on activities count: at once, but not before their lead was created.

        The number of activities in the window before ``a`` is the number of these instants up to ``a`` less the
        number of activities up to ``a - window``.
        """
        if window not in self._counted:
            events = self._events
            known = np.minimum(np.maximum(events.timeline.at, events.created), events.timeline.at + window)
            late = bool((known > events.timeline.at).any())
            self._counted[window] = events.timeline.rearranged(known) if late else events.timeline
        return self._counted[window]

    def became_active(self, window: int) -> Timeline:
        """When leads of the account became active: by an event at ``t`` a lead is, until ``t + window``.

        An event makes its lead active at ``max(t, previous event + window)``: before that it still was. A lead is
        active at ``a`` by exactly one of its events, so the number of active leads is the number of these instants
        up to ``a`` less the number of activities up to ``a - window``. Nothing is counted lead by lead.
        """
        if window not in self._active:
            events = self._events
            still = np.where(events.previous == NAT, NAT, events.previous + window)
            began = np.maximum(np.maximum(events.timeline.at, still), events.created)
            self._active[window] = events.timeline.rearranged(np.minimum(began, events.timeline.at + window))
        return self._active[window]

    @cached_property
    def _events(self) -> _Events:
        first, at = self._facts.activities.first, self._facts.activities.at
        lead = np.repeat(np.arange(len(first) - 1), np.diff(first))
        previous = np.empty_like(at)
        previous[1:] = at[:-1]
        previous[first[:-1][first[:-1] < first[1:]]] = NAT
        kept = np.flatnonzero(self._facts.account[lead] < self._facts.accounts)
        timeline, order = Timeline.sorted(self._facts.account[lead[kept]], at[kept], self._owners)
        kept = kept[order]
        return _Events(timeline, previous[kept], self._created[lead[kept]])

    def _of_leads(self, at: Ints, mask: NDArray[np.bool_]) -> Timeline:
        kept = np.flatnonzero(mask & (self._facts.account < self._facts.accounts))
        timeline, _ = Timeline.sorted(self._facts.account[kept], at[kept], self._owners)
        return timeline
