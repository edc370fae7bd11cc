from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.history import History
from crm.past import known_at
from features import compute
from features.catalog import Catalog, Family
from features.compute import matrix
from features.facts import Facts, record_of
from features.instants import NAT, micros_of
from tests.builders import account, activity, history, lead
from tests.builders import instant as instant_of
from tests.features import oracle
from tests.features.worlds import at, every_family, facts_of, snapshots, world_of, worlds

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def instant(as_of: int) -> pd.Timestamp:
    return pd.Timestamp(int(as_of), unit="us", tz="UTC")


@given(worlds(), seeds)
@settings(few, max_examples=60)
def test_every_feature_is_what_a_naive_reading_of_the_history_gives(world: History, seed: int) -> None:
    agrees_with_the_oracle(every_family(world), world, seed)


@given(worlds(), seeds)
@few
def test_rates_learned_on_an_earlier_export_hold_their_last_value(world: History, seed: int) -> None:
    earlier = known_at(world, instant_of(at(70)))
    if not earlier.leads.empty:
        rates = [f.name for f in every_family(earlier).features if f.family == Family.RATE]
        catalog = every_family(earlier)
        agrees_with_the_oracle(catalog.without([n for n in catalog.names if n not in rates]), world, seed)


def agrees_with_the_oracle(catalog: Catalog, world: History, seed: int) -> None:
    lead_rows, as_of = snapshots(world, seed, per_lead=1)
    got = matrix(catalog, facts_of(world), lead_rows, as_of)
    plain = oracle.Plain(world)
    for row, (lead_row, when) in enumerate(zip(lead_rows, as_of, strict=True)):
        lead_id = world.leads["lead_id"].iloc[lead_row]
        for column, feature in enumerate(catalog.features):
            expected = oracle.value(feature, catalog, plain, lead_id, int(when))
            np.testing.assert_equal(got[row, column], expected, err_msg=f"{feature} of {lead_id} at {instant(when)}")


def test_the_worlds_of_these_tests_say_something_in_every_family() -> None:
    telling = set()
    for seed in range(20):
        world = world_of(seed, count=10, accounts=3)
        catalog = every_family(world)
        values = matrix(catalog, facts_of(world), *snapshots(world, seed))
        for feature, column in zip(catalog.features, values.T, strict=True):
            if len(set(column[~np.isnan(column)])) > 1:
                telling.add(feature.family)
    assert telling == set(Family)


@given(worlds(), seeds)
@few
def test_a_request_gives_the_same_features_as_the_history_to_the_last_bit(world: History, seed: int) -> None:
    catalog = every_family(world)
    lead_rows, as_of = snapshots(world, seed, per_lead=1)
    offline = matrix(catalog, facts_of(world), lead_rows, as_of)
    records = [
        record_of(world, world.leads["lead_id"].iloc[r], instant(t)) for r, t in zip(lead_rows, as_of, strict=True)
    ]
    together = matrix(catalog, Facts.of_records(records, world.fields), np.arange(len(records)), as_of)
    assert together.tobytes() == offline.tobytes()
    for i, record in enumerate(records):
        alone = matrix(catalog, Facts.of_records([record], world.fields), np.zeros(1, np.int64), as_of[i : i + 1])
        assert alone.tobytes() == offline[i].tobytes()


@given(worlds(), seeds)
@few
def test_what_happens_later_never_changes_a_feature(world: History, seed: int) -> None:
    catalog = every_family(world)
    lead_rows, as_of = snapshots(world, seed, per_lead=1)
    full = matrix(catalog, facts_of(world), lead_rows, as_of)
    for i, (lead_row, when) in enumerate(zip(lead_rows, as_of, strict=True)):
        then = known_at(world, instant(when)) if instant(when) <= world.exported_at else world
        facts = facts_of(then)
        row = facts.rows(world.leads["lead_id"].iloc[[lead_row]])
        alone = matrix(catalog, facts, row, as_of[i : i + 1])
        np.testing.assert_array_equal(alone[0], full[i])


@given(worlds(), seeds)
@few
def test_the_order_of_rows_never_matters(world: History, seed: int) -> None:
    catalog = every_family(world)
    lead_rows, as_of = snapshots(world, seed)
    expected = matrix(catalog, facts_of(world), lead_rows, as_of)
    shuffled = replace(
        world,
        **{
            name: getattr(world, name).sample(frac=1, random_state=seed % 1000)
            for name in ("leads", "accounts", "activities", "milestones", "changes")
        },
    )
    facts = facts_of(shuffled)
    rows = facts.rows(world.leads["lead_id"].iloc[lead_rows])
    assert every_family(shuffled).hash == catalog.hash
    assert matrix(catalog, facts, rows, as_of).tobytes() == expected.tobytes()


@given(worlds(), seeds, st.integers(1, 7), st.integers(1, 60), st.integers(0, 20))
@few
def test_the_size_of_a_batch_changes_no_bit(world: History, seed: int, rows: int, events: int, gap: int) -> None:
    catalog, facts = every_family(world), facts_of(world)
    lead_rows, as_of = snapshots(world, seed)
    expected = matrix(catalog, facts, lead_rows, as_of)
    for i in range(len(lead_rows)):
        assert matrix(catalog, facts, lead_rows[i : i + 1], as_of[i : i + 1]).tobytes() == expected[i].tobytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "_ROWS", rows)
        patch.setattr(compute, "_EVENTS", events)
        patch.setattr(compute, "_GAP", gap)
        assert matrix(catalog, facts, lead_rows, as_of).tobytes() == expected.tobytes()
    assert matrix(catalog, facts, lead_rows[:0], as_of[:0]).shape == (0, len(catalog.names))


@given(worlds(), seeds)
@few
def test_a_stored_catalog_gives_the_same_matrix(world: History, seed: int) -> None:
    catalog = every_family(world)
    again = Catalog.from_json(catalog.to_json())
    lead_rows, as_of = snapshots(world, seed)
    facts = facts_of(world)
    assert again == catalog
    assert again.hash == catalog.hash
    assert matrix(again, facts, lead_rows, as_of).tobytes() == matrix(catalog, facts, lead_rows, as_of).tobytes()


@given(worlds(), seeds)
@few
def test_without_a_time_attributes_stand_as_they_are_and_the_rest_is_missing(world: History, seed: int) -> None:
    catalog, facts = every_family(world), facts_of(world)
    lead_rows, _ = snapshots(world, seed, per_lead=1)
    got = matrix(catalog, facts, lead_rows, np.full(len(lead_rows), NAT))
    late = matrix(catalog, facts, lead_rows, np.full(len(lead_rows), 2**62))
    families = (Family.ATTRIBUTE, Family.PRESENCE, Family.SENIORITY, Family.DOMAIN)
    timeless = np.array([feature.family in families for feature in catalog.features])
    np.testing.assert_array_equal(got[:, timeless], late[:, timeless])
    assert np.isnan(got[:, ~timeless]).all()


def test_an_event_at_the_snapshot_is_known_and_one_a_window_before_is_not() -> None:
    world = history(
        lead("l1", at(0)), activity("l1", "call", at(4)), activity("l1", "call", at(8)), activity("l1", "call", at(9))
    )
    catalog = every_family(world)
    as_of = np.array([micros_of(instant_of(at(8)))])
    row = matrix(catalog, facts_of(world), np.zeros(1, np.int64), as_of)[0]
    assert row[catalog.names.index("call_count_1")] == 1.0


def test_colleagues_are_counted_without_the_lead_even_before_it_was_created() -> None:
    rows = [lead("l1", at(8), "a1"), lead("l2", at(0), "a1"), account("a1")]
    world = history(*rows, *(activity(who, "call", at(4)) for who in ("l1", "l1", "l2")))
    catalog, facts = every_family(world), facts_of(world)
    instants = [micros_of(instant_of(at(step))) for step in (6, 8)]
    of_first = matrix(catalog, facts, np.array([0, 0]), np.array(instants))
    of_second = matrix(catalog, facts, np.array([1, 1]), np.array(instants))
    column = catalog.names.index("activities_group_5")
    assert of_first[:, column].tolist() == [1.0, 1.0]
    assert of_second[:, column].tolist() == [0.0, 2.0]


def test_inputs_are_not_changed() -> None:
    world = history(lead("l1", at(0), source="web"), lead("l2", at(1), source="fair"), activity("l1", "call", at(4)))
    before = {name: getattr(world, name).copy() for name in ("leads", "activities", "milestones")}
    lead_rows, as_of = np.array([1, 0]), np.array([2**60, 2**60])
    matrix(every_family(world), facts_of(world), lead_rows, as_of)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(world, name), table)
    assert lead_rows.tolist() == [1, 0]
    assert as_of.tolist() == [2**60, 2**60]
