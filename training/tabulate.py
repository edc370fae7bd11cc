"""The backtest's forward predictions as one tidy table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from training.censoring import Floats
from training.choice import Forward, choose, default
from training.labels import HeadName
from training.settings import Settings

FIXED = ("fold", "date", "head", "lead_id", "as_of", "landmark", "y", "settled", "weight", "chosen_on", "chosen")
"""Columns of `training.backtest.Backtest.table` before those of contestants and candidates."""


def tabulate(
    forwards: Mapping[HeadName, Sequence[Forward]],
    compared: Mapping[HeadName, Sequence[Mapping[str, Floats]]],
    settings: Settings,
) -> pd.DataFrame:
    """The table that `training.backtest.Backtest` describes, ordered by head, fold, lead and landmark.

    ``compared[head][fold]`` are the contestants' probabilities for the fold's test snapshots.
    """
    parts = []
    for number in range(len(forwards[HeadName.CLOSE])):
        chosen = {head: _chosen(of, number, settings) for head, of in forwards.items()}
        probabilities = _linked({head: p for head, (p, _) in chosen.items()}, forwards, number)
        for head, of in forwards.items():
            others = compared[head][number]
            parts.append(_part(of[number], probabilities[head], chosen[head][1], others, settings))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["head", "fold", "lead_id", "landmark"], kind="stable", ignore_index=True)


def earlier(forwards: Sequence[Forward], number: int) -> list[Forward]:
    """What may be learned from for fold ``number``: the dates before it; in a flat history, all other parts."""
    if any(pd.isna(f.date) for f in forwards):
        return [f for f in forwards if f.number != number]
    return [f for f in forwards if f.number < number]


def _chosen(forwards: Sequence[Forward], number: int, settings: Settings) -> tuple[Floats, int]:
    choice = choose(earlier(forwards, number), settings)
    return np.asarray(expit(choice.log_odds(forwards[number]))), choice.chosen_on


def _linked(
    p: dict[HeadName, Floats], forwards: Mapping[HeadName, Sequence[Forward]], number: int
) -> dict[HeadName, Floats]:
    """No lead closes that is not accepted; one already accepted has ``p_accept`` 1."""
    if HeadName.ACCEPT not in p:
        return p
    accept = np.where(forwards[HeadName.ACCEPT][number].asked, p[HeadName.ACCEPT], 1.0)
    return {HeadName.ACCEPT: accept, HeadName.CLOSE: np.minimum(p[HeadName.CLOSE], accept)}


def _part(
    forward: Forward, chosen: Floats, chosen_on: int, others: Mapping[str, Floats], settings: Settings
) -> pd.DataFrame:
    rule = default(settings).rule
    each = np.eye(len(forward.names))
    alone = {name: expit(forward.levelled(one, rule)) for name, one in zip(forward.names, each, strict=True)}
    table = pd.DataFrame(
        {
            "fold": forward.number,
            "date": forward.date,
            "head": str(forward.head),
            "lead_id": forward.snapshots["lead_id"],
            "as_of": forward.snapshots["as_of"],
            "landmark": forward.snapshots["landmark"],
            "y": forward.y,
            "settled": ~np.isnan(forward.y),
            "weight": forward.weight,
            "chosen_on": chosen_on,
            "chosen": chosen,
            **others,
            **alone,
        }
    )
    return table[forward.asked]
