"""Nothing that happened after a date changes what is trained on that date: the fold is the same to the last bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.history import History
from crm.past import known_at
from crm.simulation import Company, simulate
from models.definition import Definition
from tests.builders import instant
from training.backtest import backtest
from training.folds import Fold, folds_in_time
from training.labels import HeadName
from training.settings import Settings

DATE = instant("2025-09-01")
DEFINITION = Definition(accept_days=30, close_days=120)
SETTINGS = Settings(landmarks=(0, 30))


@pytest.fixture(scope="module")
def company() -> History:
    return simulate(Company(leads=500, months=18, leaks=False), seed=4).history


def fold_at(history: History) -> Fold:
    return next(folds_in_time(history, (DATE, DATE + pd.Timedelta(days=40)), DEFINITION, SETTINGS, seed=0))


def without_the_future(past: History) -> History:
    """Later rows are gone, as if the company had been closed on the day."""
    return replace(known_at(past, DATE), exported_at=past.exported_at)


def another_future(past: History) -> History:
    """Every later row says something else: other kinds, other outcomes, other instants, other leads."""
    rng = np.random.default_rng(0)

    def mixed(table: pd.DataFrame, time: str, **columns: str) -> pd.DataFrame:
        later = (table[time] > DATE).to_numpy()
        out = table.copy()
        moved = out.loc[later, time] + pd.to_timedelta(rng.integers(1, 90, later.sum()), "D")
        out.loc[later, time] = moved.astype(out[time].dtype)
        for name, value in columns.items():
            out.loc[later, name] = value
        return out

    return replace(
        past,
        leads=mixed(past.leads, "created_at", source="somewhere else"),
        activities=mixed(past.activities, "occurred_at", kind="carrier_pigeon"),
        milestones=mixed(past.milestones, "reached_at", milestone="won"),
        exported_at=past.exported_at + pd.Timedelta(days=90),
    )


@pytest.mark.parametrize("future", [without_the_future, another_future])
def test_nothing_after_a_date_changes_what_is_trained_on_it(company: History, future) -> None:  # noqa: ANN001
    real, other = fold_at(company), fold_at(future(company))
    assert (company.milestones["reached_at"] > DATE).sum() > 100
    assert real.catalog.hash == other.catalog.hash
    pd.testing.assert_frame_equal(real.train.snapshots, other.train.snapshots)
    np.testing.assert_array_equal(real.train.x, other.train.x)
    for head in HeadName:
        pd.testing.assert_frame_equal(real.train.labels[head], other.train.labels[head])
        a, b = real.sample(head), other.sample(head)
        np.testing.assert_array_equal(a.y, b.y)
        np.testing.assert_array_equal(a.weight, b.weight)


def test_nothing_after_the_last_date_changes_what_would_have_been_served(company: History) -> None:
    quick = Settings(landmarks=(0, 30), widths=(0.2,), half_lives=(), trees=(), level_days=(30,), level_priors=(30,))
    dates = tuple(DATE - pd.Timedelta(days=days) for days in (150, 100, 50, 0))
    real = backtest(company, DEFINITION, quick, dates=dates).table
    other = backtest(another_future(company), DEFINITION, quick, dates=dates).table
    assert not real["y"].equals(other["y"])
    assert real["chosen_on"].max() == 2
    pd.testing.assert_frame_equal(real[["lead_id", "as_of", "chosen"]], other[["lead_id", "as_of", "chosen"]])


def test_no_training_snapshot_or_answer_is_later_than_the_date(company: History) -> None:
    fold = fold_at(company)
    assert (fold.train.snapshots["as_of"] < DATE).all()
    for labels in fold.train.labels.values():
        answered = fold.train.snapshots["as_of"] + pd.to_timedelta(labels["duration"], "D")
        assert (answered.dropna() <= DATE).all()
