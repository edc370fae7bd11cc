"""A logistic regression, its parameters as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from models.arrays import Matrix, Positions, Vector, grouped_sums, row_sums
from models.design import Design


@dataclass(frozen=True)
class Linear:
    """``log-odds = intercept + Σ weight · design column``.

    Columns of the design are centred, so the intercept is the base: the log-odds of an average lead. A feature's
    contribution is the sum over its columns. With no columns at all it is a constant.
    """

    KIND: ClassVar[str] = "linear"

    design: Design
    weights: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.design.columns):
            raise ValueError(f"{len(self.weights)} weights for {len(self.design.columns)} columns of the design")

    @property
    def base(self) -> float:
        """The intercept."""
        return self.intercept

    def log_odds(self, x: Matrix) -> Vector:
        """``[n, k]`` to ``[n]``."""
        return self.intercept + row_sums(self._terms(x))

    def contributions(self, x: Matrix) -> tuple[Matrix, float]:
        """``[n, k]`` to ``[n, k]`` and the base; a feature without a column contributes 0."""
        out = np.zeros(x.shape)
        features, starts = self._groups
        out[:, features] = grouped_sums(self._terms(x), starts)
        return out, self.base

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        columns = self.design.to_json()
        for column, weight in zip(columns, self.weights, strict=True):
            column["weight"] = weight
        return {"kind": self.KIND, "intercept": self.intercept, "columns": columns}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The model that `to_json` described."""
        columns = [dict(column) for column in document["columns"]]
        weights = tuple(float(column.pop("weight")) for column in columns)
        return cls(Design.from_json(columns), weights, float(document["intercept"]))

    def _terms(self, x: Matrix) -> Matrix:
        terms = self.design.encode(x)
        terms *= self._weights
        return terms

    @cached_property
    def _weights(self) -> Vector:
        return np.array(self.weights, dtype=np.float64)

    @cached_property
    def _groups(self) -> tuple[Positions, Positions]:
        features, starts = np.unique(self.design.features, return_index=True)
        return features, starts
