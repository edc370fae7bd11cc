"""Boosted trees taken apart: their splits, and for each leaf the features that lead to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

from models.arrays import Matrix, Positions

Flags = npt.NDArray[np.bool_]

_ZERO = 1e-35
"""What LightGBM takes for zero, where zero means missing."""

_INFINITE = 1e300
"""How LightGBM writes an infinite threshold when it dumps a model: it parts the missing from all others."""

_BLOCK = 1 << 17
"""Comparisons made at a time."""


class Split(NamedTuple):
    """A row goes left when its feature is at most ``threshold``, or one of ``levels``; missing as ``default_left``."""

    feature: int
    threshold: float
    levels: frozenset[int]
    default_left: bool
    missing: str  # "NaN", "Zero" or "None", in LightGBM's words


class Step(NamedTuple):
    """One split on the way to a leaf, and whether the way goes left there."""

    split: int
    left: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, and for each feature on the way to it all its splits there and the share of rows that pass them.

    ``features[d]``, ``steps[d]`` and ``shares[d]`` belong together. The shares are those of TreeSHAP: the product, over
    the feature's splits, of the training rows on this side to those at the split.
    """

    value: float
    features: tuple[int, ...]
    steps: tuple[tuple[Step, ...], ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Splits:
    """All splits of a booster."""

    splits: Sequence[Split]

    def left(self, x: Matrix) -> Flags:
        """Whether each row goes left at each split, as LightGBM decides it: ``[n, k]`` to ``[splits, n]``."""
        left = np.empty((len(self.splits), len(x)), dtype=bool)
        columns = np.ascontiguousarray(x.T)
        self._numbers(columns, left)
        self._categories(columns, left)
        return left

    def _numbers(self, columns: Matrix, left: Flags) -> None:
        """Fills the rows of ``left`` that compare a number; a column is read once for each meaning of missing."""
        values = columns.take(self._read_feature, axis=0)
        if len(at := self._read_missing_as_zero):
            values[at] = np.where(np.isnan(values[at]), 0.0, values[at])
        if len(at := self._read_zero_as_missing):
            values[at] = np.where(np.abs(values[at]) <= _ZERO, np.nan, values[at])
        missing = np.isnan(values)
        for at in _blocks(self._of_number, columns.shape[1]):
            read = self._reading[at]
            went = values.take(read, axis=0) <= self._threshold[at]
            went |= self._default_left[at] & missing.take(read, axis=0)
            left[at] = went

    def _categories(self, columns: Matrix, left: Flags) -> None:
        """Fills the rows of ``left`` that look a code up."""
        other = self._levels.shape[1] - 1
        for at in _blocks(self._of_category, columns.shape[1]):
            codes = columns.take(self._feature[at], axis=0)
            place = np.where((codes > -1) & (codes < other), codes, other).astype(np.intp)
            left[at] = self._levels[at[:, None], place]

    @cached_property
    def _feature(self) -> Positions:
        return np.array([split.feature for split in self.splits], dtype=np.intp)

    @cached_property
    def _threshold(self) -> Matrix:
        return np.array([[split.threshold] for split in self.splits], dtype=np.float64)

    @cached_property
    def _default_left(self) -> Flags:
        return np.array([[split.default_left] for split in self.splits], dtype=bool)

    @cached_property
    def _of_number(self) -> Positions:
        return np.array([i for i, split in enumerate(self.splits) if not split.levels], dtype=np.intp)

    @cached_property
    def _of_category(self) -> Positions:
        return np.array([i for i, split in enumerate(self.splits) if split.levels], dtype=np.intp)

    @cached_property
    def _pairs(self) -> list[tuple[int, str]]:
        """The pairs of a feature and a meaning of missing that occur."""
        return sorted({(split.feature, split.missing) for split in self.splits})

    @cached_property
    def _reading(self) -> Positions:
        """Which of the pairs each split compares."""
        place = {pair: i for i, pair in enumerate(self._pairs)}
        return np.array([place[split.feature, split.missing] for split in self.splits], dtype=np.intp)

    @cached_property
    def _read_feature(self) -> Positions:
        return np.array([feature for feature, _ in self._pairs], dtype=np.intp)

    @cached_property
    def _read_missing_as_zero(self) -> Positions:
        return np.array([i for i, (_, missing) in enumerate(self._pairs) if missing == "None"], dtype=np.intp)

    @cached_property
    def _read_zero_as_missing(self) -> Positions:
        return np.array([i for i, (_, missing) in enumerate(self._pairs) if missing == "Zero"], dtype=np.intp)

    @cached_property
    def _levels(self) -> Flags:
        """For each split whether each code goes left; the last column stands for missing and for any other code."""
        known = 1 + max((max(split.levels, default=-1) for split in self.splits), default=-1)
        table = np.zeros((len(self.splits), known + 1), dtype=bool)
        for row, split in zip(table, self.splits, strict=True):
            row[list(split.levels)] = True
        return table


def _blocks(positions: Positions, rows: int) -> Iterator[Positions]:
    """The positions in parts small enough for the cache."""
    size = max(1, _BLOCK // max(1, rows))
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


def take_apart(booster: lightgbm.Booster) -> tuple[Splits, list[Leaf]]:
    """The splits of all trees and their leaves, in the order of the trees."""
    splits: list[Split] = []
    leaves: list[Leaf] = []
    for tree in booster.dump_model()["tree_info"]:
        leaves += _leaves(tree["tree_structure"], splits, {})
    return Splits(splits), leaves


_Way = Mapping[int, tuple[tuple[Step, ...], float]]
"""Feature to its steps so far and the share of rows that pass them."""


def _leaves(node: Mapping[str, Any], splits: list[Split], way: _Way) -> Iterator[Leaf]:
    if "split_feature" not in node:
        steps, shares = zip(*way.values(), strict=True) if way else ((), ())
        yield Leaf(float(node["leaf_value"]), tuple(way), steps, shares)
        return
    split = _split(node)
    number = len(splits)
    splits.append(split)
    for side in ("left", "right"):
        child = node[f"{side}_child"]
        share = _rows(child) / _rows(node)
        steps, before = way.get(split.feature, ((), 1.0))
        step = Step(number, side == "left")
        yield from _leaves(child, splits, {**way, split.feature: ((*steps, step), before * share)})


def _split(node: Mapping[str, Any]) -> Split:
    of_category = node["decision_type"] == "=="
    threshold = np.nan if of_category else float(node["threshold"])
    return Split(
        feature=int(node["split_feature"]),
        threshold=np.inf if threshold >= _INFINITE else threshold,
        levels=frozenset(map(int, node["threshold"].split("||"))) if of_category else frozenset(),
        default_left=bool(node["default_left"]) and not of_category,
        missing=str(node["missing_type"]),
    )


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["internal_count"] if "internal_count" in node else node["leaf_count"])
