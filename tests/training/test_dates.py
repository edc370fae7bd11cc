from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tests.builders import instant
from training.dates import AFTER, choose_dates
from training.labels import HeadName

BEGIN = instant("2025-01-01")
DAY = pd.Timedelta(days=1)


def company(leads: int, days: int, *, quick: bool = False, rate: float = 0.3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads in equal numbers a day; answers are settled after 60 days, or sooner where quick, until the export."""
    rng = np.random.default_rng(0)
    taken = np.linspace(0, days - 1, leads)
    duration = rng.uniform(1, 30, leads) if quick else np.full(leads, 60.0)
    settled = taken + duration <= days
    snapshots = pd.DataFrame({"lead_id": [f"l{i}" for i in range(leads)], "as_of": BEGIN + pd.to_timedelta(taken, "D")})
    yes = (rng.random(leads) < rate).astype(float)
    labels = pd.DataFrame(
        {
            "asked": True,
            "settled": settled,
            "y": np.where(settled, yes, np.nan),
            "duration": np.where(settled, duration, np.nan),
        }
    )
    return snapshots, labels


def dates_of(leads: int, days: int, **more: Any) -> tuple[pd.Timestamp, ...]:
    snapshots, labels = company(leads, days, **more)
    return choose_dates(
        snapshots, {HeadName.CLOSE: labels}, BEGIN + days * DAY, horizon_days=60, most=5, least_outcomes=20
    )


def test_there_is_a_whole_horizon_before_the_first_date_and_after_the_last_snapshot() -> None:
    dates = dates_of(1000, 365)
    assert len(dates) == 6
    assert dates[0] >= BEGIN + 60 * DAY
    assert dates[-1] <= BEGIN + (365 - 60) * DAY


def test_dates_rise_and_are_midnights() -> None:
    dates = dates_of(1000, 365)
    assert list(dates) == sorted(set(dates))
    assert all(date == date.normalize() for date in dates)


def test_every_date_has_outcomes_before_and_after_it() -> None:
    snapshots, labels = company(1000, 365)
    dates = dates_of(1000, 365)
    settled_at = snapshots["as_of"] + pd.to_timedelta(labels["duration"], "D")
    for date, end in pairwise(dates):
        known = labels["y"][settled_at <= date]
        after = labels["y"][(snapshots["as_of"] > date) & (snapshots["as_of"] <= end)]
        assert min((known == 1).sum(), (known == 0).sum()) >= 10
        assert min((after == 1).sum(), (after == 0).sum()) >= AFTER


def test_a_short_history_waits_less_rather_than_giving_up() -> None:
    dates = dates_of(600, 100, quick=True)
    assert len(dates) >= 4
    assert dates[0] < BEGIN + 60 * DAY


def test_few_leads_give_fewer_dates() -> None:
    assert 2 <= len(dates_of(150, 365)) < 6


def test_too_few_outcomes_give_no_dates() -> None:
    assert dates_of(30, 365, rate=0.1) == ()
