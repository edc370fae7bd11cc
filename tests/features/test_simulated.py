from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.errors import AccordError
from crm.history import History, Milestone
from crm.past import known_at
from crm.simulation import Company, simulate
from features.catalog import Catalog, Family
from features.compute import matrix
from features.facts import Facts, record_of
from features.infer import infer
from features.instants import NAT, Ints, micros_of


@pytest.fixture(scope="module")
def world() -> History:
    return simulate(Company(leads=600), seed=11).history


@pytest.fixture(scope="module")
def catalog(world: History) -> Catalog:
    return infer(world)


@pytest.fixture(scope="module")
def facts(world: History) -> Facts:
    return Facts.of_history(world, world.fields)


@pytest.fixture(scope="module")
def as_of(world: History, facts: Facts) -> Ints:
    """An instant within each undecided life, and the hand-off itself for every third lead."""
    created = facts.moments[:, 0]
    end = np.minimum(facts.decided, micros_of(world.exported_at))
    drawn = created + ((end - created) * np.random.default_rng(0).random(len(facts))).astype(np.int64)
    handed_off = facts.moment(Milestone.HANDED_OFF)
    return np.where((handed_off != NAT) & (np.arange(len(facts)) % 3 == 0), handed_off, drawn)


def test_requests_of_a_whole_company_match_its_history_to_the_last_bit(
    world: History, catalog: Catalog, facts: Facts, as_of: Ints
) -> None:
    offline = matrix(catalog, facts, np.arange(len(facts)), as_of)
    for row in range(0, len(facts), 25):
        when = pd.Timestamp(int(as_of[row]), unit="us", tz="UTC")
        record = record_of(world, world.leads["lead_id"].iloc[row], when)
        online = matrix(catalog, Facts.of_records([record], world.fields), np.zeros(1, np.int64), as_of[row : row + 1])
        assert online[0].tobytes() == offline[row].tobytes()


def test_an_export_made_earlier_gives_the_same_features(
    world: History, catalog: Catalog, facts: Facts, as_of: Ints
) -> None:
    then = pd.Timestamp(int(np.median(as_of)), unit="us", tz="UTC")
    earlier = known_at(world, then)
    young = Facts.of_history(earlier, world.fields)
    rows = facts.rows(earlier.leads["lead_id"])
    when = np.minimum(as_of[rows], micros_of(then))
    got = matrix(catalog, young, np.arange(len(young)), when)
    assert got.tobytes() == matrix(catalog, facts, rows, when).tobytes()


def test_every_family_but_dates_and_texts_is_found_in_the_simulated_company(catalog: Catalog) -> None:
    assert {feature.family for feature in catalog.features} == set(Family) - {Family.AGE, Family.PRESENCE}


def test_facts_know_their_leads(world: History, facts: Facts) -> None:
    ids = world.leads["lead_id"].iloc[[5, 2]]
    assert facts.rows(ids).tolist() == [5, 2]
    with pytest.raises(KeyError, match="nobody"):
        facts.rows(pd.Series(["nobody"], dtype="str"))
    with pytest.raises(KeyError, match="nobody"):
        record_of(world, "nobody")


def test_rows_of_leads_that_are_not_there_are_refused(world: History) -> None:
    torn = replace(world, leads=world.leads.iloc[1:])
    with pytest.raises(AccordError, match="not in the history"):
        Facts.of_history(torn, world.fields)
