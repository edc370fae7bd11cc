from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crm.history import Field, Kind
from models.definition import LANGUAGES, Definition
from models.rules import FieldTest
from tests.builders import account, history, lead, milestone
from tests.serving.scorers import past, scorer
from training.labels import HeadName
from training.pages.document import Document, as_dict, html
from training.review.handed import Handed, hand
from training.review.segments import document
from training.review.segments.classes import classes, cross
from training.review.segments.concord import concord
from training.review.segments.figures import BOTH, MARKETING, NEITHER, SALES, seen
from training.review.segments.names import Names, gaps_of
from training.review.segments.portraits import Condition, halves, matching, portraits
from training.review.segments.traits import Traits
from training.review.shares import Answers
from training.speaker import Speaker

SINCE = pd.Timestamp("2026-01-01", tz="UTC")
SEGMENTS = {
    "marketing": {"big": {"says": {"en": "Large", "fr": "Grands"}, "rule": {"field": "employees", "at_least": 250}}},
    "potential": "account.size",
}


@cache
def handed() -> Handed:
    known = past()
    still_open = known.leads["lead_id"].iloc[::4]
    known = replace(known, milestones=known.milestones[~known.milestones["lead_id"].isin(still_open).to_numpy()])
    accounts = known.accounts.assign(size=np.arange(len(known.accounts), dtype="float64"))
    known = replace(known, accounts=accounts, fields=(*known.fields, Field("account.size", Kind.NUMBER)))
    definition = Definition.parse({"segments": SEGMENTS}, "definition")
    return hand(known, definition, since=SINCE, scorer=scorer())


def report(of: Handed, language: Any = "en") -> Document:
    made = document(of, seed=1, language=language)
    assert made is not None
    return made


def said(made: Document) -> str:
    return " ".join(sentence for part in made.parts for sentence in part.sentences)


def test_classes_are_cut_where_the_shares_are_reached() -> None:
    values = np.array([5.0, 60.0, np.nan, 25.0, 10.0, 0.0])
    assert classes(values, (0.8, 0.95)).tolist() == ["C", "A", "-", "A", "B", "-"]
    assert classes(np.array([1.0, 1.0, 1.0]), (0.5, 0.9)).tolist() == ["A", "A", "A"], "equals share a class"
    assert classes(np.array([np.nan, 0.0]), (0.8, 0.95)).tolist() == ["-", "-"]


def test_revenue_is_what_was_won_before_and_no_later() -> None:
    past_ = history(
        *(account(f"a{i}", size=float(i + 1)) for i in range(3)),
        *(lead(f"l{i}", "2026-01-01", f"a{i}") for i in range(3)),
        milestone("l0", "won", "2026-02-01", amount=90.0),
        milestone("l1", "won", "2026-02-02", amount=10.0),
        milestone("l2", "won", "2026-05-01", amount=500.0),
    )
    settings = Definition.parse({"segments": SEGMENTS}, "d").segments
    assert settings is not None
    found = cross(past_, settings, pd.Timestamp("2026-03-01", tz="UTC"))
    assert found is not None
    assert found.accounts["revenue_class"].tolist() == ["A", "B", "-"]
    assert found.accounts["potential_class"].tolist() == ["B", "A", "A"]
    assert cross(replace(past_, accounts=past_.accounts.iloc[:0]), settings, past_.exported_at) is None


def test_views_that_say_the_same_agree_fully_and_those_of_chance_do_not() -> None:
    rng = np.random.default_rng(0)
    segment = pd.Series(rng.choice(["x", "y", "z"], 400))
    other = pd.Series(rng.choice(["A", "B", "C"], 400))
    same, chance = concord(segment, segment, seed=1), concord(segment, other, seed=1)
    assert same is not None
    assert chance is not None
    assert same.v == pytest.approx(1.0)
    assert chance.v < 0.1
    assert same.share_of("x", "x") == 1.0
    assert concord(segment[:10], segment[:10], seed=1) is None


World = tuple[Traits, dict[HeadName, Answers], Any]


def world(n: int = 3_000, effect: float = 0.3, seed: int = 0, size: int = 1) -> World:
    """Leads of which those with the first trait are accepted more; ten other traits say nothing."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(n) // size
    holds = rng.random((cluster.max() + 1, 11))[cluster] < 0.4
    luck = rng.normal(0, 0.8, cluster.max() + 1)[cluster] if size > 1 else 0.0
    y = (rng.random(n) < np.clip(0.3 + 0.2 * luck + effect * holds[:, 0], 0, 1)).astype("float64")
    tests = tuple(FieldTest.model_validate({"field": f"f{i}", "is": True}) for i in range(11))
    return Traits(tests, holds), {HeadName.CLOSE: Answers(y, np.ones(n), cluster)}, cluster


def test_the_group_that_differs_is_found_and_told_by_the_other_half() -> None:
    traits, answers, cluster = world()
    found = portraits(traits, answers, np.full(len(cluster), 10.0), cluster, seed=1)
    assert found[0].conditions[0].test.field == "f0"
    assert found[0].conditions[0].holds
    judged = ~halves(cluster, 1)
    assert sum(one.leads for one in found) == judged.sum(), "every lead of the honest half is in one group"
    assert found[0].shares[HeadName.CLOSE].low <= 0.6 <= found[0].shares[HeadName.CLOSE].high
    assert found[0].amount == 10.0 * found[0].leads


@pytest.mark.parametrize("size", [1, 20])
def test_nothing_is_said_to_differ_where_nothing_does(size: int) -> None:
    """Large accounts of luck too: eleven traits of the account, none of which says anything."""
    wrong = 0
    for seed in range(30):
        traits, answers, cluster = world(1_200, 0.0, seed, size)
        wrong += bool(portraits(traits, answers, np.zeros(len(cluster)), cluster, seed=seed))
    assert wrong <= 5, "at most one in twenty, give or take chance"


def test_accounts_are_never_split_between_the_halves() -> None:
    cluster = np.repeat(np.arange(50), 4)
    first = halves(cluster, 3)
    assert all(len(set(first[cluster == c])) == 1 for c in range(50))
    assert 10 < first[::4].sum() < 40


def test_portraits_are_recognised_in_other_leads() -> None:
    traits, answers, cluster = world()
    found = portraits(traits, answers, np.zeros(len(cluster)), cluster, seed=1)
    assert np.array_equal(matching(found, traits) == 0, found[0].rows)
    assert (matching(found, traits) >= 0).all()


def test_a_portrait_is_named_by_what_its_leads_have_in_common() -> None:
    definition = Definition.parse({"words": {"account.employees": {"en": "employees", "fr": "effectif"}}}, "d")
    large, huge = (FieldTest.model_validate({"field": "account.employees", "at_least": n}) for n in (200, 1500))
    webinar = FieldTest.model_validate({"field": "source", "is": "webinar"})
    phone = FieldTest.model_validate({"field": "phone", "is": True})
    mine = (
        Condition(huge, holds=False),
        Condition(webinar, holds=False),
        Condition(large, holds=True),
        Condition(phone, holds=True),
    )
    names = {language: Names(definition, Speaker(language)).of(mine) for language in LANGUAGES}
    assert names["en"] == "employees: from 200 to under 1,500; phone: yes; source: other than webinar"
    assert names["fr"].startswith("effectif\u00a0: de 200 à moins de 1")
    small = (Condition(large, holds=False),)
    assert Names(definition, Speaker("en")).of(small) == "employees: under 200"
    assert Names(definition, Speaker("en"), {"account.employees"}).of(small) == "employees: under 200, or not known"
    lone = history(account("a", size=1.0), lead("l1", account_id="a", rank=2.0), lead("l2", rank=1.0))
    assert gaps_of(lone) == {"account.size"}, "a lead without an account has no size"


def test_small_numbers_keep_their_digits() -> None:
    names = Names(Definition(), Speaker("en"))
    tiny = (Condition(FieldTest.model_validate({"field": "rate", "at_least": 0.0012}), holds=True),)
    assert names.of(tiny) == "rate: 0.0012 or more"


def test_a_lead_without_a_grade_is_nobodys_to_call() -> None:
    unscored = replace(handed(), scorer=None, leads=handed().leads.assign(grade=None, p_close=np.nan))
    assert not seen(unscored, seed=1).open_leads["ready"].any()


def test_few_accounts_are_never_surer_than_their_number() -> None:
    """Two accounts that happen to be alike, of many leads each, are two observations at most as sure as their leads."""
    y = np.tile([1.0, 0.0, 0.0], 20)
    weight = np.random.default_rng(0).uniform(0.9, 1.1, 60)
    every = np.ones(60, dtype=bool)
    one = Answers(y, weight, np.zeros(60, dtype=np.intp)).share(every)
    assert one.high - one.low > 0.7, "one account is one observation"
    three = Answers(y, np.ones(60), np.repeat(np.arange(2), 30)).share(every)
    assert three.high - three.low > 0.2


def test_open_leads_are_placed_by_both_teams_and_ranked() -> None:
    found = seen(handed(), seed=1).open_leads
    undecided = handed().leads["outcome"].isna()
    assert set(found["lead_id"]) == set(handed().leads.loc[undecided, "lead_id"])
    assert len(found) == len(past().leads) / 4
    assert set(found["seen"]) == {BOTH, MARKETING, SALES, NEITHER}
    assert (found["p_close"].diff().dropna() <= 0).all()
    placed = found["segment"].notna()
    large = found[["revenue_class", "potential_class"]].isin(["A", "B"]).any(axis=1)
    expected = np.select([placed & large, placed, large], [BOTH, MARKETING, SALES], NEITHER)
    assert found["seen"].tolist() == expected.tolist()
    assert not found.loc[found["grade"] == "D", "ready"].any()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_is_told_in_both_languages(language: Any) -> None:
    made = report(handed(), language)
    assert ("Grands" if language == "fr" else "Large") in html(made, language)
    figures = json.loads(json.dumps(as_dict(made, language), allow_nan=False))
    assert [each["segment"] for each in figures["segments"]] == ["big", None]
    assert len(figures["open"]) == len(seen(handed(), seed=1).open_leads)


def test_poor_histories_say_what_is_missing() -> None:
    of = handed()
    bare = replace(of, definition=Definition())
    assert "names no segments of marketing" in said(report(bare))
    assert "does not say what tells an account's potential" in said(report(bare))
    assert "No amount of a win is known" in said(report(of))
    lone = replace(of, history=replace(of.history, accounts=of.history.accounts.iloc[:0]))
    assert "no accounts" in said(report(lone))
    assert "In one of marketing's segments" in said(report(lone)), "nobody is asked to look up an account"
    assert "account" not in report(lone).parts[-1].sentences[0]
    unscored = replace(of, scorer=None)
    assert "Without a scorer" in said(report(unscored))
    unknown = replace(of, history=replace(of.history, accounts=of.history.accounts.assign(size=np.nan)))
    assert "is not known of any account" in said(report(unknown))
    decided = replace(of, leads=of.leads[of.leads["outcome"].notna().to_numpy()].reset_index(drop=True))
    assert "No lead is open" in said(report(decided))
    assert document(replace(of, leads=of.leads.iloc[:0]), seed=1, language="en") is None
