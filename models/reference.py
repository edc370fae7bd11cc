"""The reference leads: those a new lead is ranked among."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.arrays import Vector
from models.definition import HIGHEST

DIGITS = 12
"""Probabilities that agree to so many decimals are one: the last bits of an exponential differ between machines."""


@dataclass(frozen=True)
class Reference:
    """The ``p_close`` of the reference leads as 98 cut-offs, between which the 99 scores lie.

    Cut-off ``i`` is the smallest ``p_close`` that at least ``i / 99`` of the leads' weight does not exceed. A lead that
    ties with many gets the middle of the scores they share, so a tie never fills a grade beyond its share.
    ``leads`` is how many they are.

    >>> Reference.of(np.array([0.1, 0.2, 0.3])).score(np.array([0.0, 0.1, 0.2, 0.3, 0.9])).tolist()
    [1, 17, 50, 83, 99]
    """

    cuts: tuple[float, ...]
    leads: int

    @classmethod
    def of(cls, p_close: Vector, weight: Vector | None = None) -> Self:
        """The reference of these leads: ``p_close[n]``, ``weight[n]`` (not negative, not all zero; default: equal)."""
        p, weight = np.asarray(p_close), np.ones(len(p_close)) if weight is None else np.asarray(weight)
        if len(p) == 0 or not np.isfinite(p).all() or not (weight >= 0).all() or not weight.sum() > 0:
            raise ValueError("a reference needs leads with finite probabilities and weights that are not all zero")
        order = np.argsort(p, kind="stable")
        order = order[weight[order] > 0]
        share = np.cumsum(weight[order])
        wanted = np.arange(1, HIGHEST) / HIGHEST * share[-1]
        at = np.searchsorted(share, wanted * (1 - 1e-12), side="left")
        return cls(tuple(np.round(p[order][at], DIGITS).tolist()), len(p))

    def score(self, p_close: Vector) -> npt.NDArray[np.int64]:
        """Probabilities ``[n]`` to scores 1 to 99, ``[n]``, never lower for a higher probability."""
        p = np.round(p_close, DIGITS)
        below = np.searchsorted(self._cuts, p, side="left")
        up_to = np.searchsorted(self._cuts, p, side="right")
        return np.asarray(1 + (below + up_to) // 2, dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"leads": self.leads, "cuts": list(self.cuts)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The reference that `to_json` described."""
        return cls(tuple(float(cut) for cut in document["cuts"]), int(document["leads"]))

    @cached_property
    def _cuts(self) -> Vector:
        return np.array(self.cuts)
