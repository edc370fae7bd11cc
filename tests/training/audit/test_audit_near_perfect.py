from __future__ import annotations

import numpy as np
import pytest

from tests.populations import Days, flat
from training.audit import NotApplicable, Severity
from training.audit.checks import near_perfect
from training.audit.settings import AuditSettings
from training.audit.view import view_of

RNG = np.random.default_rng(3)
N = 3000
WON = RNG.random(N) < 0.3


def look(won: np.ndarray = WON, **fields: object) -> dict[str | None, Severity]:
    found = near_perfect.CHECK.look(view_of(flat(won, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return {f.field: f.severity for f in found}


def test_a_field_whose_values_are_the_outcome_is_taken_out() -> None:
    stage = np.where(WON ^ (RNG.random(N) < 0.02), "done", "other")
    assert look(stage=stage) == {"stage": Severity.BLOCK}


def test_a_number_that_is_high_only_for_the_won_is_taken_out() -> None:
    assert look(hours=RNG.normal(0, 1, N) + 4 * WON) == {"hours": Severity.BLOCK}


def test_an_amount_that_is_nought_until_the_lead_is_won_is_taken_out() -> None:
    rare = RNG.random(N) < 0.1
    amount = np.where(rare, np.round(np.exp(RNG.normal(8, 1, N))), 0.0)
    assert look(rare, amount=amount) == {"amount": Severity.BLOCK}


def test_a_field_that_is_perfect_where_it_is_filled_is_taken_out() -> None:
    filled = RNG.random(N) < 0.2
    assert look(verdict=np.where(filled, np.where(WON, "good", "bad"), None)) == {"verdict": Severity.BLOCK}


def test_a_very_strong_field_is_a_question() -> None:
    assert look(rating=RNG.normal(0, 1, N) + 1.6 * WON) == {"rating": Severity.ASK}


def test_a_strong_honest_field_stays_without_a_question() -> None:
    assert look(minutes=RNG.normal(0, 1, N) + 0.9 * WON) == {}


@pytest.mark.parametrize("n", [60, 300])
def test_many_levels_on_few_leads_are_not_taken_for_knowledge(n: int) -> None:
    rng = np.random.default_rng(n)
    won = rng.random(n) < 0.4
    assert look(won, campaign=rng.integers(0, n // 2, n).astype(str)) == {}


def test_evidence_names_levels_with_counts_rates_and_intervals() -> None:
    stage = np.where(WON, "done", "other")
    found = near_perfect.CHECK.look(view_of(flat(WON, stage=stage), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    done = found[0].numbers["levels"][0]
    assert done["value"] == "done"
    assert done["leads"] == done["outcomes"] == WON.sum()
    assert done["interval"][0] > 0.99
    assert f"“done” 100 % of {WON.sum():,}" in found[0].evidence


def test_one_sort_of_outcome_cannot_be_asked() -> None:
    view = view_of(flat([False] * 50, city=["a", "b"] * 25), Days(), AuditSettings())
    assert isinstance(near_perfect.CHECK.look(view), NotApplicable)
