from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crm.history import History
from tests.populations import Days, changes, timed
from training.audit import NotApplicable, Severity
from training.audit.checks import changed_after
from training.audit.settings import AuditSettings
from training.audit.view import view_of

RNG = np.random.default_rng(4)
BASE = timed((["won"] + ["lost"] * 3) * 150, after=20.0, age=np.linspace(400, 120, 600), rating=["low"] * 600)


def changed(days_after_outcome: np.ndarray, leads: np.ndarray) -> History:
    created = BASE.leads["created_at"].iloc[leads].reset_index(drop=True)
    at = created + pd.to_timedelta(20 * 86400 + np.round(days_after_outcome * 86400), unit="s")
    rows = pd.DataFrame({"lead_id": BASE.leads["lead_id"].iloc[leads].to_numpy(), "changed_at": at})
    rows = rows.assign(field="rating", old="low", new="high")
    return replace(BASE, changes=changes(rows.to_dict("records")))


def look(history: History) -> dict[str | None, Severity]:
    found = changed_after.CHECK.look(view_of(history, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable)
    return {f.field: f.severity for f in found}


def test_a_value_overwritten_when_leads_are_decided_is_taken_out() -> None:
    leads = np.arange(0, 600, 2)
    assert look(changed(RNG.uniform(0, 3, 300), leads)) == {"rating": Severity.BLOCK}


def test_a_change_at_the_very_outcome_counts_as_after_it() -> None:
    assert look(changed(np.zeros(300), np.arange(300))) == {"rating": Severity.BLOCK}


def test_a_field_overwritten_for_some_is_a_question() -> None:
    assert look(changed(RNG.uniform(0, 3, 40), np.arange(40))) == {"rating": Severity.ASK}


def test_corrections_that_come_at_any_time_are_only_noted() -> None:
    days = RNG.uniform(-20, 80, 600)
    assert look(changed(days, np.arange(600))) == {"rating": Severity.NOTE}


def test_what_is_written_weeks_after_the_outcome_is_found_too() -> None:
    assert look(changed(RNG.uniform(20, 40, 300), np.arange(300))) == {"rating": Severity.BLOCK}


def test_a_handful_of_corrections_after_the_outcome_proves_nothing() -> None:
    assert look(changed(np.concatenate([[1.0, 3.0], RNG.uniform(-19, 80, 20)]), np.arange(22))) == {
        "rating": Severity.NOTE
    }


def test_changes_before_the_outcome_are_fine() -> None:
    assert look(changed(RNG.uniform(-19, -0.1, 600), np.arange(600))) == {}


def test_without_recorded_changes_it_cannot_be_asked() -> None:
    assert isinstance(changed_after.CHECK.look(view_of(BASE, Days(), AuditSettings())), NotApplicable)
