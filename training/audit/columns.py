"""One field laid out for the checks: its values, where it is filled, and the level of each lead."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crm.history import Field, Kind
from training.audit.statistics import Codes, Flags, Floats

_BINS = 20
_MOST_LEVELS_OF_A_NUMBER = 30


@dataclass(frozen=True)
class Column:
    """One field of the leads, or of their accounts.

    ``codes`` gives each lead's level, -1 where missing; ``levels`` are their words, and ``raw`` the values as they are.
    Categories keep their values; numbers and dates with many values are cut into twenty equally filled bins, beside the
    values that many leads share. ``distinct`` counts the values. ``number`` holds numbers and dates (in days)
    as floats, NaN where missing, and is None for words.
    """

    field: Field
    raw: pd.Series
    filled: Flags
    codes: Codes
    levels: tuple[str, ...]
    distinct: int
    number: Floats | None

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def fill(self) -> float:
        """The share of leads with a value."""
        return float(self.filled.mean()) if len(self.filled) else 0.0

    def counts(self, where: Flags) -> Floats:
        """How many of these leads have each level; those without a value come last."""
        width = len(self.levels)
        return np.bincount(np.where(self.codes[where] < 0, width, self.codes[where]), minlength=width + 1).astype("f8")


def column_of(field: Field, values: pd.Series) -> Column:
    """Lay out a field's values, one a lead."""
    number = _numbers(field, values)
    codes, uniques = pd.factorize(values)
    distinct = len(uniques)
    if number is not None and distinct > _MOST_LEVELS_OF_A_NUMBER:
        codes, levels = _binned(number)
    else:
        levels = tuple(_words(value) for value in uniques)
    filled = values.notna().to_numpy(dtype=bool)
    return Column(field, values, filled, codes.astype("int64"), levels, distinct, number)


def _numbers(field: Field, values: pd.Series) -> Floats | None:
    if field.kind in (Kind.NUMBER, Kind.BOOLEAN):
        return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan))
    if field.kind is Kind.DATE:
        days = values.to_numpy(dtype="datetime64[us]").astype("int64") / 86_400_000_000
        return np.where(values.isna().to_numpy(), np.nan, days)
    return None


def _binned(number: Floats) -> tuple[Codes, tuple[str, ...]]:
    """Values that many leads share, such as 0, are levels of their own; the rest are cut into equally filled bins."""
    filled = ~np.isnan(number)
    values, counts = np.unique(number[filled], return_counts=True)
    common = values[counts * _BINS >= filled.sum()]
    alone = filled & np.isin(number, common)
    codes = np.where(alone, np.searchsorted(common, np.where(alone, number, 0.0)), -1)
    rest = filled & ~alone
    edges = np.unique(np.quantile(number[rest], np.linspace(0, 1, _BINS + 1)[1:-1], method="lower"))
    bins = np.searchsorted(edges, np.where(rest, number, 0.0), side="right")
    bounds = [f"{edge:g}" for edge in edges]
    words = [f"below {bounds[0]}", *(f"{a} to {b}" for a, b in pairwise(bounds)), f"from {bounds[-1]}"]
    codes = np.where(rest, bins + len(common), codes)
    return codes.astype("int64"), (*(f"{value:g}" for value in common), *words)


def _words(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
