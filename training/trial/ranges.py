"""Ranges of figures from draws: the first value is the figure, the others are what the draws gave."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.sheet import Range
from training.trial.figures import COVERED, FEW

Floats = NDArray[np.float64]

_Z = 1.959964


def range_of(values: Floats) -> Range | None:
    """The figure and the middle `COVERED` of its draws; ``None`` where it, or most of them, is not known."""
    if not math.isfinite(values[0]):
        return None
    drawn = values[1:][np.isfinite(values[1:])]
    if len(drawn) < max(len(values) / 2, 2):
        return None
    low, high = np.quantile(drawn, [(1 - COVERED) / 2, (1 + COVERED) / 2])
    return Range(float(values[0]), float(low), float(high))


def share_of(part: Floats, whole: Floats, judged: int) -> Range | None:
    """A share of ``judged`` leads.

    Draws of nothing but yes, or no, tell of nothing else, and draws of a handful know little: then it is Wilson's
    interval (1927, J. Am. Stat. Assoc. 22:209).
    """
    if not whole[0] > 0 or not judged:
        return None
    found = range_of(ratio(np.column_stack([part, whole]), 0, 1))
    value = min(max(float(part[0] / whole[0]), 0.0), 1.0)
    if found is None or found.low == found.high or judged < FEW:
        return Range(value, *_wilson(value, judged))
    return Range(value, max(found.low, 0.0), min(found.high, 1.0))


def part_of(part: Floats, whole: Floats, yeses: int, leads: float) -> Range | None:
    """The share that a choice of ``leads`` has of all ``yeses``; exact where it takes no lead, or every one."""
    if whole[0] > 0 and (not leads or np.array_equal(part, whole)):
        return Range(*[float(leads > 0)] * 3)
    return share_of(part, whole, yeses)


def number_of(values: Floats, share: Range | None, leads: float) -> Range | None:
    """A number of yeses among ``leads``; where it is none, up to as many as the share of yeses may be."""
    found = range_of(values)
    if found is None or share is None or found.value > 0:
        return found
    return Range(found.value, found.low, max(found.high, share.high * leads))


def ratio(sums: Floats, part: int, whole: int) -> Floats:
    """One column by another, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, part] / sums[:, whole])


def _wilson(p: float, n: int) -> tuple[float, float]:
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)
