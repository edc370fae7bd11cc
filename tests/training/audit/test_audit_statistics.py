from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from training.audit.statistics import (
    area,
    area_by_chance,
    folds_of,
    out_of_fold_rates,
    rank_correlation,
    stability,
    strength,
    wilson,
)

RNG = np.random.default_rng(12)


@pytest.mark.parametrize(("wins", "leads"), [(0, 10), (3, 40), (25, 50), (40, 40)])
def test_wilson_is_scipys(wins: int, leads: int) -> None:
    expected = stats.binomtest(wins, leads).proportion_ci(method="wilson")
    assert wilson(wins, leads) == pytest.approx((expected.low, expected.high))


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_area_is_sklearns_with_ties() -> None:
    y = (RNG.random(300) < 0.3).astype(float)
    predicted = np.round(RNG.random(300) + 0.3 * y, 1)
    assert area(predicted, y) == pytest.approx(roc_auc_score(y, predicted))
    assert area(predicted, np.zeros(300)) == 0.5


def test_a_lead_never_teaches_its_own_prediction() -> None:
    codes, folds = np.repeat(np.arange(50), 2), np.tile([0, 1], 50)
    y = (RNG.random(100) < 0.5).astype(float)
    before = out_of_fold_rates(codes, y, folds)
    y[0] = 1 - y[0]
    assert out_of_fold_rates(codes, y, folds)[0] == before[0]


def test_leads_of_one_account_share_a_fold_and_others_spread() -> None:
    ids = pd.Series([f"l{i}" for i in range(300)])
    accounts = pd.Series([f"a{i // 5}" if i < 200 else None for i in range(300)], dtype="str")
    folds = pd.Series(folds_of(ids, accounts))
    assert (folds[:200:5].to_numpy() == folds[:200].to_numpy().reshape(40, 5).T).all()
    assert folds.nunique() == 5


def test_an_accounts_own_value_is_no_knowledge_of_its_leads_fate() -> None:
    account = np.repeat(np.arange(60), 5)
    y = np.repeat(np.random.default_rng(0).random(60) < 0.4, 5).astype(float)
    ids = pd.Series([f"l{i}" for i in range(300)])
    alone = strength(account, y, folds_of(ids, pd.Series([None] * 300, dtype="str")))
    together = strength(account, y, folds_of(ids, pd.Series(account).astype("str")))
    assert alone.area > 0.7
    assert together.area < 0.55


def test_area_by_chance_is_rarely_passed_without_a_connection() -> None:
    y = (np.arange(80) < 20).astype(float)
    bound = area_by_chance(y, 0.05)
    passed = np.mean([area(RNG.random(80), y) > bound for _ in range(2000)])
    assert 0.03 < passed < 0.07


def test_stability_is_nought_on_average_without_a_shift_and_its_chance_is_uniform() -> None:
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    drawn = [
        stability(RNG.multinomial(500, shares).astype(float), RNG.multinomial(500, shares).astype(float))
        for _ in range(500)
    ]
    assert np.mean([index for index, _ in drawn]) < 0.01
    assert 0.02 < np.mean([chance < 0.05 for _, chance in drawn]) < 0.08


def test_stability_sees_a_shift() -> None:
    index, chance = stability(np.array([900.0, 100.0]), np.array([500.0, 500.0]))
    assert index > 0.5
    assert chance < 1e-6


def test_a_constant_has_no_rank_correlation() -> None:
    assert rank_correlation(np.ones(10), np.arange(10.0)) == 0.0
    assert rank_correlation(np.arange(10.0), np.arange(10.0) ** 3) == pytest.approx(1.0)
