from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from training.censoring import SMALLEST_SHARE, rate, weights


@dataclass(frozen=True)
class Cohort:
    """Leads that answer yes quickly or no at the horizon of 100 days, cut off at a uniform age."""

    truth: float
    labels: pd.DataFrame
    snapshots: pd.DataFrame


def cohort(n: int = 4000, seed: int = 1) -> Cohort:
    rng = np.random.default_rng(seed)
    yes = rng.random(n) < 0.3
    duration = np.where(yes, rng.exponential(20, n).clip(max=100), 100.0)
    age = rng.uniform(0, 160, n)
    settled = duration <= age
    labels = pd.DataFrame(
        {
            "asked": True,
            "settled": settled,
            "y": np.where(settled, yes, np.nan).astype(float),
            "duration": np.where(settled, duration, np.nan),
            "censored_after": age,
        }
    )
    snapshots = pd.DataFrame({"lead_id": [f"l{i}" for i in range(n)], "landmark": 0, "weight": 1.0})
    return Cohort(float(yes.mean()), labels, snapshots)


def test_the_weighted_rate_is_unbiased_where_dropping_and_zero_filling_are_not() -> None:
    errors, dropped, zero_filled, covered = [], [], [], 0
    for seed in range(40):
        c = cohort(1500, seed)
        got = rate(c.labels, c.snapshots)
        errors.append(got.estimate - c.truth)
        dropped.append(c.labels["y"].mean() - c.truth)
        zero_filled.append(c.labels["y"].fillna(0).mean() - c.truth)
        covered += got.low <= 0.3 <= got.high
    assert abs(np.mean(errors)) < 0.005
    assert np.mean(dropped) > 0.1
    assert np.mean(zero_filled) < -0.03
    assert covered >= 36


def test_weights_sum_to_the_number_of_rows() -> None:
    c = cohort()
    assert weights(c.labels).sum() == pytest.approx(len(c.labels), rel=0.02)


def test_without_censoring_every_weight_is_one() -> None:
    c = cohort(50)
    labels = c.labels.assign(censored_after=np.inf, settled=True, y=1.0, duration=3.0)
    assert weights(labels).tolist() == [1.0] * 50


def test_unsettled_and_unasked_rows_weigh_nothing() -> None:
    c = cohort(200)
    labels = c.labels.assign(asked=np.arange(200) % 2 == 0)
    labels["settled"] &= labels["asked"]
    got = weights(labels)
    assert (got[~labels["settled"].to_numpy()] == 0).all()


def test_no_answer_counts_more_than_the_documented_limit() -> None:
    labels = pd.DataFrame(
        {
            "asked": True,
            "settled": [False] * 99 + [True],
            "y": [np.nan] * 99 + [0.0],
            "duration": [np.nan] * 99 + [90.0],
            "censored_after": [10.0] * 99 + [91.0],
        }
    )
    assert weights(labels).max() == pytest.approx(1 / SMALLEST_SHARE)


def test_landmarks_have_their_own_share() -> None:
    labels = pd.DataFrame(
        {"asked": True, "settled": True, "y": 1.0, "duration": 10.0, "censored_after": [20.0, 5.0, 20.0, 20.0]}
    )
    labels.loc[1, ["settled", "y", "duration"]] = [False, np.nan, np.nan]
    assert weights(labels, groups=np.array([0, 0, 7, 7])).tolist() == [2.0, 0.0, 1.0, 1.0]


def test_snapshots_of_one_lead_are_one_observation() -> None:
    c = cohort(400)
    again = pd.concat([c.snapshots] * 4, ignore_index=True)
    labels = pd.concat([c.labels] * 4, ignore_index=True)
    once, four_times = rate(c.labels, c.snapshots), rate(labels, again)
    assert four_times.estimate == pytest.approx(once.estimate)
    assert four_times.high - four_times.low == pytest.approx(once.high - once.low, rel=1e-6)


def test_nothing_settled_gives_no_rate() -> None:
    c = cohort(20)
    labels = c.labels.assign(settled=False, y=np.nan, duration=np.nan)
    assert np.isnan(rate(labels, c.snapshots).estimate)
