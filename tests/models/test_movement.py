from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from models.boosted import Boosted
from models.calibration import Calibration
from models.definition import LANGUAGES, Language
from models.head import Head, Heads
from models.linear import Linear
from models.movement import Known, Movement, Movements, in_points, log_odds, nothing_to_compare, total_only
from models.scorer import Scorer
from tests.fitted import FEATURES, boosted, close_only, linear, rows, scorer

MINUS = "\N{MINUS SIGN}"
X = rows(400, seed=11)
ROW = st.integers(0, len(X) - 1)
EMPLOYEES, SOURCE, RATE, WEEK, MONTH, RECENCY = (
    [f.name for f in FEATURES].index(name)
    for name in (
        "employees",
        "source",
        "source_close_rate",
        *(f"page_view_{end}" for end in ("count_7d", "count_30d", "recency_days")),
    )
)


def other() -> Scorer:
    """Another scorer of the same catalog: other trees, other calibration."""
    close = Head((boosted(seed=4), linear()), (0.3, 0.7), Calibration(1.3, 0.4))
    return replace(scorer(), heads=Heads(close=close, accept=scorer().heads.accept))


def p_close(of: Scorer, known: Known) -> float:
    return float(of.score_matrix(known.x[None, :], np.array([known.accepted]), reasons=0).p_close[0])


def parts(movement: Movement) -> float:
    return sum(moved.log_odds for moved in movement.moved) + movement.bound + movement.scorer


def moved(was: np.ndarray, now: np.ndarray, language: Language = "en") -> dict[str, tuple[float, str]]:
    told = Movements(scorer(), language).between(Known(was, accepted=False), Known(now, accepted=False)).moved
    return {each.topic: (in_points(each.log_odds), each.text) for each in told}


@given(was=ROW, now=ROW, then_accepted=st.booleans(), accepted=st.booleans())
def test_the_parts_add_up_to_the_change_of_the_probability(
    was: int, now: int, then_accepted: bool, accepted: bool
) -> None:
    before, after = Known(X[was], then_accepted), Known(X[now], accepted)
    movement = Movements(scorer(), "en").between(before, after)
    assert movement.scorer == 0
    assert parts(movement) == pytest.approx(movement.whole, abs=1e-9)
    change = logit(p_close(scorer(), after)) - logit(p_close(scorer(), before))
    assert movement.whole == pytest.approx(change, abs=1e-9)


@given(was=ROW, now=ROW)
def test_with_another_scorer_in_between_the_parts_add_up_too(was: int, now: int) -> None:
    before, after = Known(X[was], accepted=False), Known(X[now], accepted=False)
    movement = Movements(scorer(), "en").between(before, after, log_odds(other(), before))
    assert parts(movement) == pytest.approx(movement.whole, abs=1e-9)
    change = logit(p_close(scorer(), after)) - logit(p_close(other(), before))
    assert movement.whole == pytest.approx(change, abs=1e-9)
    same_facts = logit(p_close(scorer(), before)) - logit(p_close(other(), before))
    assert movement.scorer == pytest.approx(same_facts, abs=1e-9)


@given(row=ROW, accepted=st.booleans())
def test_nothing_moves_where_no_feature_moves(row: int, accepted: bool) -> None:
    same = Known(X[row], accepted)
    movement = Movements(scorer(), "fr").between(same, Known(X[row].copy(), accepted))
    assert (movement.moved, movement.bound, movement.scorer, movement.whole) == ((), 0.0, 0.0, 0.0)


@given(row=ROW)
def test_a_scorer_that_is_stored_twice_is_no_other_scorer(row: int) -> None:
    known = Known(X[row], accepted=False)
    movement = Movements(scorer(), "en").between(known, known, log_odds(replace(scorer()), known))
    assert (movement.moved, movement.scorer) == ((), 0.0)


@given(row=ROW, more=st.integers(1, 8))
def test_what_speaks_for_a_lead_has_its_sign(row: int, more: int) -> None:
    made = linear().design.columns.index(next(c for c in linear().design.columns if c.feature == MONTH))
    weight = linear().weights[made]
    only = replace(scorer(), heads=Heads(close=Head((linear(),), (1.0,), Calibration(0.7, 0.1))))
    was = X[row].copy()
    was[MONTH] = 2
    now = was.copy()
    now[MONTH] += more
    movement = Movements(only, "en").between(Known(was, accepted=False), Known(now, accepted=False))
    (visits,) = movement.moved
    assert visits.topic == "page_view"
    assert np.sign(visits.log_odds) == np.sign(weight) != 0


@pytest.mark.parametrize("seed", range(5))
def test_a_change_is_what_the_boosters_own_contributions_say(seed: int) -> None:
    draw = np.random.default_rng(seed)
    was, now = X[draw.integers(len(X))], X[draw.integers(len(X))]
    booster, line = scorer().heads.close.components
    assert isinstance(booster, Boosted)
    assert isinstance(line, Linear)
    trees = lightgbm.Booster(model_str=booster.text).predict(np.stack([was, now]), pred_contrib=True)
    lines = line.contributions(np.stack([was, now]))[0]
    by_feature = 0.9 * (0.6 * (trees[1, :-1] - trees[0, :-1]) + 0.4 * (lines[1] - lines[0]))
    by_topic: dict[str, float] = {}
    for feature, step in zip(FEATURES, by_feature, strict=True):
        by_topic[feature.topic] = by_topic.get(feature.topic, 0.0) + step
    movement = Movements(scorer(), "en").between(Known(was, accepted=True), Known(now, accepted=True))
    told = {each.topic: each.log_odds for each in movement.moved}
    assert told == pytest.approx({topic: step for topic, step in by_topic.items() if topic in told}, abs=1e-9)
    assert all(abs(by_topic[topic]) < 1e-9 for topic in set(by_topic) - set(told))
    weights = [abs(each.log_odds) for each in movement.moved]
    assert weights == sorted(weights, reverse=True)


def test_the_bound_by_acceptance_is_told_apart() -> None:
    """Closing is held down by acceptance before, and free once sales has accepted."""
    accept = Head((boosted(seed=1),), (1.0,), Calibration(1.0, -9.0))
    low = replace(scorer(), heads=Heads(close=scorer().heads.close, accept=accept))
    movement = Movements(low, "en").between(Known(X[0], accepted=False), Known(X[0], accepted=True))
    assert movement.moved == ()
    assert movement.bound == pytest.approx(movement.whole)
    assert movement.whole > 1


def test_without_an_accept_head_nothing_binds() -> None:
    movement = Movements(close_only(), "en").between(Known(X[0], accepted=False), Known(X[1], accepted=False))
    assert movement.bound == 0
    assert parts(movement) == pytest.approx(movement.whole, abs=1e-9)


def test_what_is_known_now_stands_beside_what_was_known_before() -> None:
    was, now = X[3].copy(), X[3].copy()
    was[[WEEK, MONTH]], was[RECENCY], was[EMPLOYEES], was[SOURCE] = 0, np.nan, 40, 2
    now[[WEEK, MONTH]], now[RECENCY], now[EMPLOYEES], now[SOURCE] = 3, 1.5, 250, 0
    english, french = moved(was, now), moved(was, now, "fr")
    assert english["employees"][1] == "Employees: 250; before: 40"
    assert french["employees"][1] == "Employees\u00a0: 250\u202f; avant\u00a0: 40"
    assert english["source"][1] == "Source: webinar; before: cold_call"
    assert english["page_view"][1] in {
        "3 visits to pages in the last 30 days; before: 0",
        "3 visits to pages in the last 7 days; before: 0",
        "Visits to pages: most recently 1 day ago; before: none so far",
    }


def test_a_count_is_told_with_the_count_before() -> None:
    was, now = X[3].copy(), X[3].copy()
    was[[WEEK, MONTH]], now[[WEEK, MONTH]], was[RECENCY], now[RECENCY] = (0, 2), (0, 6), 9, 9
    assert moved(was, now)["page_view"][1] == "6 visits to pages in the last 30 days; before: 2"
    assert (
        moved(was, now, "fr")["page_view"][1]
        == "6 visites de pages au cours des 30 derniers jours\u202f; avant\u00a0: 2"
    )


def test_another_source_is_told_as_the_source_and_not_as_its_record() -> None:
    was, now = X[3].copy(), X[3].copy()
    was[SOURCE], was[RATE], now[SOURCE], now[RATE] = 2, 0.1, 0, 0.4
    assert moved(was, now)["source"][1] == "Source: webinar; before: cold_call"
    now[SOURCE] = 2
    assert moved(was, now)["source"][1] == "Source: 40% of earlier leads won; before: 10% of earlier leads won"


def test_a_fact_that_did_not_change_is_said_to_be_as_before() -> None:
    """Trees weigh a fact beside the others: it may speak otherwise although it is the same."""
    was, now = X[3].copy(), X[3].copy()
    now[MONTH] += 5
    told = moved(was, now)
    unchanged = {topic: said for topic, said in told.items() if topic != "page_view"}
    assert unchanged
    for points, text in unchanged.values():
        assert ", as before; beside what changed, it speaks " in text
        if abs(points) >= 0.1:
            assert ("more for" in text) == (points > 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_summary_says_the_parts_of_the_change(language: Language) -> None:
    before, after = Known(X[2], accepted=False), Known(X[1], accepted=False)
    movements = Movements(scorer(), language)
    split = movements.between(before, after, log_odds(other(), before))
    whole, facts, by_scorer = (
        f"{in_points(step):+.1f}".replace("-", MINUS).replace(".", "," if language == "fr" else ".")
        for step in (split.whole, split.whole - split.scorer, split.scorer)
    )
    said = movements.summary(split, 62, 71)
    assert [part for part in (whole, facts, by_scorer) if part not in said] == []
    assert ("another scorer" in said) or ("autre modèle" in said)
    alone = movements.summary(movements.between(before, after), 62, 71)
    assert "scorer" not in alone
    assert "modèle" not in alone


def test_what_cannot_be_explained_is_said_to_be_so() -> None:
    assert "cannot be said" in total_only(62, 71, 0.5, "en")
    assert "+7.2 points" in total_only(62, 71, 0.5, "en")
    assert "ne peut plus dire" in total_only(62, 71, None, "fr")
    assert nothing_to_compare("fr") == "Il n’y a pas deux scores à comparer."
