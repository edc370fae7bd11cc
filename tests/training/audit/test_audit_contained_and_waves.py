from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.populations import Days, flat
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import contained, waves
from training.audit.settings import AuditSettings
from training.audit.view import view_of

N = 4000
RNG = np.random.default_rng(6)
WON = RNG.random(N) < 0.3
WORKED = RNG.random(N) < 0.5
TAG = np.where(WORKED, np.where(WON, "yes", "no"), None)


def look(**fields: object) -> dict[str | None, Severity]:
    view = view_of(flat(WON, tag=TAG, **fields), Days(), AuditSettings())
    found = contained.CHECK.look(replace(view, taken_out=frozenset({"tag"})))
    assert not isinstance(found, NotApplicable)
    return {f.field: f.severity for f in found}


def test_a_telling_field_filled_only_with_a_telltale_is_taken_out() -> None:
    noisy = np.where(WON ^ (RNG.random(N) < 0.25), "high", "low")
    assert look(quality=np.where(WORKED & (RNG.random(N) < 0.6), noisy, None)) == {"quality": Severity.BLOCK}


def test_a_field_that_says_little_but_is_filled_with_a_telltale_is_a_question() -> None:
    language = RNG.choice(np.array(["fr", "en"]), N)
    assert look(language=np.where(WORKED & (RNG.random(N) < 0.6), language, None)) == {"language": Severity.ASK}


def test_a_form_field_that_worked_leads_mostly_have_too_is_left_alone() -> None:
    filled = RNG.random(N) < np.where(WORKED, 0.98, 0.35)
    assert look(occupation=np.where(filled, np.where(WON ^ (RNG.random(N) < 0.25), "a", "b"), None)) == {}


def test_without_a_partly_empty_telltale_it_cannot_be_asked() -> None:
    assert isinstance(contained.CHECK.look(view_of(flat(WON, tag=TAG), Days(), AuditSettings())), NotApplicable)


def along(filled: np.ndarray, **more: object) -> list[Finding]:
    serial = 7.0 * np.arange(N)
    history = flat(WON, serial=serial, score=np.where(filled, 1.0 + RNG.integers(0, 9, N), np.nan), **more)
    found = waves.CHECK.look(view_of(history, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return found


def test_a_batch_that_ran_at_both_ends_is_a_question_that_names_its_companions() -> None:
    ran = (np.arange(N) < 0.3 * N) | (np.arange(N) > 0.7 * N)
    found = along(ran, index=np.where(ran, "high", None))
    assert [(f.field, f.severity) for f in found] == [("score", Severity.ASK), ("index", Severity.ASK)]
    assert "serial" in found[0].evidence
    assert found[0].numbers["together"] == ["index"]
    assert "wherever `score` is" in found[1].evidence


def test_a_field_that_was_introduced_once_is_no_wave() -> None:
    assert along(np.arange(N) > 0.5 * N) == []
    assert along(np.arange(N) < 0.5 * N) == []


def test_a_campaign_that_came_and_went_is_no_wave() -> None:
    assert along((np.arange(N) > 0.4 * N) & (np.arange(N) < 0.6 * N)) == []


def test_ordinary_gaps_are_no_wave() -> None:
    assert along(RNG.random(N) < 0.5 + 0.2 * np.sin(np.arange(N) / 300)) == []


def test_a_small_history_cannot_be_followed() -> None:
    view = view_of(flat([True, False] * 20, score=[1.0, 2.0] * 20), Days(), AuditSettings())
    assert isinstance(waves.CHECK.look(view), NotApplicable)
