"""Designs of logistic regressions: which columns, and how they are put on one scale, learned from the training rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import skew

from features.catalog import Catalog, Feature, FeatureKind
from models.arrays import Matrix, Vector
from models.design import Column, Design, Form

CLIPPED = 0.01
"""Share of the values at each end that is pulled in: one odd number must not carry a weight."""

SKEWED = 1.0
"""Numbers that lean further than this to one side enter as logarithms."""

BLOCK = 1 << 15
"""Rows that are encoded at a time."""

LEVEL_SCALE = 0.5
"""Scale of the columns of levels and of missing values: that of an even split. Their own would free rare levels from
the penalty, which is where it is needed."""


def design_of(catalog: Catalog, x: Matrix, weight: Vector) -> Design:
    """The design for rows ``x[n, k]`` with weights ``weight[n]``, centred and scaled on them.

    A number gives itself, clipped, its median where missing, and a column that says it was missing if it ever was; a
    category gives one column for each level that occurs, but for the most frequent. Features of one value give none.
    """
    columns = [column for i, feature in enumerate(catalog.features) for column in _columns(i, feature, x[:, i])]
    bare = Design(tuple(columns))
    mass = weight / weight.sum()
    mean = sum((mass[rows] @ bare.raw(x[rows]) for rows in _blocks(len(x))), np.zeros(len(bare.columns)))
    squares = (mass[rows] @ (bare.raw(x[rows]) - mean) ** 2 for rows in _blocks(len(x)))
    spread = np.sqrt(sum(squares, np.zeros(len(bare.columns))))
    flags = np.array([column.form in {Form.LEVEL, Form.MISSING} for column in bare.columns], dtype=bool)
    scale = np.where(flags, LEVEL_SCALE, np.where(spread > 0, spread, 1.0))
    return bare.standardised(mean, scale)


def encoded(design: Design, x: Matrix) -> Matrix:
    """``design.encode(x)``, a block of rows at a time: encoding all at once needs several copies of ``x``."""
    out = np.empty((len(x), len(design.columns)))
    for rows in _blocks(len(x)):
        out[rows] = design.encode(x[rows])
    return out


def _blocks(rows: int) -> Iterator[slice]:
    yield from (slice(start, start + BLOCK) for start in range(0, rows, BLOCK))


def _columns(i: int, feature: Feature, values: Vector) -> Iterator[Column]:
    missing = np.isnan(values)
    known = values[~missing]
    if feature.kind == FeatureKind.CATEGORY:
        codes, counts = np.unique(known, return_counts=True)
        for code in codes[np.arange(len(codes)) != (np.argmax(counts) if len(counts) else 0)]:
            yield Column(i, Form.LEVEL, level=int(code))
    elif len(known) and known.min() < known.max():
        yield _number(i, known)
    if missing.any() and not missing.all():
        yield Column(i, Form.MISSING)


def _number(i: int, known: Vector) -> Column:
    low, fill, high = np.quantile(known, (CLIPPED, 0.5, 1 - CLIPPED))
    if not low < high:  # nearly always the same value: what is rare is all there is to know
        low, high = known.min(), known.max()
    held = np.clip(known, low, high)
    form = Form.LOG if abs(skew(held)) > SKEWED else Form.NUMBER
    return Column(i, form, fill=float(fill), low=float(low), high=float(high))
