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

FIXED = ("fold", "date", "head", "lead_id", "as_of", "landmark", "y", "settled", "weight", "chosen_on", "chosen")
"""Columns of `training.backtest.Backtest.table` before those of contestants and candidates."""


@dataclass(frozen=True)
class Told:
    """What one head said about one fold's test snapshots: its forward, what was chosen for it and what happened since.

    ``labels`` and ``weight[n]`` are those at the export; ``contestants`` their probabilities, ``[n]``, by name.
    """

    head: HeadName
    date: pd.Timestamp
    snapshots: pd.DataFrame
    labels: pd.DataFrame
    weight: Floats
    forward: Forward
    choice: Choice
    contestants: Mapping[str, Floats]


def tabulate(told: Sequence[Told], settings: Settings) -> pd.DataFrame:
    """The table that `training.backtest.Backtest` describes, ordered by head, fold, lead and landmark."""
    accept = {t.forward.number: _accept(t) for t in told if t.head == HeadName.ACCEPT}
    rule = default(settings).rule
    table = pd.concat([_part(t, accept.get(t.forward.number), rule) for t in told], ignore_index=True)
    return table.sort_values(["head", "fold", "lead_id", "landmark"], kind="stable", ignore_index=True)


def _accept(told: Told) -> Floats:
    """``p_accept`` of all snapshots, 1 for a lead already accepted."""
    return np.where(told.labels["asked"], expit(told.choice.log_odds(told.forward)), 1.0)


def _part(told: Told, accept: Floats | None, rule: LevelRule) -> pd.DataFrame:
    forward, labels = told.forward, told.labels
    chosen = expit(told.choice.log_odds(forward))
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
            "chosen": chosen if accept is None else np.minimum(chosen, accept),
            **told.contestants,
            **alone,
        }
    )
    return table[labels["asked"].to_numpy()]
