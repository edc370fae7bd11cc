"""The chances of acceptance and win ahead of an instant, if the interest were known: [n, 3 interests, 2 heads].

Time runs in working days here. Integrals over the time of acceptance, and before that of hand-off, are taken over their
shares (the inverse of the distribution function), so that the integrands are smooth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm.simulation.clock import Clock, Seconds
from crm.simulation.funnel import HANDED_LAG, HANDED_SHARE, Course, Funnel, arrived, when
from crm.simulation.world import Codes, Leads, Numbers

Chances = NDArray[np.float64]


def _nodes(count: int) -> tuple[Numbers, Numbers]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    node, weight = np.polynomial.legendre.leggauss(count)
    return (node + 1) / 2, weight / 2


_ACCEPTANCE, _HANDOFF = _nodes(16), _nodes(12)


@dataclass(frozen=True)
class Forward:
    """Looks ahead from where each lead stands at an instant; the lead must exist and be undecided then."""

    clock: Clock
    leads: Leads
    funnel: Funnel
    course: Course

    def chances(self, rows: Codes, at: Seconds, accept_seconds: int, close_seconds: int) -> Chances:
        """For `rows` of the leads at `at`, within horizons of so many calendar seconds."""
        now = self.clock.worked(at)
        accept_within = self.clock.worked(at + accept_seconds) - now
        close_within = self.clock.worked(at + close_seconds) - now
        out = np.empty((len(rows), 3, 2))
        handed, accepted = self.course.handed_off[rows] <= at, self.course.accepted[rows] <= at
        stages: list[tuple[NDArray[np.bool_], Seconds, Callable[..., Chances]]] = [
            (~handed, self.leads.created, self._from_creation),
            (handed & ~accepted, self.course.handed_off, self._from_handoff),
            (accepted, self.course.accepted, self._from_acceptance),
        ]
        for here, begun, ahead in stages:
            i = np.flatnonzero(here)
            since = now[i] - self.clock.worked(begun[rows[i]])
            out[i] = ahead(rows[i], since, accept_within[i], close_within[i])
        return out

    def _from_acceptance(self, rows: Codes, since: Numbers, _: Numbers, close_within: Numbers) -> Chances:
        f, slow = self.funnel, self.funnel.slowness[rows]
        endings = {"won": f.won, "lost": f.lost, "no_decision": f.no_decision}
        left = 1 - sum(chance[rows] * arrived(name, since, slow)[:, None] for name, chance in endings.items())
        ahead = arrived("won", since + close_within, slow) - arrived("won", since, slow)
        won = f.won[rows] * ahead[:, None] / left
        return np.stack([np.ones_like(won), won], axis=2)

    def _from_handoff(self, rows: Codes, since: Numbers, accept_within: Numbers, close_within: Numbers) -> Chances:
        f, slow = self.funnel, self.funnel.slowness[rows]
        already = arrived("accepted", since, slow)
        gone = f.accepted[rows] * already[:, None] + f.rejected[rows] * arrived("rejected", since, slow)[:, None]
        ahead = arrived("accepted", since + accept_within, slow) - already
        both = np.maximum(np.minimum(accept_within, close_within), 0)
        in_time = arrived("accepted", since + both, slow) - already
        node, weight = _ACCEPTANCE
        delay = when("accepted", already[:, None] + in_time[:, None] * node, slow[:, None]) - since[:, None]
        won = arrived("won", close_within[:, None] - delay, slow[:, None]) @ weight
        accepted = f.accepted[rows] / (1 - gone)
        return np.stack([accepted * ahead[:, None], accepted * (in_time * won)[:, None] * f.won[rows]], axis=2)

    def _from_creation(self, rows: Codes, since: Numbers, accept_within: Numbers, close_within: Numbers) -> Chances:
        still = HANDED_SHARE * np.exp(-since / HANDED_LAG)
        coming = still / (1 - HANDED_SHARE + still)  # handed off at some time, given that it has not been yet
        in_time = -np.expm1(-accept_within / HANDED_LAG)
        out = np.zeros((len(rows), 3, 2))
        for node, weight in zip(*_HANDOFF, strict=True):
            wait = -HANDED_LAG * np.log1p(-in_time * node)
            then = self._from_handoff(
                rows, np.zeros(len(rows)), accept_within - wait, np.maximum(close_within - wait, 0)
            )
            out += weight * (coming * in_time)[:, None, None] * then
        return out
