"""The order in which leads came in: by their creation, or by what stands in for it in a flat export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import History
from training.audit.statistics import Floats, rank_correlation

_MOST_LEADS = 0.5
_DISTINCT = 0.99
_RUNS = 0.98
_FEWEST = 30
_ENOUGH_TO_BE_DENSE = 500
_SPACING = 100.0


@dataclass(frozen=True, slots=True)
class Order:
    """A rank for each lead (equal ranks for equal times), what it rests on in words, and whether it is time itself."""

    rank: Floats
    words: str
    is_time: bool


def order_of(history: History) -> Order:
    """Creation time where leads have one; else a serial number among the fields; else the rows of the export."""
    created = history.leads["created_at"]
    if created.notna().mean() > _MOST_LEADS:
        return Order(
            created.rank(method="dense", na_option="top").to_numpy(dtype="float64"), "creation time", is_time=True
        )
    names = ["lead_id", *(f.name for f in history.fields if not f.of_account and f.name in history.leads)]
    for name in names:
        numbers = serial_numbers(history.leads[name])
        if numbers is not None:
            return Order(numbers, f"the serial number `{name}`", is_time=False)
    return Order(np.arange(len(created), dtype="float64"), "the order of rows in the export", is_time=False)


def serial_numbers(values: pd.Series) -> Floats | None:
    """The values as numbers if they are a serial number, else None.

    A serial number has a whole number of its own for nearly every lead, and either rises or falls with the rows of the
    export, or, where the leads are many, lies so densely that amounts or sizes would have met by chance.
    """
    if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype)):
        return None
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    filled = np.isfinite(numbers)
    seen = numbers[filled]
    if len(seen) < max(_FEWEST, _DISTINCT * len(numbers)) or (seen != np.floor(seen)).any():
        return None
    if len(np.unique(seen)) < _DISTINCT * len(seen):
        return None
    dense = len(seen) >= _ENOUGH_TO_BE_DENSE and np.ptp(seen) <= _SPACING * len(seen)
    runs = abs(rank_correlation(seen, np.flatnonzero(filled).astype("float64"))) >= _RUNS
    return numbers if dense or runs else None
