from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crm.history import MILESTONE_COLUMNS, History
from tests.builders import activity, history, lead, milestone
from tests.populations import Days, activities, flat, table, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import late_acceptance, later_dates, outcome_activity, time_order
from training.audit.finding import Check
from training.audit.settings import AuditSettings
from training.audit.view import view_of

DAY = pd.Timedelta(days=1)


def look(check: Check, of: History) -> list[Finding]:
    found = check.look(view_of(of, Days(), AuditSettings()))
    assert not isinstance(found, NotApplicable), found
    return found


def test_each_contradiction_in_time_is_counted() -> None:
    contradictory = history(
        lead("a", "2026-02-10"),
        milestone("a", "won", "2026-02-01"),
        lead("b", "2026-01-01"),
        milestone("b", "accepted", "2026-03-01"),
        milestone("b", "won", "2026-02-01"),
        lead("c", "2026-01-01"),
        activity("c", at="2025-12-24"),
        activity("c", at="2026-07-24"),
        lead("d", "2026-01-01"),
        milestone("d", "handed_off", "2026-01-20"),
        milestone("d", "lost", "2026-01-10"),
    )
    told = " ".join(f.evidence for f in look(time_order.CHECK, contradictory))
    assert "In 1 of 3 cases (33 %) the outcome comes before the lead was created" in told
    assert "In 1 of 1 cases (100 %) the acceptance comes after the outcome" in told
    assert "In 1 of 2 cases (50 %) the activity comes before the lead was created" in told
    assert "In 1 of 2 cases (50 %) the activity comes after the export" in told
    assert "In 1 of 1 cases (100 %) the outcome comes before the hand-off" in told
    assert told.count("In 1 of") == 5


def test_a_history_in_order_has_nothing_to_report() -> None:
    assert look(time_order.CHECK, history(lead("a"), activity("a"), milestone("a", "won", "2026-02-01"))) == []


def test_rare_slips_are_noted_and_frequent_ones_asked_about() -> None:
    base = timed(["won"] * 300, after=10.0, age=np.linspace(400, 30, 300))
    for broken, severity in ((1, Severity.NOTE), (30, Severity.ASK)):
        at = base.leads["created_at"].iloc[:broken] - 3 * DAY
        early = [{"lead_id": i, "occurred_at": t} for i, t in zip(base.leads["lead_id"], at, strict=False)]
        late = [{"lead_id": "l00000", "occurred_at": base.leads["created_at"].iloc[0] + DAY}] * (300 - broken)
        (found,) = look(time_order.CHECK, replace(base, activities=activities(early + late)))
        assert found.severity is severity


def test_the_day_of_the_outcome_among_the_attributes_is_taken_out() -> None:
    outcome = np.where(np.arange(300) % 3 == 0, "won", "lost").tolist()
    base = timed(outcome, after=12.0)
    signed = base.leads["created_at"] + 12 * DAY
    (found,) = look(later_dates.CHECK, timed(outcome, after=12.0, signed=signed))
    assert (found.field, found.severity) == ("signed", Severity.BLOCK)


def test_a_plan_is_a_question_and_a_date_before_creation_is_fine() -> None:
    created = timed(["won"] * 300).leads["created_at"]
    plan, founded = created + 45 * DAY, created - 3000 * DAY
    found = look(later_dates.CHECK, timed(["won"] * 300, plan=plan, founded=founded))
    assert [(f.field, f.severity) for f in found] == [("plan", Severity.ASK)]


def test_activity_logged_with_the_outcome_is_a_question() -> None:
    base = timed(["won", "lost"] * 100, after=10.0, age=np.linspace(400, 20, 200))
    ids, created = base.leads["lead_id"], base.leads["created_at"]
    done = [
        {"lead_id": i, "occurred_at": t + 10 * DAY, "kind": "offer_signed"} for i, t in zip(ids, created, strict=True)
    ]
    done += [{"lead_id": i, "occurred_at": t + 2 * DAY, "kind": "call"} for i, t in zip(ids, created, strict=True)]
    (found,) = look(outcome_activity.CHECK, replace(base, activities=activities(done)))
    assert found.severity is Severity.ASK
    assert found.numbers["kind"] == "offer_signed"
    assert found.numbers["near"] == 200


def accepted_after(days: np.ndarray) -> History:
    base = timed(["won"] * len(days), after=80.0, age=np.linspace(400, 100, len(days)))
    rows = [
        {"lead_id": i, "milestone": "accepted", "reached_at": t + pd.Timedelta(days=float(d))}
        for i, t, d in zip(base.leads["lead_id"], base.leads["created_at"], days, strict=True)
    ]
    return replace(base, milestones=pd.concat([base.milestones, table(rows, MILESTONE_COLUMNS)], ignore_index=True))


def test_wins_accepted_after_the_accept_horizon_are_counted() -> None:
    days = np.where(np.arange(200) % 4 == 0, 50.0, 10.0)
    (found,) = look(late_acceptance.CHECK, accepted_after(days))
    assert found.numbers["late"] == 50
    assert found.numbers["wins"] == 200
    assert "50 of 200 wins (25 %" in found.evidence
    assert "within 50 days" in found.evidence


def test_a_few_late_acceptances_are_nothing() -> None:
    assert look(late_acceptance.CHECK, accepted_after(np.where(np.arange(200) < 10, 50.0, 10.0))) == []


def test_without_times_none_of_this_can_be_asked() -> None:
    view = view_of(flat([True, False] * 50, city=["a", "b"] * 50), Days(), AuditSettings())
    for check in (time_order.CHECK, later_dates.CHECK, outcome_activity.CHECK, late_acceptance.CHECK):
        assert isinstance(check.look(view), NotApplicable), check.code
