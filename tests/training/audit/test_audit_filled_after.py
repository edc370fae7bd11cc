from __future__ import annotations

import numpy as np

from tests.populations import Days, flat, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import filled_after
from training.audit.settings import AuditSettings
from training.audit.view import view_of

N = 2000
RNG = np.random.default_rng(2)
OPEN = RNG.random(N) < np.linspace(0.02, 0.9, N)  # the younger, the more often open
OUTCOME = np.where(OPEN, None, np.where(RNG.random(N) < 0.3, "won", "lost")).tolist()


def look(**fields: object) -> list[Finding] | NotApplicable:
    return filled_after.CHECK.look(view_of(timed(OUTCOME, **fields), Days(), AuditSettings()))


def severities(**fields: object) -> dict[str | None, Severity]:
    found = look(**fields)
    assert not isinstance(found, NotApplicable)
    return {f.field: f.severity for f in found}


def test_a_field_filled_at_closing_whatever_the_outcome_is_taken_out() -> None:
    # Won and lost leads have it alike, so its presence does not tell which of both it was.
    assert severities(closing_call=np.where(OPEN, None, "done")) == {"closing_call": Severity.BLOCK}


def test_a_field_introduced_last_quarter_is_not_mistaken_for_one_filled_late() -> None:
    new = np.arange(N) > 0.75 * N
    assert severities(consent=np.where(new, "given", None)) == {}
    old = np.arange(N) < 0.5 * N
    assert severities(fax=np.where(old, "0123", None)) == {}


def test_a_stage_that_moves_on_is_a_question() -> None:
    stage = np.where(OPEN, "working", np.where(RNG.random(N) < 0.5, "closed", "working"))
    assert severities(stage=stage) == {"stage": Severity.ASK}


def test_honest_fields_are_left_alone() -> None:
    city = RNG.choice(np.array(["Lyon", "Lille", "Brest"]), N)
    assert severities(city=city, size=RNG.integers(1, 500, N).astype(float), name=[f"n{i}" for i in range(N)]) == {}


def test_a_flat_history_cannot_be_asked() -> None:
    found = filled_after.CHECK.look(view_of(flat([True, False], city=["a", "b"]), Days(), AuditSettings()))
    assert isinstance(found, NotApplicable)
    assert "no times" in found.reason


def test_a_history_where_all_leads_are_decided_cannot_be_asked() -> None:
    history = timed(["won", "lost"] * 100, city=["a"] * 200)
    assert isinstance(filled_after.CHECK.look(view_of(history, Days(), AuditSettings())), NotApplicable)


def test_few_open_leads_raise_no_question_by_chance() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        outcome = np.where(rng.random(160) < 0.15, None, "lost").tolist()
        fields = {
            f"f{i}": np.where(rng.random(160) < 0.6, rng.choice(["a", "b", "c", "d"], 160), None) for i in range(8)
        }
        found = filled_after.CHECK.look(view_of(timed(outcome, **fields), Days(), AuditSettings()))
        assert isinstance(found, NotApplicable) or found == []
