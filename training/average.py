"""What a component fitted beside persons' habits says of the average person: the mean over those who decide nowadays.

The mean of ``sigmoid(raw + habit)`` over habits is flatter than the sigmoid of their mean (Zeger, Liang and Albert
1988). It depends on ``raw`` alone, so a slope and an intercept turn one into the other, and the component is written
with them: nothing about persons is left in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.special import expit

from models.arrays import Vector
from models.boosted import Boosted
from models.linear import Linear
from training.metrics import level_of, line_of

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Average:
    """The habits of those who decide nowadays, each with its share: ``habit[m]``, ``share[m]``."""

    habit: Vector
    share: Vector

    @classmethod
    def of(cls, habit: Vector, weight: Vector) -> Average:
        """Of rows with their persons' habits (NaN where unknown) and weights; one of which at least is known."""
        known = np.isfinite(habit)
        values, place = np.unique(habit[known], return_inverse=True)
        share = np.bincount(place, weights=weight[known])
        return cls(values, share / share.sum())

    def probability(self, raw: Vector) -> Vector:
        """The mean over the persons, ``[n]``."""
        out = np.empty(len(raw))
        size = max(1, _BLOCK // len(self.habit))
        for start in range(0, len(raw), size):
            part = slice(start, start + size)
            out[part] = expit(raw[part, None] + self.habit) @ self.share
        return out

    def line(self, raw: Vector, weight: Vector) -> tuple[float, float]:
        """Slope and intercept that turn ``raw`` into the log-odds of `probability`, for rows like these."""
        mean = self.probability(raw)
        slope, intercept = line_of(raw, mean, weight)
        return (slope, intercept) if np.isfinite(slope) else (1.0, level_of(raw, mean, weight))


def linear(model: Linear, slope: float, intercept: float) -> Linear:
    """The model whose log-odds are ``slope * log-odds + intercept``."""
    weights = tuple(slope * weight for weight in model.weights)
    return Linear(model.design, weights, slope * model.intercept + intercept)


def boosted(booster: lightgbm.Booster, slope: float, intercept: float) -> Boosted:
    """The same for trees: the slope on every leaf, the intercept on the leaves of the first tree."""
    for number, tree in enumerate(booster.dump_model()["tree_info"]):
        added = intercept if number == 0 else 0.0
        for leaf in range(tree["num_leaves"]):
            booster.set_leaf_output(number, leaf, slope * booster.get_leaf_output(number, leaf) + added)
    return Boosted(booster.model_to_string())
