"""Sales's ABC cross: accounts by the revenue they brought so far and by their potential, each cut where it is earned.

The A accounts are the largest that make up the first share of all (80 % as a rule), the A and B accounts together the
second (95 %), the rest is C. Accounts without revenue so far, or of unknown potential, have a class of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import History, Milestone
from models.loop import Segments

A, B, C, NONE = "A", "B", "C", "-"
CLASSES = (A, B, C, NONE)


@dataclass(frozen=True)
class Cross:
    """The accounts by class. ``accounts`` has columns ``revenue, potential, revenue_class, potential_class``.

    ``known_revenue``, ``known_potential``: whether there was anything to cut; where not, all are in class ``-``.
    """

    accounts: pd.DataFrame
    known_revenue: bool
    known_potential: bool

    def of(self, account_id: pd.Series, which: str) -> pd.Series:
        """The class of each lead's account by ``revenue`` or ``potential``; missing for a lead without account."""
        return account_id.map(self.accounts[f"{which}_class"])


def cross(history: History, segments: Segments, before: pd.Timestamp) -> Cross | None:
    """The cross as known before a date; ``None`` in a history without accounts.

    Revenue is what was won before it. The potential is as it stands in the accounts now.
    """
    if history.accounts.empty:
        return None
    ids = history.accounts["account_id"].to_numpy()
    won = history.milestones
    won = won[((won["milestone"] == Milestone.WON) & (won["reached_at"] < before) & won["amount"].notna()).to_numpy()]
    account = won["lead_id"].map(history.leads.set_index("lead_id")["account_id"])
    revenue = won["amount"].groupby(account.to_numpy()).sum().reindex(ids).to_numpy(dtype="float64")
    potential = np.full(len(ids), np.nan)
    field = next((one for one in history.fields if one.name == segments.potential and one.of_account), None)
    if field is not None:
        potential = pd.to_numeric(history.accounts[field.column], errors="coerce").to_numpy(dtype="float64")
    table = pd.DataFrame({"revenue": revenue, "potential": potential}, index=pd.Index(ids, name="account_id"))
    for name in ("revenue", "potential"):
        table[f"{name}_class"] = classes(table[name].to_numpy(), segments.abc)
    return Cross(table, bool(np.nansum(revenue) > 0), bool(np.nansum(potential) > 0))


def classes(values: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """The class of each value; those of equal size share one, and an account that crosses a cut is above it.

    >>> classes(np.array([60.0, 25.0, 10.0, 5.0, np.nan]), (0.8, 0.95)).tolist()
    ['A', 'A', 'B', 'C', '-']
    """
    known = np.where(np.isfinite(values) & (values > 0), values, 0.0)
    out = np.full(len(values), NONE, dtype=object)
    total = known.sum()
    if not total > 0:
        return out
    _, place = np.unique(known, return_inverse=True)
    sums = np.bincount(place, weights=known)
    above = (total - np.cumsum(sums))[place] / total  # the share of all that larger accounts make up
    out[known > 0] = C
    out[(known > 0) & (above < shares[1] - _CLOSE)] = B
    out[(known > 0) & (above < shares[0] - _CLOSE)] = A
    return out


_CLOSE = 1e-9
