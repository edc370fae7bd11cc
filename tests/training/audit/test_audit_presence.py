from __future__ import annotations

import numpy as np

from tests.populations import Days, flat
from training.audit import NotApplicable, Severity
from training.audit.checks import presence
from training.audit.settings import AuditSettings
from training.audit.view import view_of

RNG = np.random.default_rng(1)
WON = RNG.random(2000) < 0.2


def look(**fields: object) -> dict[str | None, Severity]:
    found = presence.CHECK.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return {f.field: f.severity for f in found}


def test_a_field_filled_only_for_the_won_is_taken_out() -> None:
    assert look(contract=np.where(WON, "signed", None)) == {"contract": Severity.BLOCK}


def test_a_field_filled_only_for_some_of_the_won_is_taken_out_too() -> None:
    assert look(seller=np.where(WON & (RNG.random(2000) < 0.2), "s1", None)) == {"seller": Severity.BLOCK}


def test_a_reason_given_only_for_the_lost_is_taken_out() -> None:
    assert look(reason=np.where(~WON & (RNG.random(2000) < 0.6), "price", None)) == {"reason": Severity.BLOCK}


def test_a_few_mistakes_do_not_hide_it() -> None:
    slip = RNG.random(2000) < 0.005
    assert look(contract=np.where(WON ^ slip, "signed", None)) == {"contract": Severity.BLOCK}


def test_a_form_that_keen_leads_complete_more_often_is_noted_and_stays_in() -> None:
    filled = RNG.random(2000) < np.where(WON, 0.9, 0.62)
    assert look(job=np.where(filled, "engineer", None)) == {"job": Severity.NOTE}


def test_a_strong_but_imperfect_presence_is_a_question() -> None:
    filled = RNG.random(2000) < np.where(WON, 0.8, 0.3)
    assert look(demo=np.where(filled, "yes", None)) == {"demo": Severity.ASK}


def test_presence_by_chance_says_nothing() -> None:
    assert look(city=np.where(RNG.random(2000) < 0.6, "Lyon", None)) == {}


def test_a_dozen_filled_values_prove_nothing() -> None:
    few = np.flatnonzero(WON)[:12]
    assert look_or_none(note=np.where(np.isin(np.arange(2000), few), "x", None)) == {}


def look_or_none(**fields: object) -> dict[str | None, Severity]:
    found = presence.CHECK.look(view_of(flat(WON, **fields), Days(), AuditSettings()))
    return {} if isinstance(found, NotApplicable) else {f.field: f.severity for f in found}


def test_fields_filled_at_random_on_few_leads_raise_no_question() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        fields = {f"f{i}": np.where(rng.random(90) < 0.5, "x", None) for i in range(20)}
        history = flat(rng.random(90) < 0.3, **fields)
        assert presence.CHECK.look(view_of(history, Days(), AuditSettings())) == []


def test_without_any_gap_the_check_does_not_apply() -> None:
    view = view_of(flat(WON, source=["web"] * 2000), Days(), AuditSettings())
    assert isinstance(presence.CHECK.look(view), NotApplicable)
