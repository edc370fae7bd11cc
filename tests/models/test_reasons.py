"""Which topics are told, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import Family, Feature, FeatureKind
from models.reasons import Topics

NUMBER = FeatureKind.NUMBER
TOPICS = Topics(
    (
        Feature("employees", NUMBER, Family.ATTRIBUTE, "employees", field="employees"),
        Feature("days_since_accepted", NUMBER, Family.LEAD_AGE, "accepted", measure="accepted"),
        Feature("is_accepted", NUMBER, Family.PROGRESS, "accepted", measure="accepted"),
        Feature("call_count_7d", NUMBER, Family.COUNT, "call", activity="call", window_days=7.0),
    )
)
CONTRIBUTIONS = np.array([[0.2, -1.0, -2.0, 0.1]])
AHEAD, COME = np.array([[50.0, np.nan, 0.0, 1.0]]), np.array([[50.0, 3.0, 1.0, 1.0]])


def topics(x: np.ndarray, most: int) -> list[str]:
    speakers, _ = TOPICS.top(x, CONTRIBUTIONS, most)
    return [TOPICS.features[i].topic for i in speakers[0]]


def test_a_step_still_ahead_is_told_last_though_it_weighs_most() -> None:
    assert topics(AHEAD, 2) == ["employees", "call"]
    assert topics(AHEAD, 3) == ["employees", "call", "accepted"]


def test_a_step_that_has_come_is_told_by_its_weight() -> None:
    assert topics(COME, 2) == ["accepted", "employees"]


@pytest.mark.parametrize("x", [AHEAD, COME])
def test_all_reasons_together_hold_all_points(x: np.ndarray) -> None:
    _, points = TOPICS.top(x, CONTRIBUTIONS, 3)
    assert points.sum() == pytest.approx(TOPICS.points(CONTRIBUTIONS).sum(), abs=0.15)
