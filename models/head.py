"""A head: one probability, from a weighted blend of components and its calibration; and the two heads together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.arrays import Matrix, Vector
from models.calibration import Calibration
from models.components import Component, component_of


@dataclass(frozen=True)
class Head:
    """``raw = Σ weight · log-odds of the component``: blending log-odds keeps contributions additive."""

    components: tuple[Component, ...]
    weights: tuple[float, ...]
    calibration: Calibration = field(default_factory=Calibration)

    def __post_init__(self) -> None:
        if not self.components or len(self.components) != len(self.weights):
            raise ValueError(f"{len(self.components)} components and {len(self.weights)} weights: one weight each")
        if not all(np.isfinite(self.weights)) or min(self.weights) < 0 or not any(self.weights):
            raise ValueError(f"weights of a blend are finite, not negative and not all zero, got {self.weights}")

    @property
    def base(self) -> float:
        """The blended base, in log-odds before calibration."""
        return float(sum(w * c.base for c, w in zip(self.components, self.weights, strict=True)))

    def raw(self, x: Matrix) -> Vector:
        """``[n, k]`` to log-odds before calibration, ``[n]``."""
        total = np.zeros(len(x))
        for component, weight in zip(self.components, self.weights, strict=True):
            total += weight * component.log_odds(x)
        return total

    def contributions(self, x: Matrix) -> tuple[Matrix, float]:
        """``[n, k]`` to ``[n, k]`` and the base: a row's contributions and the base add up to its `raw`."""
        total = np.zeros(x.shape)
        for component, weight in zip(self.components, self.weights, strict=True):
            total += weight * component.contributions(x)[0]
        return total, self.base

    def probability(self, x: Matrix) -> Vector:
        """``[n, k]`` to calibrated probabilities, ``[n]``."""
        return self.calibration.probability(self.raw(x))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "calibration": self.calibration.to_json(),
            "weights": list(self.weights),
            "components": [component.to_json() for component in self.components],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The head that `to_json` described."""
        return cls(
            components=tuple(component_of(component) for component in document["components"]),
            weights=tuple(float(weight) for weight in document["weights"]),
            calibration=Calibration.from_json(document["calibration"]),
        )


@dataclass(frozen=True)
class Heads:
    """Both heads. Where the history records no acceptances there is none for them."""

    close: Head
    accept: Head | None = None

    def raw(self, x: Matrix) -> dict[str, Vector]:
        """``[n, k]`` to log-odds before calibration, ``[n]`` for each head by its name."""
        return {name: head.raw(x) for name, head in self.named.items()}

    def probabilities(self, x: Matrix, accepted: npt.NDArray[np.bool_]) -> tuple[Vector, Vector]:
        """``p_accept[n]`` and ``p_close[n]``, which is never above it. See `link`."""
        return self.link(self.raw(x), accepted)

    def link(self, raw: Mapping[str, Vector], accepted: npt.NDArray[np.bool_]) -> tuple[Vector, Vector]:
        """`probabilities` from what `raw` gave.

        ``accepted[n]``: sales had accepted the lead by then, so ``p_accept`` is 1. Without an accept head it is NaN.
        """
        close = self.close.calibration.probability(raw["close"])
        if self.accept is None:
            return np.full(len(close), np.nan), close
        accept = np.where(accepted, 1.0, self.accept.calibration.probability(raw["accept"]))
        return accept, np.minimum(close, accept)

    @property
    def named(self) -> dict[str, Head]:
        """The heads there are, by name."""
        heads = {"accept": self.accept, "close": self.close}
        return {name: head for name, head in heads.items() if head is not None}
