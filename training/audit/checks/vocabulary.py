"""How many of a field's values read like something, judged on the values and never on the field's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from training.audit.columns import Column


@dataclass(frozen=True, slots=True)
class Reading:
    """The share of the filled values that match, and the levels that do, most frequent first."""

    share: float
    levels: list[str]


def reads_like(column: Column, pattern: re.Pattern[str]) -> Reading:
    """Match each level of a field of words once, and weigh it by its leads."""
    counts = column.counts(column.filled)[:-1]
    matching = [i for i, level in enumerate(column.levels) if pattern.search(level)]
    matching.sort(key=lambda i: -counts[i])
    total = counts.sum()
    share = float(counts[matching].sum() / total) if total else 0.0
    return Reading(share, [column.levels[i] for i in matching])
