"""A promise put to the test for as long as it stands: bets against it that may be looked at every day.

Whoever doubts a promise starts with 1 and bets on what comes. While the promise holds, no way of betting is expected to
gain, so the wealth reaches ``1 / alpha`` with a chance of at most ``alpha``, however often anybody looks (Ville's
inequality). Wealth is evidence: an e-process (Ramdas, Grünwald, Vovk & Shafer 2023, Statist. Sci. 38:576; betting on
means: Waudby-Smith & Ramdas 2024, J. R. Statist. Soc. B 86:1).

**Shares.** An answer ``v`` between 0 and 1 multiplies the wealth of a bet against "the share is at least ``b``" by
``1 + λ (b - v)``, which is ``q / b`` for a yes and ``(1 - q) / (1 - b)`` for a no: the share is really ``q``. The few
``q`` of `SHIFTS` have equal parts of the money. A bet's stake never changes, so by the inequality of arithmetic and
geometric means wealth is bounded by a martingale as long as the *average* chance so far lies within the promise: single
leads, and single weeks, may lie outside.

**Counts.** Weeks bet alike on the rate: a week's count is held to move no more than a Poisson number of groups of
``φ`` leads does, with ``φ`` measured before the promise was given.

**Starts.** Wealth lost while all was well would have to be won back before a later change shows. So a new doubter
starts every `EVERY` days, with the share `1 / (j (j + 1))` of the money for the j-th: all of them sum to 1. What holds
is then: from none of these days on has the average left the promise. An alarm needs one doubter who has won enough by
himself, so that the doubters need not have seen the same answers (a union bound; Choe & Ramdas 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, logsumexp

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Side = Literal["below", "above"]
SIDES: tuple[Side, Side] = ("below", "above")

SHIFTS = (0.1, 0.3, 0.7, 1.5)
"""How far beyond the end of the promise each bet holds the truth to be: log-odds of a share, logarithm of a rate."""

EVERY = 91
"""Days from one doubter's start to the next: a quarter, which is what promises are made for."""

ALPHA = 0.05
"""The chance of any false alarm, all promises of a sheet together, for as long as it stands."""

_GRID = 240
_MOST = float(np.log(1e300))


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one doubter sees: ``value[n]`` answers or counts, in the order of the instants ``at[n]`` when they came."""

    at: Ints
    value: Floats


@dataclass(frozen=True, slots=True)
class Wealth:
    """The evidence against a promise at each instant ``at[n]`` at which any came.

    ``below[n]`` and ``above[n]``: the logarithm of what the luckiest doubter has who holds the truth to be too low, and
    too high.
    """

    at: Ints
    below: Floats
    above: Floats

    @property
    def log(self) -> Floats:
        """The stronger of the two sides."""
        return np.maximum(self.below, self.above)

    @property
    def factor(self) -> float:
        """What the luckiest doubter has now, who began with 1; at most 1e300."""
        return float(np.exp(min(self.log[-1], _MOST))) if len(self.at) else 1.0

    def crossed(self, threshold: float) -> tuple[int, Side] | None:
        """When evidence first reached a threshold (of its logarithm), and on which side."""
        over = np.flatnonzero(self.log >= threshold)
        if not len(over):
            return None
        first = over[0]
        return int(self.at[first]), "below" if self.below[first] >= self.above[first] else "above"


@dataclass(frozen=True, slots=True)
class Shares:
    """Bets on a share between 0 and 1."""

    def growth(self, value: Floats, bound: Floats, side: Side) -> Floats:
        """What each answer adds to the logarithm of each bet's wealth: [n, bounds, bets]."""
        sign = -1.0 if side == "below" else 1.0
        b = bound[:, None]
        q = expit(logit(b) + sign * np.array(SHIFTS))
        yes, no = q / b, (1 - q) / (1 - b)
        return np.asarray(np.log(no + value[:, None, None] * (yes - no)))

    def open(self, bound: float, side: Side) -> bool:
        """Whether anything can lie beyond."""
        return bound > 0 if side == "below" else bound < 1

    def worst(self, side: Side) -> float:
        """The answer that speaks most against a promise."""
        return 0.0 if side == "below" else 1.0

    def grid(self, value: Floats) -> Floats:  # noqa: ARG002 - counts need theirs
        """Where ranges may end."""
        return np.asarray(expit(np.linspace(-6.5, 6.5, _GRID)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Bets on how many come a week. ``clump``: how many leads count as one, because they do not come alone."""

    clump: float = 1.0

    def growth(self, value: Floats, bound: Floats, side: Side) -> Floats:
        """As `Shares.growth`: the likelihood ratio of Poisson numbers of groups."""
        sign = -1.0 if side == "below" else 1.0
        step = sign * np.array(SHIFTS)
        held = (bound / self.clump)[:, None] * np.expm1(step)
        return np.asarray((value / self.clump)[:, None, None] * step - held)

    def open(self, bound: float, side: Side) -> bool:
        """Whether anything can lie beyond."""
        return bound > 0 or side == "above"

    def worst(self, side: Side) -> float:
        """None at all; nothing is the most."""
        return 0.0 if side == "below" else np.inf

    def grid(self, value: Floats) -> Floats:
        """Where ranges may end."""
        top = max(float(value.max(initial=0.0)), self.clump, 1.0)
        return np.geomspace(top / 1000, 3 * top, _GRID)


Bets = Shares | Counts


def starts(since: int, until: int, day: int) -> Ints:
    """When doubters start: at ``since`` and every `EVERY` days, up to ``until``; instants of ``day`` to the day."""
    return np.arange(since, max(until, since + 1), EVERY * day, dtype=np.int64)


def wealth(stretches: list[Stretch], low: float, high: float, bets: Bets) -> Wealth:
    """The evidence against "between ``low`` and ``high``", from one of ``stretches`` for each start, in their order."""
    won: dict[Side, list[Stretch]] = {}
    for side, bound in zip(SIDES, (low, high), strict=True):
        if bets.open(bound, side):
            one = np.array([bound])
            won[side] = [Stretch(each.at, _log_wealth(each.value, one, side, bets)[:, 0]) for each in stretches]
    return merged(won)


def merged(won: Mapping[Side, list[Stretch]]) -> Wealth:
    """The luckiest doubter of each side, each with his share of the money: one `Stretch` of log-wealth a start."""
    every = [each.at for stretches in won.values() for each in stretches]
    at = np.unique(np.concatenate(every)) if every else np.zeros(0, dtype=np.int64)
    sides = {side: np.full(len(at), -np.inf) for side in SIDES}
    for side, stretches in won.items():
        for j, stretch in enumerate(stretches, start=1):
            share = -np.log(j * (j + 1.0)) - np.log(2.0)
            if len(stretch.at):
                sides[side] = np.maximum(sides[side], _as_of(stretch.at, stretch.value + share, at, share))
    return Wealth(at, sides["below"], sides["above"])


def running(stretch: Stretch, bets: Bets, alpha: float = ALPHA) -> tuple[Floats, Floats, Floats]:
    """The mean so far after each value, and the ends of a range that holds at all looks at once, [n] each.

    The range is made of all shares or rates that no doubter of them would have won ``1 / alpha`` against.
    """
    n = len(stretch.value)
    mean = np.cumsum(stretch.value) / np.arange(1, n + 1)
    grid = bets.grid(stretch.value)
    ends = []
    for side in SIDES:
        best = np.maximum.accumulate(_log_wealth(stretch.value, grid, side, bets), axis=0)
        refuted = best >= np.log(2.0 / alpha)
        if side == "below":  # the truth is below: these bounds are too high
            ends.append(np.where(refuted.any(axis=1), grid[np.argmax(refuted, axis=1)], np.inf))
        else:
            last = refuted.shape[1] - 1 - np.argmax(refuted[:, ::-1], axis=1)
            ends.append(np.where(refuted.any(axis=1), grid[last], 0.0))
    high, low = ends
    top = np.inf if isinstance(bets, Counts) else 1.0
    return mean, np.minimum(low, mean), np.maximum(np.minimum(high, top), mean)


def needed(low: float, high: float, bets: Bets, threshold: float) -> int:
    """How many values the first doubter needs to win on either side if all were the worst there could be."""
    most = 0
    for side, bound in zip(SIDES, (low, high), strict=True):
        if bets.open(bound, side) and np.isfinite(bets.worst(side)):
            one = bets.growth(np.array([bets.worst(side)]), np.array([bound]), side)[0, 0]
            n = np.arange(1, 5001)[:, None]
            won = logsumexp(n * one, axis=1) - np.log(len(SHIFTS)) - 2 * np.log(2.0) >= threshold
            most = max(most, int(np.argmax(won)) + 1 if won.any() else len(won))
    return most


def _log_wealth(value: Floats, bound: Floats, side: Side, bets: Bets) -> Floats:
    """After each value, the logarithm of the mean wealth of the bets: [n, bounds]."""
    grown = np.cumsum(bets.growth(value, bound, side), axis=0)
    return np.asarray(logsumexp(grown, axis=2) - np.log(len(SHIFTS)))


def _as_of(at: Ints, log: Floats, instants: Ints, before: float) -> Floats:
    """The last value at or before each instant; of several at one instant the last; ``before`` before the first."""
    place = np.searchsorted(at, instants, side="right") - 1
    return np.where(place >= 0, log[np.maximum(place, 0)], before)
