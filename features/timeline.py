"""Instants of many owners, searched for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from features.instants import Ints

_COUNTING = 50_000  # from here on a counting sort by owner beats a comparison sort


@dataclass(frozen=True, slots=True)
class Timeline:
    """``at``: the instants, sorted by owner and then time; those of owner ``i`` are ``at[first[i]:first[i + 1]]``."""

    first: Ints
    at: Ints

    @classmethod
    def sorted(cls, owner: Ints, at: Ints, owners: int) -> tuple[Timeline, Ints]:
        """The timeline of these events, in any order, and the order that sorts them.

        ``owner`` is in ``0 … owners - 1``. Of events at the same instant the one given first comes first.
        """
        if len(at) < _COUNTING:
            order = np.lexsort((at, owner))
            first = np.zeros(owners + 1, np.int64)
            np.cumsum(np.bincount(owner, minlength=owners), out=first[1:])
            return cls(first, at[order]), order
        by_time = None if (at[1:] >= at[:-1]).all() else np.argsort(at, kind="stable")
        order, first = _grouped(owner if by_time is None else owner[by_time], owners)
        if by_time is not None:
            order = by_time[order]
        return cls(first, at[order]), order

    def rearranged(self, at: Ints) -> Timeline:
        """The timeline of the same owners with another instant for each event, sorted anew within each owner.

        Owner and instant are packed into one integer and sorted at once, for as many owners at a time as fit.
        """
        if not len(at):
            return self
        earliest = int(at.min())
        span = int(at.max()) - earliest + 1
        most = max((1 << 62) // span, 1)
        rearranged = np.empty_like(at)
        for begin in range(0, len(self.first) - 1, most):
            first = self.first[begin : begin + most + 1]
            place = slice(int(first[0]), int(first[-1]))
            owner = np.repeat(np.arange(len(first) - 1), np.diff(first)) * span
            rearranged[place] = np.sort(at[place] - earliest + owner) - owner + earliest
        return Timeline(self.first, rearranged)

    def position(self, owner: Ints, instant: Ints) -> Ints:
        """Where in ``at`` the first instant of ``owner[i]`` later than ``instant[i, j]`` is, or would be: int64[n, m].

        So ``position(owner, until) - position(owner, since)`` counts the instants in ``(since, until]``, and the one
        before the position, if it is still the owner's, is the last known.
        """
        if len(owner) == 1:
            low, high = int(self.first[owner[0]]), int(self.first[owner[0] + 1])
            return self.at[low:high].searchsorted(instant, side="right") + low
        position = np.repeat(self.first[owner][:, None], instant.shape[1], axis=1)
        end = self.first[owner + 1]
        length = end - position[:, 0]
        longest = int(length.max(initial=0))
        for step in (1 << bit for bit in reversed(range(longest.bit_length()))):
            long = np.flatnonzero(length >= step) if step > longest >> 2 else None
            if long is None or 2 * len(long) > len(owner):
                self._advance(position, end, instant, step)
            else:
                part = position[long]
                self._advance(part, end[long], instant[long], step)
                position[long] = part
        return position

    def _advance(self, position: Ints, end: Ints, instant: Ints, step: int) -> None:
        """Moves each position on by ``step`` where what is skipped is the owner's and not later than the instant."""
        ahead = position + (step - 1)
        passed = self.at.take(ahead, mode="clip") <= instant
        passed &= ahead < end[:, None]
        np.add(position, step, out=position, where=passed)


def _grouped(owner: Ints, owners: int) -> tuple[NDArray[np.int64], Ints]:
    """The stable order by owner and each owner's first place, by a counting sort: linear, not n log n."""
    count = len(owner)
    one_each = csr_array((np.ones(count, np.int8), owner, np.arange(count + 1)), shape=(count, owners))
    grouped = one_each.tocsc()
    return grouped.indices, grouped.indptr.astype(np.int64)
