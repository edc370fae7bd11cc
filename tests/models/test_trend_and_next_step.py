from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.definition import Language
from models.next_step import NextSteps, Stage
from models.trend import STEADY, trend
from tests.fitted import definition

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
DUE = datetime(2026, 3, 6, 13, 30, tzinfo=UTC)
AGREED = definition(
    grades={
        "A": {"score": 90, "who": {"en": "a sales person", "fr": "un commercial"}, "within_hours": 4},
        "B": {"score": 50},
        "C": {},
    },
    working_hours={"zone": "Europe/Paris"},
)


def step(language: Language = "en", now: datetime = NOW, **stage: object) -> str:
    known = {"grade": "A", "due_at": None, "contacted_at": None, "outcome": None, "outcome_at": None} | stage
    return NextSteps(AGREED, language).tell(Stage(**known), now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "direction"),
    [(STEADY, "rising"), (-STEADY, "falling"), (STEADY - 0.1, "steady"), (0.1 - STEADY, "steady"), (0.0, "steady")],
)
def test_a_step_under_three_points_is_none(step: float, direction: str) -> None:
    told = trend((50, 0.0), (50, step * 0.0693147), 30, "en")
    assert (told.direction, told.points) == (direction, pytest.approx(step, abs=0.05))


def test_a_trend_is_said_in_both_languages() -> None:
    assert trend((70, 1.0), (60, 0.0), 30, "fr").text == "En baisse\u00a0: de 70 à 60 ces 30 derniers jours."
    assert trend((70, 1.0), (70, 1.0), 1, "en").text == "Steady: from 70 to 70 in the past 1 day."
    assert trend(None, (70, 1.0), 7, "en").text == "Not known: only one score in the past 7 days."
    assert trend(None, None, 7, "fr").text == "Tendance inconnue\u00a0: aucun score ces 7 derniers jours."
    assert trend(None, None, 7, "fr").points is None


def test_who_acts_by_when_in_the_hours_of_the_definition() -> None:
    assert step(due_at=DUE) == "A sales person: take it up by 6 March 2026, 14:30."
    assert step("fr", due_at=DUE) == "Un commercial\u00a0: à prendre en charge avant le 6 mars 2026 à 14:30."
    assert step() == "A sales person: take it up; no time is promised."
    assert step(grade="B", due_at=DUE) == "Sales: take it up by 6 March 2026, 14:30."
    assert step("fr", grade="of another definition") == "Les commerciaux\u00a0: à prendre en charge, sans délai promis."


def test_a_lead_that_the_crm_knows_as_accepted_waits_for_its_end() -> None:
    assert step(due_at=DUE, accepted=True) == "Accepted by sales: report how it ends (won, lost or no decision)."
    assert not Stage("A", DUE, None, None, None, accepted=True).overdue(DUE + timedelta(days=1))


def test_a_promise_that_has_passed_is_said_plainly() -> None:
    late = DUE + timedelta(minutes=1)
    assert step(now=late, due_at=DUE) == "Overdue since 6 March 2026, 14:30: to be taken up by a sales person."
    assert step("fr", late, due_at=DUE).startswith("En retard depuis le 6 mars 2026 à 14:30\u00a0: ")
    assert not Stage("A", DUE, None, None, None).overdue(DUE)
    assert Stage("A", DUE, None, None, None).overdue(late)


@pytest.mark.parametrize("known", [{"contacted_at": DUE}, {"outcome": "accepted", "outcome_at": DUE}])
def test_a_lead_taken_up_is_not_overdue_and_has_its_next_report(known: dict[str, object]) -> None:
    late = DUE + timedelta(days=9)
    stage = {"grade": "A", "due_at": DUE, "contacted_at": None, "outcome": None, "outcome_at": None} | known
    assert not Stage(**stage).overdue(late)  # type: ignore[arg-type]
    assert "report" in step(now=late, due_at=DUE, **known)
    assert " dire " in step("fr", late, due_at=DUE, **known)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("won", "won on"),
        ("lost", "lost on"),
        ("rejected", "rejected on"),
        ("no_decision", "ended without a decision on"),
    ],
)
def test_nothing_is_to_be_done_after_the_end(outcome: str, said: str) -> None:
    ended = step(outcome=outcome, outcome_at=NOW.replace(day=1))
    assert ended == f"Nothing to do: {said} 1 March 2026."
    assert step("fr", outcome=outcome, outcome_at=NOW.replace(day=1)).endswith("le 1er mars 2026.")
    assert step(outcome=outcome).endswith("a day not known.")
