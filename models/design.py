"""From features to the design matrix of a logistic regression: one implementation for training and serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np

from models.arrays import Matrix, Positions, Vector


class Form(StrEnum):
    """How a column of the design is made from a feature."""

    NUMBER = "number"  # the value held between `low` and `high`; `fill` where missing
    LOG = "log"  # sign(v)·log(1 + |v|) of that
    LEVEL = "level"  # 1 where the category has the code `level`, else 0
    MISSING = "missing"  # 1 where the value is missing, else 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the design matrix: ``(made - mean) / scale`` of what ``form`` makes of feature number ``feature``.

    ``low``, ``high`` and ``fill`` are in the feature's own unit, before any logarithm; ``None`` is no bound.
    """

    feature: int
    form: Form
    level: int | None = None
    fill: float = 0.0
    low: float | None = None
    high: float | None = None
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Design:
    """The columns of a design matrix, in the order of their features.

    `raw` is before and `encode` after standardisation: training makes a design with the default means and scales, looks
    at ``raw(x)`` of its rows, and takes `standardised`.

    >>> design = Design((Column(0, Form.LOG, fill=1.0), Column(0, Form.MISSING)))
    >>> design.raw(np.array([[0.0], [np.nan]])).round(3).tolist()
    [[0.0, 0.0], [0.693, 1.0]]
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        features = [column.feature for column in self.columns]
        if features != sorted(features):
            raise ValueError("columns of a design stand in the order of their features")

    def raw(self, x: Matrix) -> Matrix:
        """``[n, k]`` to ``[n, m]``, not standardised; never NaN."""
        made = x.take(self.features, axis=1)
        missing = np.isnan(made)
        numeric, logs, levels, missings = self._at
        held = np.clip(made[:, numeric], self._low, self._high)
        made[:, numeric] = np.where(missing[:, numeric], self._fill, held)
        if len(logs):
            values = made[:, logs]
            made[:, logs] = np.sign(values) * np.log1p(np.abs(values))
        made[:, levels] = made[:, levels] == self._level
        made[:, missings] = missing[:, missings]
        return made

    def encode(self, x: Matrix) -> Matrix:
        """``[n, k]`` to ``[n, m]``, standardised."""
        made = self.raw(x)
        made -= self._mean
        made /= self._scale
        return made

    def standardised(self, mean: Sequence[float] | Vector, scale: Sequence[float] | Vector) -> Design:
        """The same columns with these means and scales, ``[m]`` each, in the order of ``columns``."""
        rows = zip(self.columns, mean, scale, strict=True)
        return Design(tuple(replace(column, mean=float(m), scale=float(s)) for column, m, s in rows))

    @cached_property
    def features(self) -> Positions:
        """The number of the feature that each column is made from, ``[m]``, not decreasing."""
        return np.array([column.feature for column in self.columns], dtype=np.intp)

    def to_json(self) -> list[dict[str, Any]]:
        """One object a column, without what is at its default."""
        default = asdict(Column(feature=-1, form=Form.NUMBER))
        keep = ("feature", "form")
        rows = (asdict(column) for column in self.columns)
        return [{key: v for key, v in row.items() if key in keep or v != default[key]} for row in rows]

    @classmethod
    def from_json(cls, document: Sequence[Mapping[str, Any]]) -> Self:
        """The design that `to_json` described."""
        return cls(tuple(Column(**{**row, "form": Form(row["form"])}) for row in document))

    @cached_property
    def _at(self) -> tuple[Positions, Positions, Positions, Positions]:
        """Where the columns of numbers (with logarithms), logarithms, levels and indicators stand."""
        groups = ({Form.NUMBER, Form.LOG}, {Form.LOG}, {Form.LEVEL}, {Form.MISSING})
        forms = [column.form for column in self.columns]
        numeric, logs, levels, missings = (
            np.array([i for i, form in enumerate(forms) if form in group], dtype=np.intp) for group in groups
        )
        return numeric, logs, levels, missings

    def _of(self, positions: Positions, name: str, missing: float) -> Vector:
        values = [getattr(self.columns[i], name) for i in positions]
        return np.array([missing if value is None else value for value in values], dtype=np.float64)

    @cached_property
    def _low(self) -> Vector:
        return self._of(self._at[0], "low", -np.inf)

    @cached_property
    def _high(self) -> Vector:
        return self._of(self._at[0], "high", np.inf)

    @cached_property
    def _fill(self) -> Vector:
        return self._of(self._at[0], "fill", 0.0)

    @cached_property
    def _level(self) -> Vector:
        return self._of(self._at[2], "level", np.nan)

    @cached_property
    def _mean(self) -> Vector:
        return np.array([column.mean for column in self.columns])

    @cached_property
    def _scale(self) -> Vector:
        return np.array([column.scale for column in self.columns])
