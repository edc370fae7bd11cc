"""Buying groups: what the leads of one account did together, searchable by account and instant."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.columns import Columns
from features.instants import END, NAT, Ints
from features.timeline import Timeline


class Groups:
    """Timelines by account, made when first asked for. Accounts without a group have none, see `Columns.account`."""

    def __init__(self, facts: Columns, decided: Ints, won: NDArray[np.bool_]) -> None:
        self._facts = facts
        self._decided = decided
        self._won = won
        self._owners = facts.accounts + 1
        self._active: dict[int, Timeline] = {}

    @cached_property
    def members(self) -> Timeline:
        """The creation of the accounts' leads."""
        created = self._facts.moments[:, 0]
        return self._of_leads(created, created != NAT)

    @cached_property
    def wins(self) -> Timeline:
        """The wins of the accounts' leads."""
        return self._of_leads(self._decided, self._won)

    @cached_property
    def losses(self) -> Timeline:
        """The other decisions on the accounts' leads: rejected, lost, no decision."""
        return self._of_leads(self._decided, (self._decided != END) & ~self._won)

    @property
    def activities(self) -> Timeline:
        """The activities of the accounts' leads."""
        return self._events[0]

    def became_active(self, window: int) -> Timeline:
        """When leads of the account became active: by an event at ``t`` a lead is, until ``t + window``.

        An event makes its lead active at ``max(t, previous event + window)``: before that it still was. A lead is
        active at ``a`` by exactly one of its events, so the number of active leads is the number of these instants
        up to ``a`` less the number of activities up to ``a - window``. Nothing is counted lead by lead.
        """
        if window not in self._active:
            timeline, previous = self._events
            began = np.where(previous == NAT, timeline.at, np.maximum(timeline.at, previous + window))
            owner = np.repeat(np.arange(self._owners), np.diff(timeline.first))
            self._active[window], _ = Timeline.sorted(owner, began, self._owners)
        return self._active[window]

    @cached_property
    def _events(self) -> tuple[Timeline, Ints]:
        """The activities by account and, along them, the same lead's activity before each; `NAT` for its first."""
        first, at = self._facts.activities.first, self._facts.activities.at
        account = np.repeat(self._facts.account, np.diff(first))
        previous = np.empty_like(at)
        previous[1:] = at[:-1]
        previous[first[:-1][first[:-1] < first[1:]]] = NAT
        kept = np.flatnonzero(account < self._facts.accounts)
        timeline, order = Timeline.sorted(account[kept], at[kept], self._owners)
        return timeline, previous[kept][order]

    def _of_leads(self, at: Ints, mask: NDArray[np.bool_]) -> Timeline:
        kept = np.flatnonzero(mask & (self._facts.account < self._facts.accounts))
        timeline, _ = Timeline.sorted(self._facts.account[kept], at[kept], self._owners)
        return timeline
