from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.comparison import pairs
from training.dossier import FORWARD_COLUMNS


def forward(
    p: list[float], *, p_champion: float = np.nan, leads: list[str] | None = None, y: float = 1
) -> pd.DataFrame:
    leads = leads or [f"l{i}" for i in range(len(p))]
    date, as_of = pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-02-01", tz="UTC")
    rows = {"head": "close", "date": date, "lead_id": leads, "as_of": as_of, "y": y, "weight": 0.5}
    return pd.DataFrame({**rows, "p": p, "p_champion": p_champion})[list(FORWARD_COLUMNS)]


def test_only_rows_that_both_backtests_hold_are_compared() -> None:
    both = pairs(forward([0.1, 0.2]), forward([0.7, 0.8], leads=["l1", "l2"]), asked=False)
    assert both[["lead_id", "challenger", "champion"]].to_numpy().tolist() == [["l1", 0.2, 0.7]]


def test_a_champion_that_was_asked_itself_comes_before_its_old_backtest() -> None:
    challenger = forward([0.1, 0.2], p_champion=0.4)
    assert pairs(challenger, forward([0.7]), asked=True)["champion"].tolist() == [0.4, 0.4]


def test_what_another_champion_was_asked_does_not_count() -> None:
    challenger = forward([0.1, 0.2], p_champion=0.4)
    assert pairs(challenger, forward([0.7]), asked=False)["champion"].tolist() == [0.7]


def test_outcome_and_weight_are_those_of_the_later_export() -> None:
    both = pairs(forward([0.1], y=1), forward([0.7], y=0), asked=False)
    assert both[["y", "weight"]].to_numpy().tolist() == [[1, 0.5]]


def test_the_same_row_twice_is_a_fault() -> None:
    with pytest.raises(pd.errors.MergeError):
        pairs(forward([0.1, 0.2], leads=["a", "a"]), forward([0.7]), asked=False)
