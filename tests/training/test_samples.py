"""Young leads in the fit: neither dropped, nor failures, nor the proof that last month's campaign never fails."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.catalog import Catalog, Family, Feature, FeatureKind
from training.candidates import Sample, logistic
from training.censoring import weights
from training.delay import delays_of
from training.designs import design_of
from training.samples import LEAST_SEEN, sample_of

HORIZON = 90.0
RATE = 0.2
CATALOG = Catalog((Feature("new_campaign", FeatureKind.NUMBER, Family.ATTRIBUTE, "campaign"),))


def company(n: int = 6000, *, new_rate: float = RATE) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Wins take up to 90 days, failures always 90; a campaign began 45 days before the export."""
    rng = np.random.default_rng(7)
    age = rng.uniform(0, 300, n)
    new = (age < 45).astype(float)
    yes = rng.random(n) < np.where(new == 1, new_rate, RATE)
    duration = np.where(yes, rng.uniform(0, HORIZON, n), HORIZON)
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
    return new[:, None], snapshots, labels


def expecting(x: np.ndarray, snapshots: pd.DataFrame, labels: pd.DataFrame) -> Sample:
    age = labels["censored_after"].to_numpy()
    return sample_of(CATALOG, x, snapshots, labels, delays_of(labels, snapshots), age, age < 30)


def said_of_the_new_campaign(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    design = design_of(CATALOG, x, weight)
    model = logistic(design, design.encode(x), y, weight, width=1.0)
    return float(expit(model.log_odds(np.ones((1, 1))))[0])


def test_a_campaign_of_last_month_is_not_taken_for_one_that_never_fails() -> None:
    x, snapshots, labels = company()
    sample = expecting(x, snapshots, labels)
    assert said_of_the_new_campaign(sample.x, sample.y, sample.weight) == pytest.approx(RATE, abs=0.05)


def test_censoring_weights_would_take_it_for_one() -> None:
    x, _, labels = company()
    settled = labels["settled"].to_numpy()
    weight = weights(labels)[settled]
    assert said_of_the_new_campaign(x[settled], labels["y"].to_numpy()[settled], weight) > 0.9


def test_a_campaign_that_is_better_is_seen_to_be_better_before_its_failures_are_known() -> None:
    x, snapshots, labels = company(new_rate=0.5)
    sample = expecting(x, snapshots, labels)
    assert said_of_the_new_campaign(sample.x, sample.y, sample.weight) > RATE + 0.1


def test_a_young_lead_counts_once_in_all() -> None:
    x, snapshots, labels = company(2000)
    sample = expecting(x, snapshots, labels)
    open_yes, _ = delays_of(labels, snapshots).left(labels["censored_after"].to_numpy(), np.zeros(2000, dtype=np.int64))
    assert sample.weight.sum() == pytest.approx((1 - open_yes >= LEAST_SEEN).sum())
    assert set(np.unique(sample.y)) == {0.0, 1.0}


def test_the_older_an_open_lead_the_less_is_expected_of_it() -> None:
    x, snapshots, labels = company()
    sample = expecting(x, snapshots, labels)
    known = int((labels["settled"] & (labels["censored_after"] > 10)).sum())
    young_yes = np.flatnonzero(sample.y == 1)
    open_rows = young_yes[np.argsort(sample.age[young_yes])]
    chances = sample.weight[open_rows][sample.weight[open_rows] < 1]
    assert known > 0
    assert chances[:50].mean() > 2 * chances[-50:].mean()


def test_without_young_leads_the_sample_is_the_settled_rows() -> None:
    x, snapshots, labels = company()
    old = labels["censored_after"].to_numpy() > HORIZON
    sample = expecting(x[old], snapshots[old].reset_index(drop=True), labels[old].reset_index(drop=True))
    np.testing.assert_array_equal(sample.y, labels["y"].to_numpy()[old])
    assert (sample.weight == 1).all()
