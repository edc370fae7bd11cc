from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from crm.history import History, Milestone
from tests.serving.scorers import past, scorer
from tests.training.review.reviewed import SINCE, UNTIL, handed, leads
from training.labels import HeadName
from training.review.calibrated import calibrated
from training.review.coverage import coverage
from training.review.drifted import drifted
from training.review.handed import Handed, hand, no_scores
from training.review.heat import heat
from training.review.quality import document
from training.review.silence import Stream, silence, silences


def spoken(n: int, shift: float, seed: int = 1) -> pd.DataFrame:
    """Leads with probabilities that are off by ``shift``, in log-odds."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 0.8, n)
    return leads(n, accept=0.5, seed=seed).assign(p_accept=p, y_accept=(rng.random(n) < expit(logit(p) + shift)) * 1.0)


def test_true_probabilities_raise_no_alarm_and_wrong_ones_do() -> None:
    (fine,) = [each for each in calibrated(handed(spoken(600, 0.0)), 1) if each.head == HeadName.ACCEPT]
    assert fine.alarm is None
    assert fine.slope[1] < 1 < fine.slope[2]
    assert fine.intercept[1] < 0 < fine.intercept[2]
    (off,) = [each for each in calibrated(handed(spoken(600, -1.0)), 1) if each.head == HeadName.ACCEPT]
    assert off.alarm is not None
    assert off.alarm[1] == "below"
    assert off.intercept[2] < -0.5


def test_what_is_off_by_less_than_a_trifle_raises_no_alarm_however_long_one_looks() -> None:
    alarms = [calibrated(handed(spoken(800, 0.2, seed)), 1)[0].alarm is not None for seed in range(20)]
    assert sum(alarms) <= 3


def test_what_an_earlier_scorer_said_is_not_held_against_the_one_in_service() -> None:
    """The sheet in force may be older than the scorer: leads between the two were scored by another one."""
    rows, learned = spoken(800, 0.0), SINCE + pd.Timedelta(days=100)
    wrong = (rows["handed_off_at"] <= learned).to_numpy()
    rows = rows.assign(y_accept=rows["y_accept"].mask(wrong, 0.0))
    (found,) = [each for each in calibrated(handed(rows, learned=learned), 1) if each.head == HeadName.ACCEPT]
    assert found.alarm is None
    assert found.leads == (~wrong).sum()
    (every,) = [each for each in calibrated(handed(rows[wrong], learned=learned), 1) if each.head == HeadName.ACCEPT]
    assert every.alarm is not None, "where nothing came since, as right after a training, the past is shown"


def test_probabilities_too_far_apart_are_not_called_too_high_or_too_low_together() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 800)
    rows = leads(800, accept=0.5).assign(p_accept=p, y_accept=(rng.random(800) < expit(0.3 * logit(p))) * 1.0)
    (found,) = [each for each in calibrated(handed(rows), 1) if each.head == HeadName.ACCEPT]
    assert found.slope[2] < 0.6
    assert found.alarm is None


@pytest.mark.parametrize("came", [0.0, 1.0])
def test_where_none_came_nothing_is_said_of_chance(came: float) -> None:
    rows = leads(60, accept=0.5).assign(p_accept=0.5 + 0.48 * (2 * came - 1), y_accept=came)
    told = document(handed(rows), seed=1, language="en").parts[0]
    (said,) = [sentence for sentence in told.sentences if sentence.startswith("Accepted by sales")]
    assert "chance" not in said
    assert not told.alarm


def test_with_few_judged_leads_nothing_is_said() -> None:
    assert calibrated(handed(spoken(40, 0.0)), 1) == ()


def later(changed: bool) -> Handed:
    """A year of leads; the newest come from fairs where ``changed``."""
    known = past()
    at = known.leads["created_at"]
    if changed:
        new = (at > at.quantile(0.6)).to_numpy()
        known = replace(known, leads=known.leads.assign(source=known.leads["source"].mask(new, "fair")))
    of = scorer()
    since = at.quantile(0.6)
    return hand(known, of.definition, since=since, scorer=of, learned=since)


def test_the_field_that_changed_is_named_and_no_other() -> None:
    found = drifted(later(changed=True), 1)
    assert found is not None
    names = found.scorer.catalog.features
    assert found.beyond, "a change this large is seen"
    assert names[found.beyond[0].feature].topic == "source"
    still = drifted(later(changed=False), 1)
    assert still is not None
    before, now = ({names[each.feature].topic for each in one.moved if each.much} for one in (still, found))
    assert now - before == {"source"}, "buying groups grow with the months in either case"
    assert not still.score.much
    assert (still.before, still.now, still.learned) == (found.before, found.now, True)


def test_features_are_those_that_the_service_saw_where_the_ledger_has_them() -> None:
    one = later(changed=False)
    of = scorer()
    ids = one.leads["lead_id"]
    seen = np.full(len(of.catalog.features), np.nan)
    scores = pd.DataFrame({"lead_id": ids, "as_of": one.leads["handed_off_at"], "given_at": one.leads["handed_off_at"]})
    scores = scores.assign(catalog=of.catalog.hash, features=[seen] * len(ids), grade="A")
    found = drifted(replace(one, scores=scores), 1)
    assert found is not None
    assert found.from_ledger == len(ids)
    assert found.moved[0].much, "the service knew nothing of any of them"
    other = drifted(replace(one, scores=scores.assign(catalog="another")), 1)
    assert other is not None
    assert other.from_ledger == 0


def graded(hot: tuple[float, float], accept: tuple[float, float]) -> Handed:
    """The share of the best grade and what sales accepts of it, in the two halves of a year."""
    parts = []
    for half, (share, taken) in enumerate(zip(hot, accept, strict=True)):
        best = leads(round(300 * share), accept=taken, grade="top", seed=half)
        rest = leads(300 - len(best), accept=0.3, grade="C", seed=half + 5)
        both = pd.concat([best, rest]).assign(
            handed_off_at=lambda t, h=half: t["handed_off_at"] + pd.Timedelta(days=60 * h)
        )
        at = SINCE + pd.to_timedelta(np.linspace(100 * half, 100 * half + 99, len(both)), unit="D")
        both = both.sample(frac=1.0, random_state=1)
        parts.append(both.assign(lead_id=both["lead_id"] + f"-{half}", handed_off_at=pd.Series(at, index=both.index)))
    rows = pd.concat(parts, ignore_index=True)
    of = scorer()
    rows["grade"] = rows["grade"].replace("top", of.grading.names[0])
    return handed(rows, scorer=of)


@pytest.mark.parametrize(
    ("hot", "accept", "inflated"),
    [((0.2, 0.4), (0.8, 0.55), True), ((0.2, 0.4), (0.8, 0.8), False), ((0.3, 0.3), (0.8, 0.5), False)],
)
def test_inflation_is_more_hot_leads_of_which_fewer_are_taken(
    hot: tuple[float, float], accept: tuple[float, float], inflated: bool
) -> None:
    found = heat(graded(hot, accept))
    assert found is not None
    assert found.inflated == inflated
    assert found.months["leads"].sum() == 600


def test_where_no_acceptance_is_recorded_nothing_is_said_of_it() -> None:
    of = graded((0.3, 0.3), (0.8, 0.5))
    silent = replace(of, leads=of.leads.assign(p_accept=np.nan))
    for known, tells in ((of, True), (silent, False)):
        told = document(known, seed=1, language="en").parts[2]
        assert any("accepted by sales" in sentence for sentence in told.sentences) == tells
    found = heat(silent)
    assert found is not None
    assert found.accept[2] is None


def test_grades_of_the_backtest_beside_those_of_the_service_are_no_inflation() -> None:
    of = graded((0.2, 0.4), (0.8, 0.55))
    middle = of.leads["handed_off_at"].median()
    rows = of.leads.assign(given=np.where(of.leads["handed_off_at"] < middle, "backtest", "again"))
    found = heat(replace(of, leads=rows))
    assert found is not None
    assert found.months["leads"].sum() == (rows["given"] == "again").sum()
    assert not found.inflated
    alone = heat(replace(of, leads=rows.assign(given="backtest")))
    assert alone is not None
    assert alone.months["leads"].sum() == 600, "where there are no others they are shown"


def test_coverage_counts_scores_that_came_in_time() -> None:
    rows = leads(4, accept=0.5)
    at = rows["handed_off_at"]
    scores = pd.DataFrame(
        {
            "lead_id": ["before", "A0", "A1", "A2"],
            "given_at": [
                SINCE,
                at[0] - pd.Timedelta(days=3),
                at[1] + pd.Timedelta(hours=2),
                at[2] + pd.Timedelta(days=9),
            ],
            "enough_information": [True, True, False, True],
        }
    )
    found = coverage(replace(handed(rows), scores=scores))
    assert (found.leads, found.before, found.later, found.never) == (4, 2, 1, 1)
    assert found.enough == 0.5
    fresh = rows.assign(handed_off_at=UNTIL - pd.Timedelta(hours=5))
    assert coverage(replace(handed(fresh), scores=scores)).leads == 0, "their day is not over"
    assert coverage(handed(rows)).since is None


def test_a_stream_is_silent_when_it_waits_longer_than_it_ever_did() -> None:
    at = pd.Series(SINCE + pd.to_timedelta([*range(0, 60, 2), 64], unit="D"))
    last = at.max()
    for days, stopped in ((5, False), (11, False), (13, True)):
        found = silence(Stream.ANSWERS, at, last + pd.Timedelta(days=days))
        assert found is not None
        assert (found.limit, found.stopped) == (12.0, stopped), "twice the longest wait"
    assert silence(Stream.ANSWERS, at[:5], last) is None, "five events have no rhythm"


def test_activities_that_stop_before_the_export_are_found() -> None:
    def stopped(known: History) -> set[Stream]:
        return {each.stream for each in silences(known, no_scores(), known.exported_at) if each.stopped}

    known = past()
    end = known.activities["occurred_at"].max()
    fresh = replace(known, exported_at=max(end, known.milestones["reached_at"].max()))
    assert Stream.ACTIVITIES not in stopped(replace(fresh, exported_at=end))
    cut = replace(
        fresh, activities=known.activities[(known.activities["occurred_at"] < end - pd.Timedelta(days=40)).to_numpy()]
    )
    assert Stream.ACTIVITIES in stopped(cut)
    assert (known.milestones["milestone"] != Milestone.HANDED_OFF).any()


@pytest.mark.parametrize(("language", "title"), [("en", "Quality of the score"), ("fr", "Qualité du score")])
def test_the_page_is_said_in_both_languages(language: str, title: str) -> None:
    told = document(later(changed=True), seed=1, language=language)
    assert told.title == title
    assert len(told.parts) == 4
    words = {"en": "source", "fr": "source"}[language]
    assert any(words in sentence.lower() for sentence in told.parts[1].sentences)
    assert UNTIL.year == 2027
