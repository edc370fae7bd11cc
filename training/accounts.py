"""Accounts: how much the largest carry, and the cap that keeps a few of them from dictating the score.

What is learned (the fit, how long answers take, the choice on forward errors, calibration, the recent level) is
learned from capped weights. What is told (rates, forward figures, promises, arrivals, the reference of scores) counts
every lead once, as it comes to sales. Point-in-time rates of sources stay counts too: what they are worth is learned
from capped rows (decision 12).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import History
from models.arrays import Vector

LARGEST = (1, 3, 10)
"""How many of the largest accounts are told together."""

TIMES_EVEN = 2.0
"""Where accounts are so few that even shares are near the cap, an account may carry this many even shares."""

Codes = NDArray[np.int64]


def accounts_of(history: History, lead_ids: pd.Series) -> Codes:
    """For each of these leads the place of its account in `names_of`, -1 for leads without one."""
    ids = history.leads.set_index("lead_id")["account_id"].reindex(lead_ids.to_numpy())
    return np.asarray(pd.Index(names_of(history)).get_indexer(ids), dtype=np.int64)


def names_of(history: History) -> list[str]:
    """The accounts that have leads, in order."""
    return sorted(history.leads["account_id"].dropna().unique())


def largest(history: History, most: int) -> tuple[str, ...]:
    """The ``most`` accounts with the most leads, of those that have more than one; ties in the order of their IDs."""
    leads = history.leads["account_id"].value_counts()
    order = sorted(leads.index[leads.to_numpy() > 1], key=lambda name: (-leads[name], name))
    return tuple(map(str, order[:most]))


def capped(weight: Vector, account: Codes, share: float) -> Vector:
    """The weights, those of an account scaled down together so that none carries more than ``share`` of what is left.

    ``weight[n]``, ``account[n]`` as `accounts_of` gives them; leads without an account are nobody's. Where there are so
    few accounts (a lead alone counts as one) that `TIMES_EVEN` even shares are more than ``share``, that is the cap.
    The very same array where nobody is above it.
    """
    known = account >= 0
    if not known.any():
        return weight
    carried = np.bincount(account[known], weights=weight[known]).astype("float64")
    parties = int((carried > 0).sum()) + int((weight[~known] > 0).sum())
    cap = max(share, TIMES_EVEN / max(parties, 1))
    most = _most(carried, float(weight[~known].sum()), cap)
    if not (carried > most).any():
        return weight
    factor = np.divide(most, carried, out=np.ones(len(carried)), where=carried > most)
    return np.asarray(weight * np.append(factor, 1.0)[account])


def _most(carried: Vector, nobodys: float, cap: float) -> float:
    """The most that an account may carry: ``cap`` times the sum of what all then carry.

    What the others carry is summed from the smallest on: a difference of large sums would lose it.
    """
    smallest = np.sort(carried)
    largest = smallest[::-1]
    rest = nobodys + np.concatenate([[0.0], np.cumsum(smallest)])[::-1]
    for count, first in enumerate(np.append(largest, 0.0)):
        left = 1.0 - cap * count
        if left <= 0:
            break
        most = cap * rest[count] / left
        if first <= most * (1 + 1e-12):
            return float(most) if count else float("inf")
    return float("inf")
