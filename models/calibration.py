"""From log-odds to a probability that means what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit

from models.arrays import Vector


@dataclass(frozen=True, slots=True)
class Calibration:
    """``probability = sigmoid(slope · raw + intercept + level)`` (Platt, 1999); ``level`` corrects for the recent rate.

    The slope is positive, so calibration never changes who comes first.
    """

    slope: float = 1.0
    intercept: float = 0.0
    level: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.slope, self.intercept, self.level))):
            raise ValueError("slope, intercept and level of a calibration are finite")
        if self.slope <= 0:
            raise ValueError(f"the slope of a calibration is positive, got {self.slope}: others turn the ranking over")

    def log_odds(self, raw: Vector) -> Vector:
        """Log-odds ``[n]`` to those of the calibrated probability, ``[n]``."""
        return np.asarray(self.slope * raw + self.intercept + self.level, dtype=np.float64)

    def probability(self, raw: Vector) -> Vector:
        """Log-odds ``[n]`` to probabilities ``[n]``."""
        return np.asarray(expit(self.log_odds(raw)), dtype=np.float64)

    def to_json(self) -> dict[str, float]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The calibration that `to_json` described."""
        return cls(**{key: float(value) for key, value in document.items()})
