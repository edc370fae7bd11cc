from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.populations import Days, activities, timed
from training.audit import Finding, NotApplicable, Severity
from training.audit.checks import bots
from training.audit.settings import AuditSettings
from training.audit.view import view_of

BASE = timed([None] * 100)
START = pd.Timestamp("2026-05-04T09:00:00Z")
RNG = np.random.default_rng(8)


def done(lead: int, seconds: np.ndarray, kind: str = "page_view") -> list[dict[str, object]]:
    at = START + pd.to_timedelta(np.round(np.asarray(seconds, dtype=float), 3), unit="s")
    return [{"lead_id": f"l{lead:05d}", "occurred_at": t, "kind": kind} for t in at]


def people() -> list[dict[str, object]]:
    """Ninety people who look at pages by day, half a minute or more apart."""
    rows = []
    for lead in range(10, 100):
        days = RNG.integers(0, 40, 15) * 86400
        rows += done(lead, days + RNG.integers(0, 7 * 3600, 15))
    return rows


PEOPLE = people()


def look(*more: dict[str, object]) -> list[Finding]:
    view = view_of(replace(BASE, activities=activities([*PEOPLE, *more])), Days(), AuditSettings())
    found = bots.CHECK.look(view)
    assert not isinstance(found, NotApplicable)
    return found


def test_people_are_not_taken_for_machines() -> None:
    assert look() == []


def test_a_burst_of_clicks_is_found_with_its_leads() -> None:
    (found,) = look(*done(1, np.array([0, 0.5, 1.7, 2.2, 3.9, 4.1, 5.7, 6.1])), *done(2, np.linspace(0, 3, 7) ** 1.5))
    assert "within 10 seconds" in found.evidence
    assert found.numbers["activities"] == 15
    assert found.numbers["leads"] == 2
    assert found.severity is Severity.ASK


def test_identical_intervals_are_found() -> None:
    (found,) = look(*done(1, np.arange(20) * 600.0))
    assert "intervals equal to the second" in found.evidence
    assert found.numbers["activities"] == 20


def test_a_daily_digest_at_the_same_hour_is_no_machine_of_the_leads() -> None:
    assert look(*done(1, np.arange(20) * 86400.0)) == []


def test_a_lead_that_never_sleeps_is_found() -> None:
    (found,) = look(*done(1, np.cumsum(RNG.integers(3000, 4200, 80))))
    assert "24 hours" in found.evidence


def test_opens_within_seconds_of_sending_are_found() -> None:
    sent = np.arange(12) * 50_000.0 + RNG.integers(0, 999, 12)
    quick = done(1, sent, "email_sent") + done(1, sent + 1.2, "email_opened")
    (found,) = look(*quick, *done(2, sent, "email_sent"), *done(2, sent + 4000, "email_opened"))
    assert "seconds of sending" in found.evidence
    assert found.numbers["activities"] == 12
    assert found.numbers["leads"] == 1


def test_three_hundred_in_a_day_are_found() -> None:
    (found, *_) = look(*done(1, np.sort(RNG.uniform(0, 30_000, 320))))
    assert "within a day" in " ".join(f.evidence for f in [found, *_])


def test_activity_with_days_but_no_hours_cannot_be_asked() -> None:
    at = pd.date_range("2026-05-01", periods=60, freq="D", tz="UTC")
    rows = [{"lead_id": "l00001", "occurred_at": t, "kind": "visit"} for t in at]
    found = bots.CHECK.look(view_of(replace(BASE, activities=activities(rows)), Days(), AuditSettings()))
    assert isinstance(found, NotApplicable)
    assert "no hours" in found.reason
