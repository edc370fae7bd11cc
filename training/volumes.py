"""How many leads a week will come in, with the range in which the next period's volume should lie.

Counts of successive past periods, all graded by the scorer in force, tell how much volume moves between periods beyond
chance; what then comes is a Poisson count of accounts' visits (leads of one account come together) around the recent
volume moved by as much. The range is that of the posterior prediction with Jeffreys' prior (Bernardo & Smith 1994,
Bayesian Theory, 5.2), averaged over the movement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaincc
from scipy.stats import gamma

from models.sheet import Range

Floats = NDArray[np.float64]

MOVES = 0.2
"""By how much volume is held to move between periods before any is seen: standard deviation of its logarithm."""

SEEN = 4.0
"""How many observed moves that counts for."""

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(11)
_SHARES = _SHARES / _SHARES.sum()
_TAILS = (np.arange(40) + 0.5) / 40


def volume(counts: Floats, sizes: Floats, weeks: float, ahead: float, coverage: float) -> Range:
    """Leads a week over the ``ahead`` weeks to come, from ``counts`` of past periods of ``weeks``, the newest last.

    ``sizes``: how many leads of the newest period each account sent.
    """
    clump = float((sizes**2).sum() / sizes.sum()) if sizes.sum() else 1.0
    newest = float(counts[-1])
    move = np.sqrt(_moved(counts, clump))
    rate = gamma(newest / clump + 0.5).ppf(_TAILS)
    expected = (rate[:, None] * np.exp(move * _NODES) * (ahead / weeks)).ravel()
    weights = np.tile(_SHARES, (len(_TAILS), 1)).ravel() / len(_TAILS)
    low, high = (_quantile(tail, expected, weights) for tail in ((1 - coverage) / 2, (1 + coverage) / 2))
    value = newest / weeks
    scale = clump / ahead
    return Range(value, min(low * scale, value), max(high * scale, value))


def _moved(counts: Floats, clump: float) -> float:
    """The variance of the logarithm of volume between periods beyond that of chance, drawn towards `MOVES`."""
    at = counts + 0.5
    steps = np.diff(np.log(at))
    chance = clump * (1 / at[1:] + 1 / at[:-1])
    return float(max((steps**2 - chance).sum() + SEEN * MOVES**2, 0.0) / (len(steps) + SEEN))


def _quantile(tail: float, expected: Floats, weights: Floats) -> float:
    """The count at which the mixture of Poisson laws (mid-probabilities, continuous in between) reaches ``tail``."""

    def below(count: float) -> float:
        return float(weights @ gammaincc(count + 0.5, expected)) - tail

    if below(0.0) >= 0:
        return 0.0
    return float(brentq(below, 0.0, 10.0 * float(expected.max()) + 10.0, xtol=1e-6))
