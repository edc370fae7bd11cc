"""From contributions to reasons: what moved a lead's score most, told once a topic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.spec import Family, Feature
from models.arrays import Matrix, Positions, grouped_sums

POINTS_TO_DOUBLE = 10
"""So many points double the odds that a lead closes; so many points less halve them."""


Odds = TypeVar("Odds", float, Matrix)


def points_of(log_odds: Odds) -> Odds:
    """Log-odds in points, not rounded.

    >>> points_of(math.log(4))
    20.0
    """
    return log_odds * (POINTS_TO_DOUBLE / math.log(2))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is higher (``points`` above 0) or lower than an average lead's.

    ``points`` are those of the whole ``topic``, to one decimal; ``feature`` is the one of its features that speaks most
    for it, and ``text`` tells the lead's own fact about it.
    """

    feature: str
    topic: str
    points: float
    text: str


@dataclass(frozen=True)
class Topics:
    """The features by topic, topics in the order in which they first come."""

    features: tuple[Feature, ...]

    def points(self, contributions: Matrix) -> Matrix:
        """Contributions to log-odds ``[n, k]`` to points by topic, ``[n, topics]``, not rounded."""
        return points_of(self.sums(contributions))

    def sums(self, contributions: Matrix) -> Matrix:
        """Contributions to log-odds ``[n, k]`` to those of each topic, ``[n, topics]``."""
        return grouped_sums(contributions[:, self._order], self._starts)

    def top(self, x: Matrix, contributions: Matrix, most: int) -> tuple[Positions, Matrix]:
        """For each row of features ``x[n, k]`` the ``most`` weightiest topics, weightiest first.

        A step of the funnel that has not come yet is told last: it moves every lead of its stage alike, so that sales
        has not accepted a lead yet says nothing of the lead.

        Gives the number of the feature that speaks for each topic (the largest contribution of the topic's own sign)
        and the topic's points to one decimal: ``[n, r]`` each, ``r = min(most, topics)``.
        """
        points = self.points(contributions)
        weight = np.where(self._ahead(x), -1.0, np.abs(points))
        best = np.argsort(-weight, axis=1, kind="stable")[:, :most]
        total = np.take_along_axis(points, best, axis=1)
        members = self._members[best]
        row = np.arange(len(points))[:, None, None]
        agreeing = contributions[row, members] * np.where(total < 0, -1.0, 1.0)[:, :, None]
        speaker = np.where(members < 0, -np.inf, agreeing).argmax(axis=2)
        return np.take_along_axis(members, speaker[:, :, None], axis=2)[:, :, 0], np.round(total, 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The topics."""
        return tuple(dict.fromkeys(feature.topic for feature in self.features))

    @property
    def members(self) -> list[list[int]]:
        """The numbers of the features of each topic."""
        return self._groups

    def _ahead(self, x: Matrix) -> npt.NDArray[np.bool_]:
        """Which topics are steps of the funnel still ahead, ``[n, topics]``."""
        ahead = np.zeros((len(x), len(self._groups)), dtype=bool)
        for topic, flag in self._steps:
            ahead[:, topic] = x[:, flag] == 0
        return ahead

    @cached_property
    def _steps(self) -> list[tuple[int, int]]:
        """The topics that are steps of the funnel, each with the feature that says whether it has come."""
        flags = [(i, feature.topic) for i, feature in enumerate(self.features) if feature.family is Family.PROGRESS]
        return [(self.names.index(topic), i) for i, topic in flags]

    @cached_property
    def _groups(self) -> list[list[int]]:
        groups: dict[str, list[int]] = {name: [] for name in self.names}
        for i, feature in enumerate(self.features):
            groups[feature.topic].append(i)
        return list(groups.values())

    @cached_property
    def _order(self) -> Positions:
        return np.array([i for group in self._groups for i in group], dtype=np.intp)

    @cached_property
    def _starts(self) -> Positions:
        return np.cumsum([0, *map(len, self._groups)], dtype=np.intp)[:-1]

    @cached_property
    def _members(self) -> Positions:
        """The features of each topic, filled up with -1: ``[topics, the largest topic]``."""
        width = max(map(len, self._groups), default=0)
        rows = [group + [-1] * (width - len(group)) for group in self._groups]
        return np.array(rows, dtype=np.intp).reshape(len(rows), width)
