import numpy as np
import pandas as pd
import pytest

from training.delay import FEWEST, LEFT, Delays, seen_share


def labels_of(duration: np.ndarray, age: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    settled = duration <= age
    return pd.DataFrame(
        {
            "asked": True,
            "settled": settled,
            "y": np.where(settled, y, np.nan),
            "duration": np.where(settled, duration, np.nan),
            "censored_after": age,
        }
    )


def share_at(labels: pd.DataFrame, days: float, answer: float = 1.0, landmark: int = 0) -> float:
    n = len(labels)
    seen = seen_share(labels, answer, np.ones(n), np.full(n, landmark))
    return float(seen(np.array([days]), np.array([landmark]))[0])


def test_the_delay_of_yeses_is_recovered_although_slow_ones_are_cut_off() -> None:
    rng = np.random.default_rng(3)
    duration, age = rng.uniform(0, 100, 6000), rng.uniform(0, 150, 6000)
    labels = labels_of(duration, age, np.ones(6000))
    naive = (labels["duration"].dropna() <= 50).mean()
    assert naive > 0.55
    assert share_at(labels, 50) == pytest.approx(0.5, abs=0.03)


def test_a_rising_rate_of_yeses_does_not_look_like_quicker_ones() -> None:
    rng = np.random.default_rng(4)
    age = rng.uniform(0, 200, 20_000)
    yes = rng.random(20_000) < np.where(age < 60, 0.6, 0.1)
    duration = np.where(yes, rng.uniform(0, 100, 20_000), 100.0)
    assert share_at(labels_of(duration, age, yes.astype(float)), 50) == pytest.approx(0.5, abs=0.04)


def test_by_the_end_of_the_horizon_all_have_come() -> None:
    labels = labels_of(np.arange(40.0), np.full(40, 100.0), np.ones(40))
    assert share_at(labels, 40) == 1.0
    assert share_at(labels, 19.5) == pytest.approx(0.5)
    assert share_at(labels, -1) == 0.0


def test_nothing_known_means_that_nothing_is_expected() -> None:
    labels = labels_of(np.full(20, 100.0), np.full(20, 10.0), np.ones(20))
    assert share_at(labels, 1) == 1.0


def test_landmarks_with_few_answers_share_a_curve() -> None:
    duration = np.concatenate([np.linspace(1, 10, 50), np.full(FEWEST - 1, 30.0), np.full(FEWEST, 60.0)])
    landmark = np.array([0] * 50 + [7] * (FEWEST - 1) + [14] * FEWEST)
    labels = labels_of(duration, np.full(len(duration), 100.0), np.ones(len(duration)))
    seen = seen_share(labels, 1.0, np.ones(len(duration)), landmark)
    at_day_20 = seen(np.full(3, 20.0), np.array([0, 7, 14]))
    assert at_day_20[0] == 1.0
    assert 0.5 < at_day_20[1] < 1.0
    assert at_day_20[2] == 0.0


def test_an_open_lead_is_never_a_sure_yes() -> None:
    delays = Delays(yes=lambda age, _: np.zeros(len(age)), no=lambda age, _: np.ones(len(age)))
    open_yes, open_no = delays.left(np.array([5.0]), np.array([0]))
    assert (open_yes[0], open_no[0]) == (1.0, LEFT)
