"""What the product claims of its probabilities and of leads too young to judge, held against a truth that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from crm.simulation import Company, Simulated, simulate
from models.definition import Definition
from training.backtest import backtest
from training.censoring import rate
from training.labels import HeadName, label
from training.metrics import slope_against_truth
from training.settings import Settings
from training.snapshots import take

DEFINITION = Definition()
SETTINGS = Settings(dates=4)


@pytest.fixture(scope="module")
def forward() -> pd.DataFrame:
    """Forward predictions on a simulated company beside the true probabilities."""
    run = simulate(Company(leads=6_000, leaks=False), seed=3)
    table = backtest(run.history, DEFINITION, SETTINGS, seed=0).table
    truth = run.truth.probabilities(table, DEFINITION.accept_days, DEFINITION.close_days)
    return table.assign(truth=np.where(table["head"] == "accept", truth["p_accept"], truth["p_close"]))


@pytest.mark.slow
@pytest.mark.parametrize("head", ["accept", "close"])
def test_forward_predictions_are_calibrated_against_the_true_probabilities(forward: pd.DataFrame, head: str) -> None:
    rows = forward[forward["head"] == head]
    slope, level = slope_against_truth(rows["chosen"].to_numpy(), rows["truth"].to_numpy(), rows["weight"].to_numpy())
    assert 0.9 <= slope <= 1.1
    assert abs(level) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("head", ["accept", "close"])
def test_forward_predictions_are_nearer_to_the_truth_than_any_constant(forward: pd.DataFrame, head: str) -> None:
    rows = forward[forward["head"] == head]
    weight = rows["weight"].to_numpy()
    distance = np.average((rows["chosen"] - rows["truth"]) ** 2, weights=weight)
    best_constant = np.average((rows["truth"] - np.average(rows["truth"], weights=weight)) ** 2, weights=weight)
    assert distance < 0.5 * best_constant


@dataclass(frozen=True)
class Estimates:
    """Rates of one simulated company by landmark 0, the true one first."""

    truth: float
    weighted: float
    low: float
    high: float
    dropped: float
    as_failures: float


def year(seed: int, leads: int = 5_000) -> Simulated:
    """A year of leads with a sales cycle of months: at the export, many are too young to judge."""
    return simulate(Company(leads=leads, months=12, drift=0.0, leaks=False), seed=seed)


def estimates(run: Simulated, head: HeadName) -> Estimates:
    snapshots = take(run.history, (0,))
    labels = label(run.history, snapshots, head, DEFINITION)
    found = rate(labels, snapshots)
    p = run.truth.probabilities(snapshots, DEFINITION.accept_days, DEFINITION.close_days)[f"p_{head}"]
    assert labels["asked"].all()
    return Estimates(float(p.mean()), found.estimate, found.low, found.high, found.dropped, found.as_failures)


def bias(runs: list[Estimates], estimate: str) -> tuple[float, float]:
    """The mean error over independent companies, and how many standard errors it is from 0."""
    errors = np.array([getattr(run, estimate) - run.truth for run in runs])
    return float(errors.mean()), float(errors.mean() / (errors.std(ddof=1) / np.sqrt(len(errors))))


@pytest.fixture(scope="module")
def by_head() -> dict[HeadName, list[Estimates]]:
    found: dict[HeadName, list[Estimates]] = {head: [] for head in HeadName}
    for seed in range(12):
        run = year(seed)
        for head in HeadName:
            found[head].append(estimates(run, head))
    return found


@pytest.fixture(params=list(HeadName))
def runs(request: pytest.FixtureRequest, by_head: dict[HeadName, list[Estimates]]) -> list[Estimates]:
    return by_head[request.param]


def test_weighted_rate_is_unbiased(runs: list[Estimates]) -> None:
    error, z = bias(runs, "weighted")
    assert abs(z) < 3
    assert abs(error) < 0.02 * runs[0].truth


def test_intervals_of_the_weighted_rate_hold_the_truth(runs: list[Estimates]) -> None:
    held = [run.low <= run.truth <= run.high for run in runs]
    assert np.mean(held) >= 10 / 12


def test_dropping_immature_leads_is_biased(runs: list[Estimates]) -> None:
    error, z = bias(runs, "dropped")
    assert abs(z) > 5
    assert abs(error) > 0.01 * runs[0].truth


def test_counting_immature_leads_as_failures_is_biased_low(runs: list[Estimates]) -> None:
    error, z = bias(runs, "as_failures")
    assert z < -5
    assert error < -0.02 * runs[0].truth


def test_one_large_company_shows_all_three_at_once() -> None:
    """The true close rate lies within the interval of the weighted estimate; the two naive ones lie outside of it."""
    found = estimates(year(seed=100, leads=30_000), HeadName.CLOSE)
    assert found.low <= found.truth <= found.high
    assert found.dropped < found.low
    assert found.as_failures < found.low
