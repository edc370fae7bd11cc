from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from training.metrics import NAMES, TOP, Ranked, slope_against_truth


def drawn(n: int = 3_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, probabilities (with many ties) and weights."""
    rng = np.random.default_rng(seed)
    p = np.round(expit(rng.normal(-1.0, 1.2, n)), 2).clip(0.01, 0.99)
    return (rng.random(n) < p).astype(float), p, rng.exponential(1.0, n)


def measured(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, Ranked.of(y, p).metrics(weight), strict=True))


def test_metrics_agree_with_scikit_learn_on_weighted_rows_with_ties() -> None:
    y, p, weight = drawn()
    found = measured(y, p, weight)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p, sample_weight=weight), abs=1e-12)
    assert found["log_loss"] == pytest.approx(log_loss(y, p, sample_weight=weight), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p, sample_weight=weight), abs=1e-12)


def test_slope_is_that_of_an_unpenalised_logistic_regression() -> None:
    y, p, weight = drawn()
    squeezed = expit(0.6 * logit(p) + 0.4)
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000)
    reference.fit(logit(squeezed)[:, None], y, sample_weight=weight)
    assert measured(y, squeezed, weight)["slope"] == pytest.approx(reference.coef_[0, 0], abs=1e-4)


def test_intercept_puts_the_mean_right() -> None:
    y, p, weight = drawn()
    shifted = expit(logit(p) - 0.7)
    intercept = measured(y, shifted, weight)["intercept"]
    assert weight @ expit(logit(shifted) + intercept) == pytest.approx(weight @ y)
    assert intercept == pytest.approx(0.7, abs=0.1)


def test_weight_two_is_the_same_as_the_row_twice() -> None:
    y, p, _ = drawn(400)
    twice = np.arange(400) % 3 == 0
    weighted = Ranked.of(y, p).metrics(np.where(twice, 2.0, 1.0))
    rows = np.concatenate([np.arange(400), np.flatnonzero(twice)])
    assert weighted == pytest.approx(Ranked.of(y[rows], p[rows]).metrics(np.ones(len(rows))), abs=1e-9)


def test_rows_of_weight_zero_do_not_count() -> None:
    y, p, weight = drawn(500)
    weight[250:] = 0.0
    assert Ranked.of(y, p).metrics(weight) == pytest.approx(Ranked.of(y[:250], p[:250]).metrics(weight[:250]), abs=1e-9)


def test_lift_and_capture_of_a_perfect_ranking_are_the_most_possible() -> None:
    y = np.repeat([1.0, 0.0], [20, 80])
    found = measured(y, np.linspace(0.9, 0.1, 100), np.ones(100))
    assert found["capture"] == pytest.approx(0.5)
    assert found["lift"] == pytest.approx(5.0)


def test_constant_ranks_nothing_and_has_no_slope() -> None:
    y, _, weight = drawn(500)
    found = measured(y, np.full(500, 0.3), weight)
    assert found["auc"] == pytest.approx(0.5)
    assert found["capture"] == pytest.approx(TOP)
    assert np.isnan(found["slope"])
    assert np.isfinite(found["intercept"])


def test_one_class_gives_no_auc_but_a_loss() -> None:
    found = measured(np.zeros(10), np.linspace(0.1, 0.5, 10), np.ones(10))
    assert np.isnan([found["auc"], found["slope"], found["intercept"], found["capture"]]).all()
    assert np.isfinite(found["log_loss"])


def test_separated_outcomes_have_no_finite_slope() -> None:
    y = np.repeat([0.0, 1.0], 50)
    assert np.isnan(measured(y, np.linspace(0.1, 0.9, 100), np.ones(100))["slope"])


def test_certain_and_wrong_costs_much_but_not_everything() -> None:
    found = measured(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.ones(2))
    assert 20 < found["log_loss"] < 30


def test_slope_against_truth_is_one_for_coarser_knowledge_and_below_for_boasting() -> None:
    rng = np.random.default_rng(3)
    known, hidden = rng.normal(0, 1, 200_000), rng.normal(0, 1, 200_000)
    truth = expit(known + hidden)
    cell = np.floor(known * 10)
    fair = truth[np.argsort(cell, kind="stable")]
    cells = np.sort(cell)
    mean = np.array([part.mean() for part in np.split(fair, np.flatnonzero(np.diff(cells)) + 1)])
    predicted = mean[np.searchsorted(np.unique(cells), cells)]
    slope, level = slope_against_truth(predicted, fair)
    assert slope == pytest.approx(1.0, abs=0.01)
    assert level == pytest.approx(0.0, abs=0.01)
    boasting, _ = slope_against_truth(expit(1.5 * logit(predicted)), fair)
    assert boasting == pytest.approx(1 / 1.5, abs=0.02)


def test_missing_truth_does_not_count() -> None:
    p, truth = np.array([0.1, 0.5, 0.8, 0.3]), np.array([0.2, 0.5, 0.7, np.nan])
    assert slope_against_truth(p, truth) == pytest.approx(slope_against_truth(p[:3], truth[:3]))
