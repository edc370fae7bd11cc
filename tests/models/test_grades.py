from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definition import Definition
from models.grades import Cut, Grading, freeze

P = np.linspace(0.01, 0.99, 99)
SCORE = np.arange(1, 100)


def grading(weeks: float = 1.0, p: np.ndarray = P, **grades: Any) -> Grading:
    definition = Definition.parse({"grades": grades}, "definition")
    return freeze(definition, np.arange(1, len(p) + 1), p, weeks)


def test_a_capacity_takes_the_best_that_sales_can_work() -> None:
    frozen = grading(weeks=2, A={"capacity_per_week": 5}, B={"capacity_per_week": 10}, C={})
    counts = dict(zip(*np.unique(frozen.grades(SCORE, P), return_counts=True), strict=True))
    assert counts == {"A": 10, "B": 20, "C": 69}


def test_a_grade_from_a_probability_keeps_it() -> None:
    assert grading(A={"probability": 0.5}, B={}).cuts == (Cut("A", probability=0.5),)


def test_leads_that_tie_are_in_together_or_not_at_all() -> None:
    tied = np.array([0.9] + [0.5] * 10 + [0.1] * 5)
    frozen = grading(p=tied, A={"capacity_per_week": 4}, B={})
    assert (frozen.grades(np.ones(16, int), tied) == "A").sum() == 1
    nobody = grading(p=np.full(10, 0.5), A={"capacity_per_week": 4}, B={})
    assert set(nobody.grades(np.ones(10, int), np.full(10, 0.5))) == {"B"}


def test_more_capacity_than_leads_takes_all() -> None:
    frozen = grading(A={"capacity_per_week": 1000}, B={})
    assert set(frozen.grades(SCORE, P)) == {"A"}


def test_ways_to_say_where_a_grade_starts_may_be_mixed() -> None:
    frozen = grading(A=90, B={"capacity_per_week": 9}, C={"probability": 0.2}, D={})
    assert [(frozen.grades(SCORE, P) == name).sum() for name in "ABCD"] == [10, 9, 61, 19]


@given(st.lists(st.floats(0, 1), max_size=60).map(np.array), st.integers(1, 20), st.integers(1, 20))
def test_no_grade_takes_more_than_it_can_work(p: np.ndarray, a: int, b: int) -> None:
    frozen = grading(p=p, A={"capacity_per_week": a}, B={"capacity_per_week": b}, C={})
    given_ = frozen.grades(np.ones(len(p), int), p)
    assert (given_ == "A").sum() <= a
    assert (given_ == "B").sum() <= b
    assert len(p) == 0 or p[given_ == "A"].min(initial=1.0) >= p[given_ != "A"].max(initial=0.0) - 1e-12


def test_json_gives_an_equal_grading_back() -> None:
    frozen = grading(A=90, B={"capacity_per_week": 9}, C={})
    assert Grading.from_json(frozen.to_json()) == frozen


@pytest.mark.parametrize(
    ("grades", "said"),
    [
        ({"A": {"score": 90, "probability": 0.3}, "B": {}}, "give one of them"),
        ({"A": {"capacity_per_week": 0}, "B": {}}, "greater than 0"),
        ({"A": {"probability": 0.2}, "B": {"probability": 0.3}, "C": {}}, "one probability is not below"),
        ({"A": {}, "B": {}}, "takes the rest"),
        ({"A": "many", "B": {}}, "grades.A"),
    ],
)
def test_what_is_wrong_in_grades_is_said(grades: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said):
        Definition.parse({"grades": grades}, "definition")
