from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm.history import History
from features.catalog import Catalog, Family, Feature, FeatureKind
from models.definition import Definition
from tests.builders import history, lead, milestone
from training import baselines
from training.baselines import baselines as all_baselines
from training.candidates import Sample
from training.folds import Fold, fold_of
from training.labels import HeadName
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition(accept_days=10, close_days=30)
NAN = float("nan")


def sample(x: list[list[float]], y: list[float], weight: list[float] | None = None) -> Sample:
    """Columns: a category of the lead, a number of the lead, a count of its activity."""
    features = (
        Feature("source", FeatureKind.CATEGORY, Family.ATTRIBUTE, "source", levels=("web", "fair", "(other)")),
        Feature("employees", FeatureKind.NUMBER, Family.ATTRIBUTE, "employees"),
        Feature("visits_30d", FeatureKind.NUMBER, Family.COUNT, "visits"),
    )
    n = len(y)
    return Sample(
        catalog=Catalog(features),
        x=np.array(x, dtype="float64"),
        y=np.array(y),
        weight=np.ones(n) if weight is None else np.array(weight),
        age=np.zeros(n),
        newest=np.zeros(n, dtype=bool),
    )


def many(n: int = 400, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, n), rng.exponential(50, n), rng.poisson(3, n)])
    chance = 1 / (1 + np.exp(-(x[:, 0] - 0.8 + 0.4 * (x[:, 2] - 3))))
    return sample(x.tolist(), (rng.random(n) < chance).astype(float).tolist())


def test_naive_bayes_multiplies_frequencies_among_won_and_lost() -> None:
    rows = sample([[0, NAN, 5], [0, NAN, 5], [1, NAN, 5], [1, NAN, 5], [1, NAN, 5]], [1, 1, 0, 0, 1])
    won, lost = (2 + 0.1) / (3 + 0.2), (0 + 0.1) / (2 + 0.2)
    odds = (3 + 0.1) / (2 + 0.1) * won / lost
    assert baselines.naive_bayes(rows, np.array([[0.0, NAN, 5.0]])) == pytest.approx([odds / (1 + odds)])


def test_naive_bayes_says_nothing_of_missing_and_unseen_values() -> None:
    rows = sample([[0, NAN, 5], [0, NAN, 5], [1, NAN, 5]], [1, 0, 0])
    base = (1 + 0.1) / (3 + 0.2)
    asked = np.array([[NAN, NAN, 5.0], [2.0, NAN, 5.0]])
    assert baselines.naive_bayes(rows, asked) == pytest.approx([base, base])


def test_naive_bayes_puts_numbers_in_bins() -> None:
    rows = sample([[NAN, float(i), 0] for i in range(100)], [float(i >= 50) for i in range(100)])
    low, high = baselines.naive_bayes(rows, np.array([[NAN, 5.0, 0.0], [NAN, 1e9, 0.0]]))
    assert low < 0.05
    assert high > 0.95


def test_attributes_alone_do_not_look_at_activity() -> None:
    rows, asked = many(), many(seed=1).x
    busier = asked.copy()
    busier[:, 2] += 100
    assert np.array_equal(baselines.logistic(rows, asked), baselines.logistic(rows, busier))
    assert np.array_equal(baselines.naive_bayes(rows, asked), baselines.naive_bayes(rows, busier))
    assert not np.array_equal(baselines.plain_lightgbm(rows, asked, 0), baselines.plain_lightgbm(rows, busier, 0))


def test_weights_count_in_the_base_rate() -> None:
    assert baselines.base_rate(sample([[0, 1, 1]] * 3, [1, 0, 0], [98.5, 0.25, 0.25])) == pytest.approx(0.99)


def test_one_answer_gives_the_base_rate_not_an_error() -> None:
    rows = sample([[0, 1, 1]] * 50, [0.0] * 50)
    for p in (baselines.logistic(rows, rows.x), baselines.plain_lightgbm(rows, rows.x, 0)):
        assert p == pytest.approx(np.full(50, 0.5 / 51))


def rising() -> History:
    """Two years of leads of which one in ten is won after two days, but in the last 90 days half."""
    rows = []
    for i in range(730):
        created = pd.Timestamp("2024-06-30", tz="UTC") + pd.Timedelta(days=i)
        rows.append(lead(f"l{i}", created.isoformat()))
        if i % 10 == 0 or (i > 640 and i % 2 == 0):
            rows.append(milestone(f"l{i}", "won", (created + pd.Timedelta(days=2)).isoformat()))
    return history(*rows)


def last_fold(known: History) -> Fold:
    return fold_of(known, known, take(known, (0,)).iloc[-20:], DEFINITION, Settings(landmarks=(0,)), seed=0)


def test_recent_rate_follows_a_rising_rate_and_young_leads_do_not_pull_it_down() -> None:
    fold = last_fold(rising())
    base = baselines.base_rate(fold.sample(HeadName.CLOSE))
    assert base == pytest.approx(0.15, abs=0.03)
    assert baselines.recent_rate(fold, HeadName.CLOSE) == pytest.approx(0.5, abs=0.05)


def test_every_baseline_gives_probabilities_for_every_row() -> None:
    fold = last_fold(rising())
    for ask in all_baselines(seed=1).values():
        p = ask(fold, HeadName.CLOSE)
        assert p.shape == (20,)
        assert ((p > 0) & (p < 1)).all()


def test_in_a_flat_history_nothing_is_recent() -> None:
    rows = [lead(f"l{i}", None) for i in range(60)] + [milestone(f"l{i}", "won", None) for i in range(0, 60, 3)]
    known = history(*rows)
    fold = fold_of(known, known, take(known), DEFINITION, Settings(), seed=0)
    base = baselines.base_rate(fold.sample(HeadName.CLOSE))
    assert baselines.recent_rate(fold, HeadName.CLOSE) == pytest.approx(base)
