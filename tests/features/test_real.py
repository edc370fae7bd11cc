"""Parity, and what is inferred, on the three real histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.catalog import Catalog, Family
from features.compute import matrix
from features.facts import Facts, record_of
from features.infer import infer
from features.instants import NAT, micros_of
from tests.real import MARKS, example

pytestmark = MARKS


def families(catalog: Catalog) -> set[Family]:
    return {feature.family for feature in catalog.features}


@pytest.mark.parametrize("name", ["x_education", "olist_funnel", "bpi2012"])
def test_requests_match_the_history_to_the_last_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = example(name, monkeypatch).history
    catalog, facts = infer(world), Facts.of_history(world, world.fields)
    rng = np.random.default_rng(5)
    rows = rng.choice(len(facts), 15, replace=False)
    created = facts.moments[rows, 0]
    lives = np.minimum(facts.decided[rows], micros_of(world.exported_at)) - created
    as_of = created + (rng.random(len(rows)) * lives).astype(np.int64) if world.timed else np.full(len(rows), NAT)
    offline = matrix(catalog, facts, rows, as_of)
    for i, row in enumerate(rows):
        when = pd.Timestamp(int(as_of[i]), unit="us", tz="UTC") if world.timed else None
        record = record_of(world, world.leads["lead_id"].iloc[row], when)
        online = matrix(catalog, Facts.of_records([record], world.fields), np.zeros(1, np.int64), as_of[i : i + 1])
        assert online[0].tobytes() == offline[i].tobytes()


def test_the_flat_history_gives_attributes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = infer(example("x_education", monkeypatch).history)
    assert families(catalog) == {Family.ATTRIBUTE}
    assert "lead_number" not in catalog.names
    assert {"lead_source", "totalvisits", "total_time_spent_on_website"} <= set(catalog.names)


def test_the_history_that_records_only_wins_gives_plausible_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    world = example("olist_funnel", monkeypatch).history
    catalog, facts = infer(world), Facts.of_history(world, world.fields)
    assert Family.RATE in families(catalog)
    at_the_end = np.full(len(facts), micros_of(world.exported_at))
    rate = matrix(catalog, facts, np.arange(len(facts)), at_the_end)[:, catalog.names.index("origin_close_rate")]
    won_in_time = 0.75 * 842 / 8000  # leads are judged at the age at which three quarters of the wins have come
    assert 0.02 < np.nanmin(rate) < won_in_time < np.nanmax(rate) < 0.3


def test_the_event_log_gives_activity_and_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = infer(example("bpi2012", monkeypatch).history)
    assert families(catalog) >= {Family.COUNT, Family.RECENCY, Family.TREND, Family.ACTIVE_DAYS, Family.PROGRESS}
