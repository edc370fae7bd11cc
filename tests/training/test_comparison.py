from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.simulation import Company, simulate
from features.facts import Facts
from features.instants import micros
from tests.drawn import fitted
from training.comparison import Champion, forward_rows, pairs
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


def test_the_champion_is_asked_only_about_what_came_after_its_own_export() -> None:
    history = simulate(Company(leads=200, leaks=False), seed=3).history
    scorer, day = fitted(history), pd.Timedelta(days=1)
    ids = history.leads["lead_id"].iloc[[-1, -1, -2]].tolist()
    since = history.exported_at - 10 * day
    as_of = [since - day, since, history.exported_at - day]
    table = pd.DataFrame({"head": ["close", "accept", "close"], "lead_id": ids, "as_of": as_of})
    table = table.assign(date=since - 30 * day, y=1.0, weight=1.0, chosen=0.5)
    rows = forward_rows(table, history, Champion(scorer, "1", since))
    facts = Facts.of_history(history, scorer.fields)
    scores = scorer.score(facts, facts.rows(pd.Series(ids)), micros(pd.Series(as_of)), reasons=0)
    assert np.isnan(rows["p_champion"][0])
    assert rows["p_champion"].tolist()[1:] == [scores.p_accept[1], scores.p_close[2]]
    assert forward_rows(table, history, None)["p_champion"].isna().all()


def test_a_champion_that_knows_a_field_the_export_lost_is_asked_without_it() -> None:
    history = simulate(Company(leads=200, leaks=False), seed=3).history
    scorer = fitted(history)
    poorer = replace(history, leads=history.leads.drop(columns="source")).without(["source"])
    ids = history.leads["lead_id"].iloc[[-1]].tolist()
    table = pd.DataFrame({"head": ["close"], "lead_id": ids, "as_of": [history.exported_at]})
    table = table.assign(date=history.exported_at, y=1.0, weight=1.0, chosen=0.5)
    champion = Champion(scorer, "1", history.exported_at)
    assert forward_rows(table, poorer, champion)["p_champion"].notna().all()


def test_rows_that_are_not_settled_are_no_forward_rows() -> None:
    history = simulate(Company(leads=50, leaks=False), seed=3).history
    table = pd.DataFrame({"head": "close", "lead_id": ["a", "b"], "as_of": history.exported_at, "weight": [0.0, 1.0]})
    table = table.assign(date=history.exported_at, y=[np.nan, 1.0], chosen=0.5)
    assert forward_rows(table, history, None)["lead_id"].tolist() == ["b"]
