"""The backtest's forward predictions as one tidy table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from training.censoring import Floats
from training.choice import Choice, Forward, default
from training.labels import HeadName
from training.level import LevelRule
from training.settings import Settings

FIXED = (
    *("fold", "date", "head", "lead_id", "as_of", "landmark", "y", "settled", "weight"),
    *("chosen_on", "chosen", "without_largest"),
)
"""Columns of `training.backtest.Backtest.table` before those of contestants and candidates."""


@dataclass(frozen=True)
class Told:
    """What one head said about one fold's test snapshots: its forward, what was chosen for it and what happened since.

    ``snapshots`` weigh what is learned from them (`training.folds.Rows.learned`); ``labels`` and ``weight[n]``, which
    is for what is told, are those at the export; ``contestants`` their probabilities, ``[n]``, by name; ``without[n]``:
    log-odds without the largest accounts.
    """

    head: HeadName
    date: pd.Timestamp
    snapshots: pd.DataFrame
    labels: pd.DataFrame
    weight: Floats
    forward: Forward
    choice: Choice
    contestants: Mapping[str, Floats]
    without: Floats | None = None


def tabulate(told: Sequence[Told], settings: Settings) -> pd.DataFrame:
    """The table that `training.backtest.Backtest` describes, ordered by head, fold, lead and landmark."""
    accepts = {t.forward.number: t for t in told if t.head == HeadName.ACCEPT}
    rule = default(settings).rule
    table = pd.concat([_part(t, accepts.get(t.forward.number), rule) for t in told], ignore_index=True)
    return table.sort_values(["head", "fold", "lead_id", "landmark"], kind="stable", ignore_index=True)


def _linked(told: Told, log_odds: Floats, accept: Told | None, accept_log_odds: Floats | None) -> Floats:
    """Probabilities, never above ``p_accept``, which is 1 for a lead already accepted."""
    chosen = expit(log_odds)
    if accept is None or accept_log_odds is None or told is accept:
        return np.asarray(chosen)
    return np.asarray(np.minimum(chosen, np.where(accept.labels["asked"], expit(accept_log_odds), 1.0)))


def _without(told: Told, accept: Told | None) -> Floats:
    if told.without is None or (accept is not None and accept.without is None):
        return np.full(len(told.snapshots), np.nan)
    return _linked(told, told.without, accept, None if accept is None else accept.without)


def _part(told: Told, accept: Told | None, rule: LevelRule) -> pd.DataFrame:
    forward, labels = told.forward, told.labels
    of_accept = None if accept is None else accept.choice.log_odds(accept.forward)
    each = np.eye(len(forward.names))
    alone = {name: expit(forward.levelled(one, rule)) for name, one in zip(forward.names, each, strict=True)}
    table = pd.DataFrame(
        {
            "fold": forward.number,
            "date": told.date,
            "head": str(told.head),
            "lead_id": told.snapshots["lead_id"],
            "as_of": told.snapshots["as_of"],
            "landmark": told.snapshots["landmark"],
            "y": labels["y"],
            "settled": labels["settled"],
            "weight": told.weight,
            "chosen_on": told.choice.chosen_on,
            "chosen": _linked(told, told.choice.log_odds(forward), accept, of_accept),
            "without_largest": _without(told, accept),
            **told.contestants,
            **alone,
        }
    )
    return table[labels["asked"].to_numpy()]
