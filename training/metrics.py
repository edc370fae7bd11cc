"""What a set of probabilities is worth, in weighted numbers: ranking, log-loss, Brier, calibration, lift.

Rows are weighted (a lead's snapshots share one weight, inverse-probability-of-censoring weights stand for the leads
that were cut off); rows of weight 0 do not count. A number that the rows cannot give is NaN: there is no AUC of one
class and no slope of a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]

NAMES = ("auc", "log_loss", "brier", "slope", "intercept", "lift", "capture")
"""Metrics in the order in which they are told; the last two are at the top `TOP` share."""

TOP = 0.1
"""Share of the leads, best first, of which lift and capture tell."""

_EDGE = 1e-12
_ENOUGH = 1e-9  # log-odds with less spread than this are a constant
_STEPS = 30
_CONVERGED = 1e-9
_SEPARATED = 1e-14  # curvature below which outcomes are separated and no slope is finite


@dataclass(frozen=True)
class Ranked:
    """Predictions put in order once, so that metrics under many weightings are cheap.

    ``y[n]`` 0 or 1, ``p[n]`` probabilities. Ties share one rank: half of each pair counts as well ordered, and a tied
    group that straddles the top tenth is taken in part.
    """

    y: Floats
    z: Floats  # log-odds
    loss: Floats
    square: Floats
    rank: NDArray[np.intp]  # 0 is the highest probability

    @classmethod
    def of(cls, y: Floats, p: Floats) -> Ranked:
        """Prepares outcomes and probabilities; probabilities are kept 1e-12 away from 0 and 1."""
        held = np.clip(np.asarray(p, dtype="float64"), _EDGE, 1 - _EDGE)
        loss = -np.where(y == 1, np.log(held), np.log1p(-held))
        rank = np.unique(-held, return_inverse=True)[1]
        return cls(np.asarray(y, dtype="float64"), logit(held), loss, (held - y) ** 2, rank)

    def metrics(self, weight: Floats) -> Floats:
        """All of `NAMES` under this weighting."""
        total = weight.sum()
        if total <= 0:
            return np.full(len(NAMES), np.nan)
        yes, every = self.counts(weight)
        slope, _, intercept = self.calibration(weight)
        held = captured(yes, every)
        loss, square = weight @ self.loss / total, weight @ self.square / total
        return np.array([auc(yes, every - yes), loss, square, slope, intercept, held / TOP, held])

    def counts(self, weight: Floats) -> tuple[Floats, Floats]:
        """The weight of the yeses, and of all rows, at each rank."""
        yes = np.bincount(self.rank, weights=weight * self.y)
        return yes.astype("float64"), np.bincount(self.rank, weights=weight).astype("float64")

    def calibration(self, weight: Floats) -> tuple[float, float, float]:
        """Slope, the intercept that goes with it, and the intercept for a slope of 1; 1, 0, 0 is perfect.

        The slope is that of a logistic regression of outcomes on log-odds; the last is calibration in the large (Van
        Calster et al. 2019, BMC Medicine 17:230), the one that is reported.
        """
        return *line_of(self.z, self.y, weight), level_of(self.z, self.y, weight)


def line_of(z: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and intercept of a weighted logistic regression of ``y`` (0 to 1, fractions too) on ``z``; NaN if none."""
    rows = weight > 0
    z, y, weight = z[rows], y[rows], weight[rows] / weight[rows].sum()
    mean = weight @ z
    spread = np.sqrt(weight @ (z - mean) ** 2)
    if spread < _ENOUGH or not 0 < weight @ y < 1:
        return np.nan, np.nan
    u = (z - mean) / spread
    at = np.array([spread, mean])  # slope 1 and intercept 0, on the scale of u
    for _ in range(_STEPS):
        q = expit(at[0] * u + at[1])
        bend, miss = weight * q * (1 - q), weight * (y - q)
        a, b, c = bend @ u**2, bend @ u, bend.sum()
        determinant = a * c - b * b
        if determinant < _SEPARATED:
            return np.nan, np.nan
        g, h = miss @ u, miss.sum()
        step = np.array([c * g - b * h, a * h - b * g]) / determinant
        at = at + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _CONVERGED:
            slope = at[0] / spread
            return float(slope), float(at[1] - slope * mean)
    return np.nan, np.nan


def level_of(z: Floats, y: Floats, weight: Floats) -> float:
    """What must be added to log-odds ``z`` for their mean probability to be that of ``y``; NaN if all are yes or no."""
    mass = weight / weight.sum()
    wanted = float(mass @ y)
    if not 0 < wanted < 1:
        return float("nan")
    at = 0.0
    for _ in range(_STEPS):
        q = expit(z + at)
        step = (wanted - mass @ q) / (mass @ (q * (1 - q)))
        at += float(np.clip(step, -2.0, 2.0))
        if abs(step) < _CONVERGED:
            return at
    return float("nan")


def slope_against_truth(p: Floats, truth: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Slope and intercept of true probabilities on predicted log-odds, as in `Ranked.calibration`.

    With the truth instead of outcomes only the model's own error is left, no luck of the draw. Rows with a missing
    probability on either side do not count.
    """
    mass = np.ones(len(p)) if weight is None else np.asarray(weight, dtype="float64")
    rows = np.isfinite(p) & np.isfinite(truth) & (mass > 0)
    z = logit(np.clip(p[rows], _EDGE, 1 - _EDGE))
    return line_of(z, truth[rows], mass[rows])[0], level_of(z, truth[rows], mass[rows])


def auc(yes: Floats, no: Floats) -> float:
    """The share of pairs of a yes and a no that are in order; groups of one probability come best first."""
    pairs = yes.sum() * no.sum()
    below = no.sum() - np.cumsum(no)
    return float((yes @ (below + no / 2)) / pairs) if pairs > 0 else float("nan")


def captured(yes: Floats, every: Floats) -> float:
    """The share of all yeses among the top `TOP` share of the weight."""
    if yes.sum() <= 0:
        return float("nan")
    share = np.concatenate([[0.0], np.cumsum(every)]) / every.sum()
    return float(np.interp(TOP, share, np.concatenate([[0.0], np.cumsum(yes)]) / yes.sum()))
