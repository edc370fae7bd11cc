from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.training.review.world import company, handed
from training.review.chance import doubts_of
from training.review.foretold import Foretold, foretell
from training.review.ground import ground_of
from training.review.handed import Handed

CAUSES: dict[str, list[dict[str, Any]]] = {
    "not_reached": [{"field": "phone_given", "is": False}],
    "no_authority": [{"field": "job_title", "is": "student"}],
    "no_need": [{"field": "source", "is": "paid_social"}],
    "wrong_details": [{"field": "email", "is": "free"}],
}
"""What really weighs in the simulated company, of the reasons frequent enough to be seen (`crm.simulation.reasons`)."""


def told(leads: Handed, seed: int = 1) -> tuple[Foretold, ...]:
    ground = ground_of(leads)
    assert ground is not None
    return foretell(leads, ground, seed=seed)


def at_random(leads: Handed, seed: int) -> Handed:
    """The same rejections, their reasons dealt out anew."""
    table = leads.leads.copy()
    rejected = (table["outcome"] == "rejected").to_numpy()
    table.loc[rejected, "reason"] = np.random.default_rng(seed).permutation(
        table.loc[rejected, "reason"].to_numpy(object)
    )
    return replace(leads, leads=table)


@pytest.fixture(scope="module")
def leads() -> Handed:
    return handed(company())


def test_the_planted_causes_of_reasons_are_found(leads: Handed) -> None:
    found = told(leads)
    by_reason = {reason: [dict(one.rule) for one in found if one.reason == reason] for reason in CAUSES}
    for reason, causes in CAUSES.items():
        for cause in causes:
            assert cause in by_reason[reason], (reason, by_reason)
    market = [one.rule["field"] for one in found if one.reason == "not_our_market"]
    assert market, "schools, the public sector and far countries are not our market"
    assert set(market) <= {"account.industry", "country", "account.country"}


def test_reasons_dealt_out_at_random_have_no_cause(leads: Handed) -> None:
    silent = [not any(one.reason for one in told(at_random(leads, seed))) for seed in range(12)]
    assert sum(silent) >= 11, "in one of twenty at most, by its own account"


def test_what_makes_sales_reject_for_any_reason_is_told_apart(leads: Handed) -> None:
    found = [one for one in told(at_random(leads, 3)) if one.reason is None]
    assert {"field": "email", "is": "free"} in [dict(one.rule) for one in found]
    for one in found:
        assert one.accepted.value < one.others.value - 0.08


def test_a_filter_is_proposed_only_where_few_wins_would_go_with_it(leads: Handed) -> None:
    for one in told(leads):
        if one.filters:
            assert one.accepted.value < one.others.value
            assert one.wins <= 2 / 3 * one.of_all


def test_the_same_seed_finds_the_same_whatever_the_order_of_rows(leads: Handed) -> None:
    again = replace(leads, leads=leads.leads)
    assert told(leads) == told(again)


def test_our_own_people_and_what_is_known_later_are_never_proposed(leads: Handed) -> None:
    leaky = leads.leads.set_index("lead_id")["outcome"].astype(object)
    table = leads.history.leads.copy()
    table["verdict"] = leaky.reindex(table["lead_id"].to_numpy()).to_numpy()
    history = replace(leads.history, leads=table)
    fields = {one.rule.get("field") for one in told(replace(leads, history=history))}
    assert "owner" not in fields
    assert "verdict" not in fields, "the scorer may not look at it, so nobody says it was known"


def test_without_a_scorer_nobody_knows_what_was_known(leads: Handed) -> None:
    assert ground_of(replace(leads, scorer=None)) is None


def found_by_chance(cluster_of: str) -> float:
    """How often something is found among facts and marks of accounts that have nothing to do with each other."""
    rng = np.random.default_rng(4)
    account = np.sort(rng.integers(0, 80, 400))
    cluster = account if cluster_of == "account" else np.arange(400)
    found = []
    for seed in range(40):
        facts, marks = (rng.random((80, many)) < 0.25 for many in (20, 3))
        p = doubts_of(marks[account], facts[account], cluster, np.zeros(400, int), seed=seed, rounds=199)
        found.append((p <= 0.05).any())
    return float(np.mean(found))


def test_chance_alone_finds_something_no_more_often_than_it_says() -> None:
    assert found_by_chance("account") <= 0.12


def test_leads_of_one_account_that_say_the_same_must_not_count_each() -> None:
    assert found_by_chance("lead") > 0.3


def test_one_reason_for_all_rejections_sets_nobody_apart(leads: Handed) -> None:
    table = leads.leads.copy()
    table.loc[(table["outcome"] == "rejected").to_numpy(), "reason"] = "not_reached"
    assert not any(one.reason for one in told(replace(leads, leads=table)))


def test_leads_that_nobody_was_to_work_make_no_filter(leads: Handed) -> None:
    """They are not accepted for want of work: what they have in common says nothing of what sales wants."""
    idle = (leads.leads["outcome"].isna() & leads.leads["accepted_at"].isna()).to_numpy()
    assert idle.sum() > 20
    worked = replace(leads, leads=leads.leads.assign(explored=[False if one else None for one in idle]))
    pairs = [(a, b) for a, b in zip(told(leads), told(worked), strict=True) if a.test == b.test]
    assert pairs
    assert all(after.accepted.judged <= before.accepted.judged for before, after in pairs)
    assert any(after.accepted.value > before.accepted.value for before, after in pairs)
