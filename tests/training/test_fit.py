from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from crm.errors import AccordError
from crm.history import History
from crm.simulation import Company, simulate
from models.artifact import hash_of
from models.definition import Definition
from tests.builders import Row, history, lead, milestone, number
from training.fit import Trained, train
from training.labels import HeadName
from training.settings import Settings, Trees

DEFINITION = Definition(accept_days=30, close_days=120)
QUICK = Settings(
    landmarks=(0, 30),
    dates=3,
    widths=(0.2,),
    half_lives=(0.5,),
    trees=(Trees(leaves=4, rate=0.2),),
    most_trees=15,
    level_days=(30,),
    level_priors=(30,),
)


@pytest.fixture(scope="module")
def company() -> History:
    return simulate(Company(leads=700, months=18, leaks=False), seed=3).history


@pytest.fixture(scope="module")
def trained(company: History) -> Trained:
    return train(company, DEFINITION, QUICK, seed=1)


def shuffled(past: History, seed: int) -> History:
    rng = np.random.default_rng(seed)
    tables = ("leads", "accounts", "activities", "milestones", "changes")
    return replace(past, **{t: getattr(past, t).iloc[rng.permutation(len(getattr(past, t)))] for t in tables})


def flat(n: int = 300, *, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    size = rng.normal(0, 1, n)
    rows: list[Row] = [lead(f"l{i}", None, size=float(size[i])) for i in range(n)]
    rows += [milestone(f"l{i}", "won", None) for i in range(n) if rng.random() < 1 / (1 + np.exp(-2 * size[i]))]
    return history(*rows, fields=(number("size"),))


def test_the_scorer_beats_the_base_rates_forward(trained: Trained) -> None:
    table = trained.backtest.table
    for head in ("accept", "close"):
        rows = table[(table["head"] == head) & (table["weight"] > 0)]
        assert _loss(rows, "chosen") < min(_loss(rows, "base_rate"), _loss(rows, "recent_rate"))


def test_no_lead_closes_that_is_not_accepted(trained: Trained) -> None:
    table = trained.backtest.table
    both = table[table["head"] == "close"].merge(
        table[table["head"] == "accept"], on=["lead_id", "as_of"], suffixes=("_close", "_accept")
    )
    assert len(both) > 100
    assert (both["chosen_close"] <= both["chosen_accept"]).all()


def test_the_table_holds_each_asked_snapshot_once_with_a_probability_from_everyone(trained: Trained) -> None:
    table, backtest = trained.backtest.table, trained.backtest
    assert not table.duplicated(["head", "lead_id", "as_of"]).any()
    columns = ["chosen", *backtest.contestants, *backtest.candidates]
    assert table[columns].apply(lambda p: p.between(0, 1)).all(axis=None)
    assert (table["as_of"] > table["date"]).all()
    assert (table["weight"] > 0).equals(table["settled"])


def test_the_first_date_uses_the_default_and_later_ones_what_came_before(trained: Trained) -> None:
    assert trained.backtest.table.groupby("fold")["chosen_on"].unique().explode().tolist() == [0, 1, 2]


def test_the_same_inputs_give_the_same_artifact_whatever_the_order_of_rows(company: History, trained: Trained) -> None:
    again = train(shuffled(company, 5), DEFINITION, QUICK, seed=1)
    assert hash_of(again.scorer) == hash_of(trained.scorer)
    pd.testing.assert_frame_equal(again.backtest.table, trained.backtest.table)


def test_immature_snapshots_are_counted_and_not_lost(trained: Trained) -> None:
    close = trained.counts[HeadName.CLOSE]
    assert close.immature > 0
    assert close.settled + close.immature == close.asked
    assert close.rate.low < close.rate.estimate < close.rate.high


def test_blocked_and_forbidden_fields_give_no_features(company: History) -> None:
    definition = DEFINITION.model_copy(update={"never_use": ("source",)})
    few = QUICK.model_copy(update={"trees": (), "dates": 1})
    scorer = train(company, definition, few, blocked=frozenset({"account.industry"})).scorer
    used = {feature.field for feature in scorer.catalog.features}
    assert used - {None}
    assert not used & {"source", "account.industry"}


def test_a_blocked_field_that_the_definition_keeps_stays(company: History) -> None:
    definition = DEFINITION.model_copy(update={"keep": {"source": "asked marketing: set at creation"}})
    few = QUICK.model_copy(update={"trees": (), "dates": 1})
    scorer = train(company, definition, few, blocked=frozenset({"source"})).scorer
    assert "source" in {feature.field for feature in scorer.catalog.features}


def test_a_small_history_gives_a_hedged_scorer() -> None:
    small = simulate(Company(leads=300, months=18, leaks=False), seed=8).history
    trained = train(small, DEFINITION, QUICK, seed=1)
    rows = trained.backtest.table[lambda t: t["weight"] > 0]
    for _, of_head in rows.groupby("head"):
        assert _loss(of_head, "chosen") < _loss(of_head, "base_rate") * 1.05
    assert rows["chosen"].between(0.001, 0.99).all()


def test_too_few_outcomes_are_refused_with_what_is_missing() -> None:
    rows = [lead(f"l{i}", "2026-01-05") for i in range(60)] + [
        milestone(f"l{i}", "won", "2026-02-01") for i in range(6)
    ]
    with pytest.raises(AccordError) as refused:
        train(history(*rows), Definition(close_days=90), QUICK)
    assert "14 more leads won within 90 days" in str(refused.value)
    assert "6 won, 54 not won of 60 leads" in str(refused.value)


def test_a_history_without_any_win_is_told_to_check_its_mapping() -> None:
    rows = [lead(f"l{i}", "2026-01-05") for i in range(60)] + [
        milestone(f"l{i}", "lost", "2026-02-01") for i in range(60)
    ]
    with pytest.raises(AccordError, match="No lead is won at all: check 'milestones'"):
        train(history(*rows), Definition(close_days=90), QUICK)


def test_leads_that_are_all_too_young_are_refused_and_told_to_wait() -> None:
    rows = [lead(f"l{i}", "2026-06-20") for i in range(60)] + [
        milestone(f"l{i}", "won", "2026-06-25") for i in range(30)
    ]
    with pytest.raises(AccordError, match="still too young to judge"):
        train(history(*rows), Definition(close_days=90), QUICK)


def test_outcomes_before_the_leads_are_refused() -> None:
    rows = [lead(f"l{i}", "2026-03-05") for i in range(60)] + [
        milestone(f"l{i}", "won", "2026-02-01") for i in range(60)
    ]
    with pytest.raises(AccordError, match="none was handed off before its outcome"):
        train(history(*rows), Definition(close_days=90), QUICK)


def test_leads_of_one_day_cannot_be_checked_and_are_refused() -> None:
    rows = [lead(f"l{i}", "2026-01-05") for i in range(100)] + [
        milestone(f"l{i}", "won", "2026-02-01") for i in range(50)
    ]
    with pytest.raises(AccordError, match="too short to check a score"):
        train(history(*rows), Definition(close_days=90), QUICK)


def test_a_flat_history_is_scored_in_parts_and_says_so() -> None:
    trained = train(flat(), Definition(), QUICK)
    assert any("no times" in warning for warning in trained.warnings)
    assert trained.backtest.dates == ()
    table = trained.backtest.table
    assert table["date"].isna().all()
    assert table["lead_id"].is_unique
    assert table.groupby("fold")["y"].mean().std() < 0.02
    assert _loss(table, "chosen") < _loss(table, "base_rate")


def test_the_threads_of_the_machine_do_not_matter() -> None:
    past = simulate(Company(leads=1_500, months=18, leaks=False), seed=7).history

    def trained_with(threads: int) -> str:
        with threadpool_limits(limits=threads):
            return hash_of(train(past, DEFINITION, QUICK, seed=1).scorer)

    assert trained_with(1) == trained_with(2)


def test_row_order_does_not_matter_in_a_flat_history() -> None:
    past = flat()
    assert hash_of(train(past, Definition(), QUICK).scorer) == hash_of(
        train(shuffled(past, 2), Definition(), QUICK).scorer
    )


def test_progress_goes_from_start_to_end() -> None:
    said: list[float] = []
    train(flat(120), Definition(), QUICK, step=lambda _, done: said.append(done))
    assert said == sorted(said)
    assert (said[0], said[-1]) == (0.0, 1.0)


def _loss(rows: pd.DataFrame, method: str) -> float:
    p = rows[method].clip(1e-9, 1 - 1e-9)
    return float(np.average(-np.log(np.where(rows["y"] == 1, p, 1 - p)), weights=rows["weight"]))
