"""Labels: what came of a snapshot, as known at the export."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import History
from training.funnel import DAY, Funnel, Instants, flags, funnel, instants, microseconds

Rows = NDArray[np.intp]


class HeadName(StrEnum):
    """The two probabilities."""

    ACCEPT = "accept"
    CLOSE = "close"


class Horizons(Protocol):
    """What labels read of a definition."""

    @property
    def accept_days(self) -> float:
        """Days within which an acceptance must come."""

    @property
    def close_days(self) -> float:
        """Days within which a win must come."""


def label(history: History, snapshots: pd.DataFrame, head: HeadName, definition: Horizons) -> pd.DataFrame:
    """The labels of these snapshots for one head, on their index.

    * ``asked``: whether the question makes sense; acceptance is not asked of a lead already accepted;
    * ``settled``: whether the answer is known at the export (false where not asked);
    * ``y``: 1.0 or 0.0, NaN where not settled;
    * ``duration``: days from the snapshot to when the answer was settled, NaN where it is not;
    * ``censored_after``: days from the snapshot to the export, known for every row. A row is settled exactly when its
      answer came within them, which is what the censoring weights rest on.

    In a flat history every answer is taken as settled at once, nothing is censored (``censored_after`` is inf).
    Raises `KeyError` for a snapshot of a lead that is not in the history.
    """
    if not history.timed:
        return _flat(history, snapshots, head)
    steps = funnel(history)
    rows = steps.rows(snapshots["lead_id"])
    as_of = instants(snapshots["as_of"])
    accept_by = as_of + _microseconds(definition.accept_days)
    if head == HeadName.ACCEPT:
        asked = steps.accepted[rows] > as_of
        y, at = _accept(steps, rows, accept_by)
    else:
        asked = np.ones(len(rows), dtype=bool)
        close_by = as_of + _microseconds(definition.close_days)
        y, at = _close(steps, rows, close_by, accept_by if history.tracks_acceptance else None)
    export = microseconds(history.exported_at)
    settled = asked & (at <= export)
    return pd.DataFrame(
        {
            "asked": asked,
            "settled": settled,
            "y": np.where(settled, y, np.nan),
            "duration": np.where(settled, (at - as_of) / DAY, np.nan),
            "censored_after": (export - as_of) / DAY,
        },
        index=snapshots.index,
    )


def _accept(steps: Funnel, rows: Rows, by: Instants) -> tuple[NDArray[np.bool_], Instants]:
    """Yes at the acceptance, no at a final milestone before it or when the horizon has passed."""
    accepted = steps.accepted[rows]
    yes = accepted <= by
    return yes, np.where(yes, accepted, np.minimum(steps.final[rows], by))


def _close(steps: Funnel, rows: Rows, by: Instants, accept_by: Instants | None) -> tuple[NDArray[np.bool_], Instants]:
    """Yes at the win; no at another final milestone, or when the horizon has passed.

    Where acceptance is recorded, also no when the lead was not accepted within the accept horizon: a win after a late
    acceptance does not count.
    """
    if accept_by is not None:
        late = steps.accepted[rows] > accept_by
        by = np.where(late, np.minimum(by, accept_by), by)
    final = steps.final[rows]
    return steps.won[rows] & (final <= by), np.minimum(final, by)


def _flat(history: History, snapshots: pd.DataFrame, head: HeadName) -> pd.DataFrame:
    accepted, won = flags(history)
    outcome = pd.Series(accepted if head == HeadName.ACCEPT else won, index=history.leads["lead_id"])
    return pd.DataFrame(
        {
            "asked": True,
            "settled": True,
            "y": outcome.loc[snapshots["lead_id"]].to_numpy(dtype="float64"),
            "duration": 0.0,
            "censored_after": np.inf,
        },
        index=snapshots.index,
    )


def _microseconds(days: float) -> int:
    return round(days * DAY)
