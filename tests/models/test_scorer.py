from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.facts import Facts, Record
from models.scorer import Scorer
from tests import fitted

DAY = 86_400_000_000
NOW = 1_780_000_000_000_000


def none_accepted(x: np.ndarray) -> np.ndarray:
    return np.zeros(len(x), dtype=bool)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), accepted=st.booleans())
def test_closing_is_never_likelier_than_accepting_for_any_lead(seed: int, accepted: bool) -> None:
    x = fitted.rows(40, seed=seed)
    scores = fitted.scorer().score_matrix(x, np.full(40, accepted), reasons=0)
    assert (scores.p_close <= scores.p_accept).all()
    assert ((scores.score >= 1) & (scores.score <= 99)).all()


@pytest.mark.parametrize("size", [1, 3, 100, 333])
def test_scores_in_any_batch_are_the_same_to_the_last_bit(size: int) -> None:
    scorer, x = fitted.scorer(), fitted.rows(333, seed=31)
    accepted = np.arange(333) % 5 == 0
    whole = scorer.score_matrix(x, accepted)
    for start in range(0, min(333, 6 * size), size):
        at = slice(start, start + size)
        part = scorer.score_matrix(x[at], accepted[at])
        for column in ("score", "p_accept", "p_close", "enough_information"):
            assert getattr(part, column).tobytes() == getattr(whole, column)[at].tobytes()
        assert part.log_odds["close"].tobytes() == whole.log_odds["close"][at].tobytes()
        assert part.grade.tolist() == whole.grade[at].tolist()
        assert part.reasons == whole.reasons[at]
        assert part.missing == whole.missing[at]


def test_the_order_of_leads_does_not_matter() -> None:
    scorer, x = fitted.scorer(), fitted.rows(50, seed=32)
    forward, backward = (scorer.score_matrix(rows, none_accepted(x)) for rows in (x, x[::-1]))
    assert forward.p_close.tobytes() == backward.p_close[::-1].tobytes()
    assert forward.reasons == backward.reasons[::-1]


def test_explanations_add_up_for_both_heads() -> None:
    scorer, x = fitted.scorer(), fitted.rows(80, seed=33)
    told = scorer.explain(x)
    assert set(told) == {"accept", "close"}
    scores = scorer.score_matrix(x, none_accepted(x))
    for name, head in told.items():
        np.testing.assert_allclose(head.base + head.contributions.sum(axis=1), head.log_odds, rtol=0, atol=1e-9)
        assert head.log_odds.tobytes() == scores.log_odds[name].tobytes()
        assert head.base == scores.base[name]


def test_points_of_all_reasons_are_the_log_odds_above_the_base() -> None:
    scorer, x = fitted.scorer(), fitted.rows(30, seed=34)
    scores = scorer.score_matrix(x, none_accepted(x), reasons=100)
    above = scores.log_odds["close"] - scores.base["close"]
    points = np.array([sum(reason.points for reason in row) for row in scores.reasons])
    np.testing.assert_allclose(points, above * 10 / math.log(2), atol=0.05 * len(fitted.FEATURES))


def test_reasons_tell_each_topic_once_the_weightiest_first() -> None:
    scores = fitted.scorer().score_matrix(x := fitted.rows(60, seed=35), none_accepted(x), reasons=5)
    for row in scores.reasons:
        assert len({reason.topic for reason in row}) == len(row) <= 5
        weights = [abs(reason.points) for reason in row]
        assert weights == sorted(weights, reverse=True)
        assert all(reason.points != 0 for reason in row)


def test_golden_scores() -> None:
    x = fitted.rows(6, seed=61)
    scores = fitted.scorer().score_matrix(x, np.arange(6) == 5)
    assert scores.score.tolist() == [27, 50, 74, 70, 39, 26]
    assert scores.grade.tolist() == ["D", "C", "B", "B", "D", "D"]
    assert scores.p_accept == pytest.approx([0.675323, 0.759849, 0.952284, 0.944155, 0.784558, 1], abs=1e-6)
    assert scores.p_close == pytest.approx([0.307047, 0.4208, 0.545704, 0.527944, 0.369626, 0.301425], abs=1e-6)
    assert [reason.points for reason in scores.reasons[0]] == [-9.6, 5.2, -1.8]


def test_no_reasons_are_worked_out_where_none_are_asked_for() -> None:
    scores = fitted.scorer().score_matrix(x := fitted.rows(3), none_accepted(x), reasons=0)
    assert scores.reasons == scores.missing == ((), (), ())


def test_a_lead_that_sales_accepted_has_a_certain_acceptance() -> None:
    x = fitted.rows(10, seed=36)
    assert (fitted.scorer().score_matrix(x, ~none_accepted(x)).p_accept == 1).all()


def test_without_an_accept_head_only_closing_is_scored() -> None:
    scores = fitted.close_only().score_matrix(x := fitted.rows(5), ~none_accepted(x))
    assert np.isnan(scores.p_accept).all()
    assert set(scores.log_odds) == {"close"}


def test_the_reference_leads_fill_the_grades_as_the_definition_says() -> None:
    x = fitted.rows(800, seed=5)  # the reference leads themselves
    grades = fitted.scorer().score_matrix(x, none_accepted(x), reasons=0).grade.tolist()
    shares = {grade: grades.count(grade) / len(x) for grade in "ABCD"}
    assert shares == pytest.approx({"A": 0.1, "B": 0.2, "C": 0.3, "D": 0.4}, abs=0.02)


def test_a_scorer_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        fitted.scorer().importance = ()  # type: ignore[misc]


def record(**more: object) -> Record:
    attributes = {"employees": 250.0, "opted_in": 1.0, "source": "webinar", "job_title": "VP Sales"}
    views = [("page_view", NOW - day * DAY, None, None) for day in (1, 2, 20)]
    given = {"lead_id": "l1", "created_at": NOW - 30 * DAY, "attributes": attributes, "activities": views, **more}
    return Record(**given)


def scored(scorer: Scorer, *records: Record, as_of: int = NOW) -> list[float]:
    facts = Facts.of_records(records, scorer.fields)
    lead = np.arange(len(records), dtype=np.int64)
    return scorer.score(facts, lead, np.full(len(records), as_of)).p_accept.tolist()


def test_facts_are_scored_through_the_catalog() -> None:
    scorer = fitted.scorer()
    facts = Facts.of_records([record()], scorer.fields)
    scores = scorer.score(facts, np.zeros(1, np.int64), np.array([NOW]), reasons=10)
    texts = {reason.text for reason in scores.reasons[0]}
    assert "Employees: 250" in texts
    assert "Source: webinar" in texts


def test_an_acceptance_counts_from_its_own_instant_on() -> None:
    scorer = fitted.scorer()
    lead = record(milestones=[("accepted", NOW)])
    before, at = (scored(scorer, lead, as_of=instant)[0] for instant in (NOW - 1, NOW))
    assert before < 1
    assert at == 1
