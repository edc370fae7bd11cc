"""Snapshots: the instants at which each lead is looked at, weighted so that every lead counts once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crm.history import TIME, History
from training.funnel import DAY, NEVER, Funnel, funnel, microseconds

LANDMARKS = (0, 7, 14, 30, 60, 90)
"""Days after the hand-off at which a lead is looked at again, as long as it is undecided."""

PROMPT = pd.Timedelta(days=1)
"""A score given so soon after the hand-off, or before it, may be the one that the lead was worked by (`worked_by`);
later ones know what came of it."""

COLUMNS = {"lead_id": "str", "as_of": TIME, "landmark": "int64", "weight": "float64"}


def take(history: History, landmarks: Sequence[int] = LANDMARKS) -> pd.DataFrame:
    """The snapshots of a history: ``lead_id, as_of, landmark (days), weight``, ordered by lead and landmark.

    A lead is looked at when it is handed off (created, in a history that records no hand-offs) and again ``landmarks``
    days later, before the export and before its first final milestone. Leads never handed off give none. The weight is
    1 / (landmarks before the export), whatever became of the lead: see the architecture on why. A flat history gives
    one snapshot a lead, at the export, with weight 1. The order of the input rows does not matter.
    """
    if not history.timed:
        return _flat(history)
    steps = funnel(history)
    start = _start(steps)
    days = np.array(sorted(set(landmarks)), dtype=np.int64)
    export = microseconds(history.exported_at)
    begun = np.flatnonzero(start < export)  # NEVER is later than any export
    as_of = start[begun, None] + days * DAY
    allowed = as_of < export
    lead, landmark = np.nonzero(allowed & (as_of < steps.final[begun, None]))
    table = pd.DataFrame(
        {
            "lead_id": steps.lead_id.to_numpy()[begun[lead]],
            "as_of": _times(as_of[lead, landmark]),
            "landmark": days[landmark],
            "weight": (1.0 / np.maximum(allowed.sum(axis=1), 1))[lead],
        }
    ).astype(COLUMNS)
    return table.sort_values(["lead_id", "landmark"], ignore_index=True)


def worked_by(scores: pd.DataFrame, key: str) -> pd.DataFrame:
    """Of the scores of each ``key`` the one that its lead was worked by; none for those that have none such.

    ``scores`` are ordered by ``as_of`` and ``given_at`` and tell when their lead was handed off (``start``). It is the
    first from the hand-off on, given within `PROMPT`; else the last of the time `PROMPT` before it, as where a lead is
    scored first and handed off by its grade.
    """
    as_of, start = scores["as_of"], scores["start"]
    prompt = as_of.between(start - PROMPT, start + PROMPT) & (scores["given_at"] <= start + PROMPT)
    first = scores[(prompt & (as_of >= start)).to_numpy()].drop_duplicates(key)
    last = scores[(prompt & (as_of < start)).to_numpy()].drop_duplicates(key, keep="last")
    return pd.concat([first, last[~last[key].isin(first[key]).to_numpy()]])


def _start(steps: Funnel) -> np.ndarray:
    tracked = bool((steps.handed_off != NEVER).any())
    return steps.handed_off if tracked else steps.created


def _flat(history: History) -> pd.DataFrame:
    ids = history.leads["lead_id"].sort_values().to_numpy()
    return pd.DataFrame(
        {"lead_id": ids, "as_of": history.exported_at.as_unit("us"), "landmark": 0, "weight": 1.0}
    ).astype(COLUMNS)


def _times(microseconds: np.ndarray) -> pd.Series:
    return pd.Series(pd.to_datetime(microseconds.astype("datetime64[us]"), utc=True))
