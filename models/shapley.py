"""Exact Shapley values of boosted trees, read from tables instead of worked out for every row.

What one leaf adds to a row depends only on which of the features on its way the row satisfies: with ``D`` features
there are ``2 ** D`` patterns. A feature's Shapley value in the game of one leaf (path-dependent TreeSHAP, Lundberg and
others, 2020) is ``value · (satisfied - share) · ∫ Π (t · satisfied + (1 - t) · share) dt`` over 0 to 1, the product
over the other features: Owen's multilinear extension (1972). The integrand is a polynomial of degree ``D - 1``, so
Gauss-Legendre quadrature with ``D / 2`` nodes is exact. This is done once for every pattern of every leaf.

Equal to LightGBM's ``pred_contrib`` within rounding, and several times faster where the tables are small enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.arrays import Matrix, Positions
from models.trees import Flags, Leaf, Splits

MOST_ENTRIES = 4_000_000
"""Numbers in the tables of one booster at most, 16 bytes each: one to look up by row, one by leaf."""

_ONE_BY_ONE = 256
"""Up to so many rows are done one at a time, over all leaves at once; more of them leaf by leaf."""

_CHUNK = 2048
"""Rows done together, leaf by leaf."""

_TOGETHER = 1 << 18
"""Entries of tables made together."""


def entries(leaves: Sequence[Leaf]) -> int:
    """How many numbers the tables of these leaves hold."""
    return sum(len(leaf.features) << len(leaf.features) for leaf in leaves)


@dataclass(frozen=True)
class LeafTables:
    """The tables of a booster's leaves; ``width`` is the number of its features.

    Rows one at a time and rows leaf by leaf add the same numbers in the same order, so a row's contributions are the
    same to the last bit whatever comes with it.
    """

    splits: Splits
    leaves: Sequence[Leaf]
    width: int

    @cached_property
    def base(self) -> float:
        """The expected value of the trees over their training rows."""
        return float(sum(leaf.value * float(np.prod(leaf.shares)) for leaf in self.leaves))

    def contributions(self, x: Matrix) -> Matrix:
        """``[n, k]`` to ``[n, k]``."""
        out = np.zeros((len(x), self.width))
        if not self._grown:
            return out
        if len(x) <= _ONE_BY_ONE:
            left = self.splits.left(x)
            for i in range(len(x)):
                out[i] = self._of_row(left[:, i])
            return out
        for start in range(0, len(x), _CHUNK):
            out[start : start + _CHUNK] = self._of_rows(x[start : start + _CHUNK]).T
        return out

    def _of_row(self, left: Flags) -> npt.NDArray[np.float64]:
        at = self._index
        satisfied = left.take(at.split) == at.left
        satisfied[at.again[left.take(at.split_again) != at.left_again]] = False
        pattern = np.add.reduceat(satisfied * at.bit, at.first_slot)
        values = at.table.take(at.begin + pattern.take(at.leaf))
        return np.asarray(np.bincount(at.feature, values, minlength=self.width), dtype=np.float64)

    def _of_rows(self, x: Matrix) -> Matrix:
        out = np.zeros((self.width, len(x)))
        left = self.splits.left(x)
        sides = (~left, left)
        for leaf, table in zip(self._grown, self._tables, strict=True):
            pattern = np.zeros(len(x), dtype=np.uint32)
            for d, steps in enumerate(leaf.steps):
                satisfied = sides[steps[0].left][steps[0].split]
                for step in steps[1:]:
                    satisfied = satisfied & sides[step.left][step.split]
                pattern |= satisfied.astype(np.uint32) << np.uint32(d)
            place = pattern.astype(np.intp)
            for feature, values in zip(leaf.features, table, strict=True):
                out[feature] += values.take(place)
        return out

    @cached_property
    def _grown(self) -> list[Leaf]:
        """The leaves that any feature leads to."""
        return [leaf for leaf in self.leaves if leaf.features]

    @cached_property
    def _tables(self) -> list[Matrix]:
        """For each leaf ``[D, 2 ** D]``: what each feature adds under each pattern; its bit ``d`` is feature ``d``."""
        by_depth: dict[int, list[int]] = {}
        for i, leaf in enumerate(self._grown):
            by_depth.setdefault(len(leaf.features), []).append(i)
        tables: list[Matrix] = [np.zeros((0, 0))] * len(self._grown)
        for depth, members in by_depth.items():
            size = max(1, _TOGETHER // (depth << depth))
            for start in range(0, len(members), size):
                some = members[start : start + size]
                for i, table in zip(some, _alike([self._grown[i] for i in some]), strict=True):
                    tables[i] = table
        return tables

    @cached_property
    def _index(self) -> _Index:
        return _index(self._grown, self._tables)


@dataclass(frozen=True, slots=True)
class _Index:
    """All leaves laid end to end. A slot is a feature of a leaf; most have one split to pass, some have more."""

    split: Positions  # of each slot, the first
    left: Flags  # of each slot: whether its way goes left there
    bit: Positions  # of each slot: its bit in the pattern
    leaf: Positions  # of each slot
    feature: Positions  # of each slot
    begin: Positions  # of each slot: where its row of the table begins
    again: Positions  # of each further split: its slot
    split_again: Positions
    left_again: Flags
    first_slot: Positions  # of each leaf
    table: npt.NDArray[np.float64]


def _index(leaves: Sequence[Leaf], tables: Sequence[Matrix]) -> _Index:
    depth = np.array([len(leaf.features) for leaf in leaves], dtype=np.intp)
    slots = [steps for leaf in leaves for steps in leaf.steps]
    more = [(slot, step) for slot, steps in enumerate(slots) for step in steps[1:]]
    position = np.concatenate([np.arange(d) for d in depth])
    first_entry = np.cumsum([0, *(table.size for table in tables)], dtype=np.intp)[:-1]
    leaf = np.repeat(np.arange(len(leaves)), depth)
    return _Index(
        split=np.array([steps[0].split for steps in slots], dtype=np.intp),
        left=np.array([steps[0].left for steps in slots], dtype=bool),
        bit=np.left_shift(1, position),
        leaf=leaf,
        feature=np.array([feature for one in leaves for feature in one.features], dtype=np.intp),
        begin=first_entry[leaf] + (position << depth[leaf]),
        again=np.array([slot for slot, _ in more], dtype=np.intp),
        split_again=np.array([step.split for _, step in more], dtype=np.intp),
        left_again=np.array([step.left for _, step in more], dtype=bool),
        first_slot=np.cumsum([0, *depth], dtype=np.intp)[:-1],
        table=np.concatenate([table.ravel() for table in tables]),
    )


def _alike(leaves: Sequence[Leaf]) -> npt.NDArray[np.float64]:
    """The tables of leaves with ``D`` features each: ``[leaves, D, 2 ** D]``."""
    depth = len(leaves[0].features)
    value = np.array([leaf.value for leaf in leaves])[:, None, None]
    share = np.array([leaf.shares for leaf in leaves])[:, :, None]
    satisfied = (np.arange(1 << depth) >> np.arange(depth)[:, None]) & 1
    nodes, weights = np.polynomial.legendre.leggauss((depth + 1) // 2)
    integral = np.zeros((len(leaves), *satisfied.shape))
    ones = np.ones((len(leaves), 1, 1 << depth))
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factor = t * satisfied + (1 - t) * share
        before = np.cumprod(np.concatenate([ones, factor[:, :-1]], axis=1), axis=1)
        after = np.cumprod(np.concatenate([ones, factor[:, :0:-1]], axis=1), axis=1)[:, ::-1]
        integral += weight * before * after
    return np.asarray(value * (satisfied - share) * integral)
