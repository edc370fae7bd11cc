"""Leniency by person is recovered where it was planted, and said only where chance does not explain it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import spearmanr

from crm.simulation import Company, Simulated, simulate
from models.definition import Definition
from training import arrivals
from training.backtest import backtest
from training.habits import ROLE
from training.leniency import Leniency, leniency
from training.metrics import level_of
from training.settings import Settings, Trees

DEFINITION = Definition()
SETTINGS = Settings(dates=2, widths=(0.15,), half_lives=(), trees=(Trees(leaves=4, rate=0.12),))


@pytest.fixture(scope="module")
def run() -> Simulated:
    return simulate(Company(leads=5_000, leaks=False, leniency=1.0), seed=4)


@pytest.fixture(scope="module")
def arrived(run: Simulated) -> pd.DataFrame:
    table = backtest(run.history, DEFINITION, SETTINGS, seed=0).table
    return arrivals.forward(table, run.history, DEFINITION)


def planted(run: Simulated, rows: pd.DataFrame) -> pd.Series:
    """The true leniency of each person: what their own leniency adds to the log-odds of these leads on average.

    It is less than the planted number, which acts within each hidden interest and not on those who never get an answer.
    """
    owner = run.history.leads.set_index("lead_id")["owner"].reindex(rows["lead_id"])
    share = owner.value_counts(normalize=True)
    chance = {
        name: run.truth.as_if(float(run.truth.leniency[name])).probabilities(rows, 30, 180)["p_accept"].to_numpy()
        for name in share.index
    }
    average = logit(sum(chance[name] * part for name, part in share.items()))
    found = pd.Series({name: level_of(average, p, np.ones(len(p))) for name, p in chance.items()})
    return found - float(share @ found.reindex(share.index))


@pytest.mark.slow
def test_the_planted_leniency_is_found_in_order_and_in_spread(run: Simulated, arrived: pd.DataFrame) -> None:
    found = leniency(run.history, arrived)
    assert found is not None
    true = planted(run, arrived)
    assert {person.name for person in found.persons} == set(true.index)
    told = pd.Series({p.name: p.leniency for p in found.persons if p.leads >= 50})
    known = true.reindex(told.index)
    assert spearmanr(told, known).statistic > 0.85
    assert told.std() == pytest.approx(known.std(), rel=0.3)
    assert found.spread == pytest.approx(true.std(), rel=0.3)
    inside = [p.low <= true[p.name] <= p.high for p in found.persons]
    assert np.mean(inside) >= 0.8


@pytest.mark.slow
def test_those_who_stand_out_do_so_in_the_direction_that_was_planted(run: Simulated, arrived: pd.DataFrame) -> None:
    found = leniency(run.history, arrived)
    assert found is not None
    true = planted(run, arrived)
    clear = [person for person in found.persons if person.stands_out]
    assert len(clear) >= 4
    assert all(np.sign(person.leniency) == np.sign(true[person.name]) for person in clear)
    assert any("more lenient than the others" in text for text in found.sentences())
    assert any("stricter than the others" in text for text in found.sentences())


def made(habits: dict[str, float], leads: int, seed: int = 0) -> Leniency:
    """Arrivals whose answers are drawn by these habits, and the history that tells whose they are."""
    rng = np.random.default_rng(seed)
    base = simulate(Company(leads=leads * len(habits), leaks=False), seed=1).history
    owner = np.repeat(list(habits), leads)
    p = rng.uniform(0.1, 0.8, len(owner))
    y = rng.random(len(p)) < expit(logit(p) + np.array([habits[name] for name in owner]))
    history = replace(base, leads=base.leads.assign(owner=pd.array(owner, "str")), milestones=base.milestones.iloc[:0])
    ids = base.leads["lead_id"]
    rows = pd.DataFrame({"lead_id": ids, "p_accept": p, "y_accept": y.astype(float), "weight_accept": 1.0})
    found = leniency(history, rows)
    assert found is not None
    return found


def test_where_all_judge_alike_nobody_is_said_to_stand_out() -> None:
    found = made(dict.fromkeys("abcdefgh", 0.0), leads=120)
    assert not [person for person in found.persons if person.stands_out]
    assert list(found.sentences()) == []
    assert all("no clear difference" in person.sentence() for person in found.persons)


def test_the_sentence_says_what_was_accepted_what_was_to_be_expected_and_how_sure_that_is() -> None:
    found = made({"ann": 1.2, **dict.fromkeys("bcdefgh", 0.0)}, leads=150)
    ann = found.persons[0]
    assert ann.name == "ann"
    assert ann.accepted > ann.expected + 0.1
    assert ann.low < 1.2 < ann.high + 0.4
    text = ann.sentence()
    assert text.startswith(f"ann accepted {100 * ann.accepted:.0f} % of 150 leads where {100 * ann.expected:.0f} %")
    assert "more lenient than the others" in text


def test_who_only_turns_down_is_called_a_record_and_not_strict() -> None:
    found = made({"machine": -30.0, "ann": 0.3, "bob": -0.3}, leads=int(ROLE) + 40)
    machine = found.persons[-1]
    assert (machine.name, machine.records, machine.stands_out) == ("machine", True, False)
    assert "turned down every one of" in machine.sentence()
    assert [person.name for person in found.choosing] == ["ann", "bob"]


def test_one_person_alone_has_nobody_to_be_compared_with() -> None:
    base = simulate(Company(leads=200, leaks=False), seed=1).history
    history = replace(base, leads=base.leads.assign(owner="ann"), milestones=base.milestones.iloc[:0])
    rows = pd.DataFrame({"lead_id": base.leads["lead_id"], "p_accept": 0.5, "y_accept": 1.0, "weight_accept": 1.0})
    rows.loc[::2, "y_accept"] = 0.0
    assert leniency(history, rows) is None
