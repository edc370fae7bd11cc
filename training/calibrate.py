"""Calibration: a slope and an intercept learned on forward predictions only, held near identity while these are few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from training.censoring import Floats

SLOPE_SPREAD = 0.25
"""How far the logarithm of the slope is expected to be from 0: the standard deviation of its prior."""

INTERCEPT_SPREAD = 0.25
"""The same for the intercept, in log-odds."""


def slope_and_intercept(raw: Floats, y: NDArray[np.float64], weight: Floats) -> tuple[float, float]:
    """The most probable slope and intercept of ``sigmoid(slope * raw + intercept)`` (Platt 1999, with priors).

    ``weight`` counts leads: a lead's snapshots weigh 1 together, so a few leads do not move the calibration far from
    slope 1 and intercept 0. Rows of weight 0 do not count. Without any it is exactly that.
    """
    rows = weight > 0
    raw, y, weight = raw[rows], y[rows], weight[rows]
    if len(raw) == 0:
        return 1.0, 0.0

    def objective(at: Floats) -> tuple[float, Floats]:
        slope, intercept = np.exp(at[0]), at[1]
        z = slope * raw + intercept
        miss = weight * (expit(z) - y)
        loss = float(weight @ (np.logaddexp(0, z) - y * z))
        prior = (at[0] / SLOPE_SPREAD) ** 2 / 2 + (at[1] / INTERCEPT_SPREAD) ** 2 / 2
        slopes = np.array([slope * float(miss @ raw), float(miss.sum())])
        return loss + prior, slopes + at / np.array([SLOPE_SPREAD**2, INTERCEPT_SPREAD**2])

    best = minimize(objective, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-7}).x
    return float(np.exp(best[0])), float(best[1])


def log_loss(raw: Floats, y: Floats, weight: Floats) -> float:
    """The weighted mean log-loss of log-odds; rows of weight 0 do not count (their y may be NaN). NaN without rows."""
    rows = weight > 0
    if not rows.any():
        return float("nan")
    z, mass = raw[rows], weight[rows]
    return float(mass @ (np.logaddexp(0, z) - y[rows] * z) / mass.sum())
