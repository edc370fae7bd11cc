"""Calibration: a slope and an intercept learned on forward predictions only, held near identity while these are few."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from training.answers import Answers
from training.censoring import Floats

SLOPE_SPREAD = 0.25
"""How far the logarithm of the slope is expected to be from 0: the standard deviation of its prior."""

INTERCEPT_SPREAD = 0.25
"""The same for the intercept, in log-odds."""


def slope_and_intercept(raw: Floats, answers: Answers) -> tuple[float, float]:
    """The most probable slope and intercept of ``sigmoid(slope * raw + intercept)`` (Platt 1999, with priors).

    The weights of ``answers`` count leads: a lead's snapshots weigh 1 together, so a few leads do not move the
    calibration far from slope 1 and intercept 0.
    """

    def objective(at: Floats) -> tuple[float, Floats]:
        slope, intercept = np.exp(at[0]), at[1]
        loss, by_raw = answers.loss_and_slope(slope * raw + intercept)
        prior = (at[0] / SLOPE_SPREAD) ** 2 / 2 + (at[1] / INTERCEPT_SPREAD) ** 2 / 2
        gradient = np.array([slope * float(by_raw @ raw), float(by_raw.sum())])
        return loss + prior, gradient + at / np.array([SLOPE_SPREAD**2, INTERCEPT_SPREAD**2])

    best = minimize(objective, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-2, 2), (-3, 3)]).x
    return float(np.exp(best[0])), float(best[1])
