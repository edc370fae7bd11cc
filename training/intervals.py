"""Intervals for `training.metrics`: a bootstrap that draws whole leads, as the snapshots of a lead are one observation.

Field & Welsh 2007 (J. R. Statist. Soc. B 69:369) on drawing clusters. Sums over rows are kept by lead: a draw costs a
product; slope and intercept take one Newton step from the estimate instead of a new fit (Moulton & Zeger 1991, Comput.
Statist. Data Anal. 11:53); ranking is counted anew.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.metrics import NAMES, TOP, Floats, Ranked, auc, captured

COVERED = 0.95
"""What an interval should cover."""


def intervals(
    ranked: Ranked, weight: Floats, lead: NDArray[np.intp], *, rounds: int, seed: int
) -> tuple[Floats, Floats]:
    """Lower and upper ends for each of `NAMES`; NaN where fewer than half of the draws gave a number.

    ``lead[n]`` numbers the lead of each row from 0. The same seed draws the same leads for every method.
    """
    leads = int(lead.max(initial=-1)) + 1
    at = ranked.calibration(weight)
    sums = _by_lead(ranked, weight, lead, at)
    drawn = np.array(
        [_metrics(ranked, weight * times[lead], times @ sums, at) for times in _draws(leads, rounds, seed)]
    )
    tails = ((1 - COVERED) / 2, (1 + COVERED) / 2)
    out = np.full((2, len(NAMES)), np.nan)
    for i, column in enumerate(drawn.T):
        known = column[np.isfinite(column)]
        if len(known) >= max(rounds / 2, 2):
            out[:, i] = np.quantile(known, tails)
    return out[0], out[1]


def _draws(leads: int, rounds: int, seed: int) -> Iterator[Floats]:
    """How often each lead is drawn, for each round."""
    rng = np.random.default_rng((seed, leads))
    for _ in range(rounds):
        yield np.bincount(rng.integers(0, leads, leads), minlength=leads).astype("float64")


def _by_lead(ranked: Ranked, weight: Floats, lead: NDArray[np.intp], at: tuple[float, float, float]) -> Floats:
    """Weighted sums over each lead's rows, ``[leads, 10]``: total, loss, square, then gradients and curvatures.

    ``at`` are slope, its free intercept, and the intercept with slope 1.
    """
    y, z = ranked.y, ranked.z
    q, level = expit(at[0] * z + at[1]), expit(z + at[2])
    bend = q * (1 - q)
    columns = [np.ones_like(z), ranked.loss, ranked.square, (y - q) * z, y - q, bend * z * z, bend * z, bend]
    columns += [y - level, level * (1 - level)]
    leads = int(lead.max()) + 1
    return np.column_stack([np.bincount(lead, weights=weight * column, minlength=leads) for column in columns])


def _metrics(ranked: Ranked, weight: Floats, sums: Floats, at: tuple[float, float, float]) -> Floats:
    """All of `NAMES` for one draw."""
    total, loss, square, g, h, a, b, c, level_miss, level_bend = sums
    yes, every = ranked.counts(weight)
    determinant = a * c - b * b
    slope = at[0] + (c * g - b * h) / determinant if determinant > 0 else np.nan
    intercept = at[2] + level_miss / level_bend if level_bend > 0 else np.nan
    held = captured(yes, every)
    return np.array([auc(yes, every - yes), loss / total, square / total, slope, intercept, held / TOP, held])
