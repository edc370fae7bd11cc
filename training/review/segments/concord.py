"""How far marketing's segments and sales's classes say the same of accounts.

Cramér's V, corrected for what chance alone gives (Bergsma 2013, J. Korean Stat. Soc. 42:323): 0 where a segment says
nothing of the class, 1 where it says it all. Its range comes from drawing accounts anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

ROUNDS = 500
FEWEST = 30
"""Accounts below which nothing is said."""


@dataclass(frozen=True)
class Concord:
    """``table``: accounts by segment (rows, None for none) and class (columns). ``v`` with its 95 % range."""

    table: pd.DataFrame
    v: float
    low: float
    high: float

    def share_of(self, segment: str, klass: str) -> float:
        """The share of all accounts of a class that are in a segment."""
        return float(self.table.loc[segment, klass] / self.table[klass].sum())


def concord(segment: pd.Series, klass: pd.Series, *, seed: int) -> Concord | None:
    """How far two ways of sorting the same accounts agree; ``None`` where there is too little to say so."""
    known = klass.notna().to_numpy()
    rows, columns = segment[known].fillna(""), klass[known]
    if len(rows) < FEWEST or rows.nunique() < 2 or columns.nunique() < 2:  # noqa: PLR2004
        return None
    row, names = pd.factorize(rows, sort=True)
    column, kinds = pd.factorize(columns, sort=True)
    shape = len(names), len(kinds)
    cell = row * shape[1] + column
    counts = np.bincount(cell, minlength=shape[0] * shape[1])
    rng = np.random.default_rng((seed, len(rows)))
    drawn = rng.multinomial(len(rows), counts / len(rows), ROUNDS)
    range_ = np.quantile([_v(one.reshape(shape)) for one in drawn], (0.025, 0.975))
    v = _v(counts.reshape(shape))
    table = pd.DataFrame(counts.reshape(shape), index=names, columns=kinds)
    return Concord(table, v, float(min(range_[0], v)), float(max(range_[1], v)))


def _v(counts: np.ndarray) -> float:
    used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype("float64")
    n, (r, c) = used.sum(), used.shape
    if min(r, c) < 2:  # noqa: PLR2004
        return 0.0
    expected = np.outer(used.sum(axis=1), used.sum(axis=0)) / n
    phi = ((used - expected) ** 2 / expected).sum() / n
    phi = max(phi - (r - 1) * (c - 1) / (n - 1), 0.0)
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi / min(r - 1, c - 1)))
