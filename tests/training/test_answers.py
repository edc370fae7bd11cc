import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit, logit

from training.answers import Answers, joined
from training.calibrate import slope_and_intercept


def known(y: np.ndarray) -> Answers:
    n = len(y)
    return Answers(y.astype(float), np.ones(n), np.ones(n), np.ones(n))


def half_open(seed: int = 0, n: int = 20_000) -> tuple[np.ndarray, Answers]:
    """True log-odds, and answers of which yeses need up to 100 days and noes exactly 100, seen at uniform ages."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(-1, 1, n)
    yes = rng.random(n) < expit(raw)
    age = rng.uniform(0, 120, n)
    duration = np.where(yes, rng.uniform(0, 100, n), 100.0)
    y = np.where(duration <= age, yes, np.nan).astype(float)
    return raw, Answers(y, np.ones(n), np.clip(1 - age / 100, 0, 1), (age < 100).astype(float))


def test_the_truth_has_the_lowest_loss_although_half_the_answers_are_open() -> None:
    raw, answers = half_open()
    best = answers.loss(raw)
    assert np.isnan(answers.y).mean() > 0.4
    for wrong in (raw + 0.2, raw - 0.2, raw * 0.8, raw * 1.25):
        assert answers.loss(wrong) > best


def test_known_answers_cost_their_log_loss() -> None:
    raw = np.array([0.3, -1.0])
    assert known(np.array([1.0, 0.0])).loss(raw) == pytest.approx(-(np.log(expit(0.3)) + np.log(1 - expit(-1.0))) / 2)


def test_the_slope_of_the_loss_is_its_gradient() -> None:
    raw, answers = half_open(n=40)
    gap = check_grad(lambda z: answers.loss_and_slope(z)[0], lambda z: answers.loss_and_slope(z)[1], raw)
    assert gap < 1e-5


def test_answers_not_asked_for_cost_nothing() -> None:
    answers = Answers(np.array([1.0, np.nan]), np.array([1.0, 0.0]), np.ones(2), np.ones(2))
    assert answers.loss(np.array([0.0, 99.0])) == pytest.approx(np.log(2))


def test_calibration_recovers_slope_and_intercept_from_many_answers() -> None:
    raw, answers = half_open(n=60_000)
    slope, intercept = slope_and_intercept((raw - 0.3) / 1.4, answers)
    assert slope == pytest.approx(1.4, abs=0.06)
    assert intercept == pytest.approx(0.3, abs=0.06)


def test_calibration_stays_near_identity_with_few_answers() -> None:
    raw = logit(np.array([0.1, 0.2, 0.3, 0.4]))
    slope, intercept = slope_and_intercept(raw, known(np.array([1, 1, 1, 1])))
    assert 0.8 < slope < 1.25
    assert 0 < intercept < 0.25


def test_joined_answers_cost_the_sum() -> None:
    a, b = known(np.array([1.0])), known(np.array([0.0, 0.0]))
    assert joined([a, b]).loss(np.zeros(3)) == pytest.approx(np.log(2))
