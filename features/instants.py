"""Instants as int64 microseconds since 1970 UTC. ``NAT``, the smallest int64, is "no time", as in numpy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NAT = int(np.iinfo(np.int64).min)
END = int(np.iinfo(np.int64).max)
DAY = 86_400_000_000


def micros(times: pd.Series) -> Ints:
    """A column of times as int64 microseconds, on the same rows; NaT becomes `NAT`.

    >>> micros(pd.Series(pd.to_datetime(["1970-01-02T00:00Z", None], utc=True))).tolist() == [DAY, NAT]
    True
    """
    instants: Ints = times.to_numpy(dtype="datetime64[us]").view(np.int64)
    return instants


def micros_of(instant: pd.Timestamp) -> int:
    """One instant as microseconds; it must have a zone.

    >>> micros_of(pd.Timestamp("1970-01-02T00:00+00:00")) == DAY
    True
    """
    return int(instant.tz_convert("UTC").to_datetime64().astype("datetime64[us]").astype(np.int64))


def age(instant: Ints | Floats, as_of: Ints) -> Floats:
    """Days from each instant to ``as_of``; NaN where there is none or it lies after ``as_of``.

    Whole microseconds are subtracted and divided once, so the result is the same to the last bit wherever it is
    computed. ``instant`` may also be whole microseconds as floats with NaN for none (exact from 1685 to 2255).
    """
    days: Floats = (as_of - instant) / DAY
    known = (instant <= as_of) & (instant != NAT) if instant.dtype == np.int64 else instant <= as_of
    days[~known] = np.nan
    return days
