"""Whether enough is known about a lead for its score to mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from features.spec import Family, Feature
from models.arrays import Matrix, Positions, Vector, row_sums

TOLD = frozenset({Family.ATTRIBUTE, Family.PRESENCE, Family.AGE, Family.SENIORITY, Family.DOMAIN})
"""What the lead said, or somebody about it."""

DONE = frozenset({Family.COUNT, Family.RECENCY, Family.TREND, Family.ACTIVE_DAYS})
"""What the lead did."""


@dataclass(frozen=True)
class Information:
    """The share of what usually moves the score that is known about a lead.

    ``importance[k]`` is the mean absolute contribution of each feature to the close head among the reference leads.
    What we were told about a lead (`TOLD`) is known where it is not missing, and what it did (`DONE`) as soon as it did
    anything: a lead never seen doing anything is one we do not know, not one we know to be idle. Other features, such
    as the age of the lead or the past rate of its source, are worked out without knowing the lead and do not count.
    """

    ENOUGH: ClassVar[float] = 0.5

    features: tuple[Feature, ...]
    importance: tuple[float, ...]

    def share(self, x: Matrix) -> Vector:
        """``[n, k]`` to the known share, 0 to 1, ``[n]``; 1 where nothing that could be known moves the score."""
        told, done = self._weights
        total = told.sum() + done
        if not total > 0:
            return np.ones(len(x))
        return np.asarray((row_sums(self._is_known(x) * told) + np.where(self._active(x), done, 0.0)) / total)

    def enough(self, x: Matrix) -> npt.NDArray[np.bool_]:
        """Whether at least half of it is known, ``[n]``."""
        return np.asarray(self.share(x) >= self.ENOUGH)

    def missing(self, x: Matrix, most: int = 3) -> list[tuple[int, ...]]:
        """For each row the numbers of at most ``most`` features not told, the most important of each topic first."""
        return [self._first(row, most) for row in self._is_known(x).tolist()]

    def _first(self, known: Sequence[bool], most: int) -> tuple[int, ...]:
        if all(known):
            return ()
        told = {topic for topic, is_known in zip(self._topics, known, strict=True) if is_known}
        found: dict[str, int] = {}
        for i in self._by_importance:
            if not known[i] and self._topics[i] not in told and len(found) < most:
                found.setdefault(self._topics[i], int(self._told[i]))
        return tuple(found.values())

    def _is_known(self, x: Matrix) -> npt.NDArray[np.bool_]:
        values = x[:, self._told]
        return np.asarray(~np.isnan(values) & ~(self._presence & (values == 0)))

    def _active(self, x: Matrix) -> npt.NDArray[np.bool_]:
        values = x[:, self._done]
        return np.asarray((~np.isnan(values) & (values != 0)).any(axis=1))

    @cached_property
    def _weights(self) -> tuple[Vector, float]:
        """The importance of each feature told, and of all that was done together."""
        weights = np.array(self.importance)
        return weights[self._told], float(weights[self._done].sum())

    @cached_property
    def _topics(self) -> list[str]:
        return [self.features[i].topic for i in self._told]

    @cached_property
    def _by_importance(self) -> list[int]:
        """Which of the features told move the score, those that do most first."""
        weights = self._weights[0]
        return [int(i) for i in np.argsort(-weights, kind="stable") if weights[i] > 0]

    @cached_property
    def _told(self) -> Positions:
        return np.array([i for i, f in enumerate(self.features) if f.family in TOLD], dtype=np.intp)

    @cached_property
    def _done(self) -> Positions:
        return np.array([i for i, f in enumerate(self.features) if f.family in DONE], dtype=np.intp)

    @cached_property
    def _presence(self) -> npt.NDArray[np.bool_]:
        return np.array([self.features[i].family is Family.PRESENCE for i in self._told], dtype=bool)
