from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from crm.history import Field, History, Kind, Known
from crm.past import known_at
from features.catalog import Catalog, FeatureKind
from features.infer import InferSettings, infer
from features.instants import NAT
from features.words import DOMAIN, SENIORITY
from models.conditions import Ground
from models.rule_errors import VoicesError
from models.rules import Comparison, Voices
from models.voices import Unseen, unseen, verdicts
from tests.builders import activity, history, lead, milestone
from tests.features.oracle import Plain
from tests.features.worlds import KINDS, SOURCES, facts_of, snapshots, world_of
from tests.models import rule_oracle

FULL = infer(world_of(5, count=12, accounts=3), InferSettings(min_leads=1, strength=2))
"""The features that rules are drawn from: those of a world that has everything."""

Content = dict[str, Any]


def ground_of(world: History, catalog: Catalog = FULL, **more: Any) -> Ground:
    return Ground(facts_of(world), world.fields, catalog, **more)


def voices(marketing: Content, sales: Content | None = None) -> Voices:
    content = {"marketing": {"rule": marketing}, "sales": {"rule": sales or marketing}}
    return Voices.parse(content, "accord.yaml: definition.voices")


NUMBERS = [f.name for f in FULL.features if f.kind is FeatureKind.NUMBER and f.field not in {"owner", "opted_in"}]
NUMBERS = [name for name in NUMBERS if not name.endswith("_rate")]  # a rate's table is of the leads of its own history
NUMBERS = [name for name in NUMBERS if not name.startswith("is_") and not name.endswith("_given")]
WORDS = {
    "source": (*SOURCES, "new"),
    "account.industry": ("x", "y", "z", "new"),
    "title": SENIORITY,
    "email": DOMAIN,
}


def rule_of(rng: np.random.Generator, depth: int = 3) -> Content:
    """A rule of any sort, as the file would have it."""
    sort = rng.choice(["all", "any", "not", *["test"] * (2 if depth else 0)]) if depth else "test"
    if sort == "test":
        return drawn_test(rng)
    if sort == "not":
        return {"not": rule_of(rng, depth - 1)}
    return {str(sort): [rule_of(rng, depth - 1) for _ in range(rng.integers(1, 4))]}


def drawn_test(rng: np.random.Generator) -> Content:
    def number() -> float:
        return float(rng.integers(0, 6))

    match rng.integers(7):
        case 0:
            return {"field": one(rng, ["size", "budget", "account.employees"]), **compared(rng, number, ordered=True)}
        case 1:
            return {"feature": one(rng, NUMBERS), **compared(rng, number, ordered=True)}
        case 2:
            thing = one(rng, [{"field": "opted_in"}, {"feature": "is_handed_off"}, {"feature": "opted_in"}])
            return {**thing, **compared(rng, lambda: bool(rng.integers(2)))}
        case 3 | 4:
            name = one(rng, list(WORDS))
            return {"field": name, **compared(rng, lambda: one(rng, WORDS[name]))}
        case 5:
            return {"field": one(rng, ["renewal", "note"]), "known": bool(rng.integers(2))}
        case _:
            window = one(rng, [{}, {"within_days": 0.25}, {"within_days": 5}])
            return {"activity": one(rng, [*KINDS, "any"]), **window, **bounded(rng, number)}


def compared(rng: np.random.Generator, value: Callable[[], Any], *, ordered: bool = False) -> Content:
    """One or several comparisons."""
    asked: Content = bounded(rng, value) if ordered and rng.random() < 0.6 else {}
    if rng.random() < 0.3:
        asked["is"] = value()
    if rng.random() < 0.3:
        asked["in"] = [value() for _ in range(rng.integers(1, 4))]
    if rng.random() < 0.2:
        asked["known"] = bool(rng.integers(2))
    return asked or {"in": [value(), value()]}


def bounded(rng: np.random.Generator, value: Callable[[], Any]) -> Content:
    words = rng.choice(["at_least", "at_most", "above", "below"], size=rng.integers(1, 3), replace=False)
    return {str(word): value() for word in words}


def one(rng: np.random.Generator, values: Sequence[Any]) -> Any:
    return values[int(rng.integers(len(values)))]


seeds = st.integers(0, 2**32 - 1)
full_worlds = seeds.map(lambda seed: world_of(seed, count=5, accounts=2)).filter(
    lambda world: set(KINDS) <= set(world.activities["kind"])
)
rules = seeds.map(lambda seed: rule_of(np.random.default_rng(seed)))
few = settings(max_examples=12)


@given(full_worlds, seeds)
@settings(max_examples=30)
def test_a_rule_holds_where_a_plain_reading_of_the_history_says_so(world: History, seed: int) -> None:
    lead_rows, as_of = snapshots(world, seed, per_lead=2)
    ground, plain, rng = ground_of(world), Plain(world), np.random.default_rng(seed)
    lead_ids = world.leads["lead_id"].iloc[lead_rows]
    for depth in (0, 0, 0, 0, 1, 1, 1, 2, 3):
        written = {"marketing": rule_of(rng, depth), "sales": rule_of(rng, depth)}
        found = verdicts(voices(**written), ground, lead_rows, as_of)
        for team, rule in written.items():
            asked = zip(lead_ids, as_of, strict=True)
            expected = [rule_oracle.holds(rule, FULL, plain, lead_id, int(when)) for lead_id, when in asked]
            assert found[team].tolist() == expected, rule


def test_bounds_hold_at_the_bound_where_they_say_so() -> None:
    world = history(lead("a", size=2.0), lead("b", size=3.0), lead("c", size=4.0), milestone("a"))
    for word, expected in (
        ("at_least", [False, True, True]),
        ("at_most", [True, True, False]),
        ("above", [False, False, True]),
        ("below", [True, False, False]),
        ("is", [False, True, False]),
    ):
        found = verdicts(voices({"field": "size", word: 3}), ground_of(world), np.arange(3), np.full(3, 2**60))
        assert found["sales"].tolist() == expected, word


def test_the_rules_of_these_tests_both_hold_and_fail() -> None:
    world = world_of(3, count=12, accounts=3)
    lead_rows, as_of = snapshots(world, 1)
    for rule in (
        {"field": "size", "at_least": 2},
        {"field": "source", "in": ["web", "fair"]},
        {"field": "title", "is": "executive"},
        {"field": "email", "known": False},
        {"activity": "call", "at_least": 1, "within_days": 5},
        {"feature": "call_recency_days", "below": 5},
        {"field": "budget", "known": True},
        {"field": "note", "known": True},
    ):
        found = verdicts(voices(rule), ground_of(world), lead_rows, as_of)["marketing"]
        assert 0 < found.sum() < len(found), rule


@given(full_worlds, rules, seeds)
@few
def test_what_happens_later_never_changes_a_verdict(world: History, rule: Content, seed: int) -> None:
    lead_rows, as_of = snapshots(world, seed, per_lead=1)
    asked = voices(rule)
    full = verdicts(asked, ground_of(world), lead_rows, as_of)["sales"]
    for i, (row, when) in enumerate(zip(lead_rows, as_of, strict=True)):
        then = pd.Timestamp(int(when), unit="us", tz="UTC")
        if then > world.exported_at:
            continue
        ground = ground_of(known_at(world, then))
        ground = replace(ground, facts=replace(ground.facts, kinds=facts_of(world).kinds, kind=_kinds(ground, world)))
        mine = ground.facts.rows(world.leads["lead_id"].iloc[[row]])
        assert verdicts(asked, ground, mine, as_of[i : i + 1])["sales"][0] == full[i]


def _kinds(ground: Ground, world: History) -> np.ndarray:
    """Codes of kinds in the vocabulary of the whole world: what has not come yet is known to exist all the same."""
    every = facts_of(world).kinds
    place = np.array([every.index(kind) for kind in ground.facts.kinds], np.int32)
    return place[ground.facts.kind] if len(place) else ground.facts.kind


@given(full_worlds, rules, seeds)
@few
def test_the_order_of_rows_never_matters(world: History, rule: Content, seed: int) -> None:
    lead_rows, as_of = snapshots(world, seed)
    expected = verdicts(voices(rule), ground_of(world), lead_rows, as_of)["sales"]
    tables = ("leads", "accounts", "activities", "milestones", "changes")
    shuffled = replace(
        world, **{name: getattr(world, name).sample(frac=1, random_state=seed % 1000) for name in tables}
    )
    ground = ground_of(shuffled)
    rows = ground.facts.rows(world.leads["lead_id"].iloc[lead_rows])
    assert verdicts(voices(rule), ground, rows, as_of)["sales"].tolist() == expected.tolist()
    order = np.random.default_rng(seed).permutation(len(rows))
    turned = verdicts(voices(rule), ground, rows[order], as_of[order])["sales"]
    assert turned.tolist() == expected[order].tolist()


def test_missing_passes_no_comparison_and_not_lets_it_through() -> None:
    world = history(lead("a", size=5.0), lead("b"), milestone("a"))
    at = np.full(2, 2**60)

    def holds(rule: Content) -> list[bool]:
        return list(verdicts(voices(rule), ground_of(world), np.arange(2), at)["sales"])

    assert holds({"field": "size", "at_least": 0}) == [True, False]
    assert holds({"field": "size", "below": 9}) == [True, False]
    assert holds({"not": {"field": "size", "at_least": 0}}) == [False, True]
    assert holds({"field": "size", "known": False}) == [False, True]
    assert holds({"field": "size", "known": True, "above": 5}) == [False, False]


def test_a_word_that_stands_for_all_others_is_only_itself() -> None:
    world = history(lead("a", source="(other)"), lead("b", source="web"), lead("c", source="fair"), milestone("a"))
    at, rows = np.full(3, 2**60), np.arange(3)
    found = verdicts(voices({"field": "source", "is": "(other)"}), ground_of(world), rows, at)["sales"]
    assert found.tolist() == [True, False, False]
    found = verdicts(voices({"field": "source", "in": ["web", "(other)"]}), ground_of(world), rows, at)["sales"]
    assert found.tolist() == [True, True, False]


def test_without_times_attributes_decide_and_what_needs_a_time_is_not_known() -> None:
    world = history(lead("a", None, size=5.0), milestone("a", "won", None), activity("a", "call"))
    at = np.full(1, NAT)
    rule = {"all": [{"field": "size", "is": 5}, {"not": {"activity": "call", "at_least": 0}}]}
    assert verdicts(voices(rule), ground_of(world), np.zeros(1, np.int64), at)["sales"].tolist() == [True]


WORLD = replace(
    world_of(5, count=12, accounts=3),
    fields=(*world_of(5, count=12, accounts=3).fields, Field("outcome", Kind.CATEGORY, Known.AFTER_OUTCOME)),
)
PLACE = "definition.voices.marketing.rule"


@pytest.mark.parametrize(
    ("rule", "where", "said"),
    [
        ({"field": "employees", "above": 1}, ".field", "no field of this name.*'employees'.*'account.employees'"),
        ({"field": "zzz", "above": 1}, ".field", "There are: account.employees"),
        ({"activity": "page_views", "at_least": 1}, ".activity", "no activity of this kind.*'page_view'"),
        ({"feature": "call_recency", "below": 3}, ".feature", "no feature of this name.*'call_recency_days'"),
        ({"field": "source", "at_least": 3}, ".at_least", "'source' cannot be compared like this.*3.*a word"),
        ({"field": "source", "is": 5}, ".is", "expected a word.*quotes"),
        ({"field": "source", "in": ["web", False]}, r".in\[1\]", "False; expected a word"),
        ({"field": "size", "is": "big"}, ".is", "'big'; expected a number"),
        ({"field": "size", "is": True}, ".is", "True; expected a number"),
        ({"field": "opted_in", "is": 1}, ".is", "1.0; expected true or false"),
        ({"field": "opted_in", "above": 0}, ".above", "expected true or false"),
        ({"field": "renewal", "above": 0}, ".above", "only whether it is known"),
        ({"field": "note", "is": "hi"}, ".is", "only whether it is known"),
        ({"field": "title", "is": "CEO"}, ".is", "no such level.*There are: director, executive"),
        ({"field": "title", "is": "directeur"}, ".is", "Did you mean 'director'"),
        ({"field": "email", "is": "gmail.com"}, ".is", "no such level"),
        ({"field": "secret", "known": True}, ".field", "An identifier"),
        ({"field": "outcome", "known": True}, ".field", "only after the outcome"),
        ({"field": "size", "above": 1}, ".field", "definition never uses this field"),
        ({"feature": "size", "above": 1}, ".feature", "definition never uses this field"),
        ({"field": "budget", "above": 1}, ".field", "audit takes this field out.*accord audit"),
        ({"field": "owner", "is": "ann"}, ".field", "one of our own people"),
        ({"feature": "owner_close_rate", "above": 0.5}, ".feature", "no feature of this name"),
        ({"feature": "is_handed_off", "is": 1}, ".is", "expected true or false"),
        (
            {"any": [{"field": "title", "known": True}, {"not": {"field": "x", "known": True}}]},
            r".any\[1\].not.field",
            "x",
        ),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_place(rule: Content, where: str, said: str) -> None:
    ground = ground_of(WORLD, never_use={"size"} if "never" in said else (), blocked={"budget"})
    with pytest.raises(VoicesError, match=f"(?s)^{PLACE}{where}: .*{said}"):
        verdicts(voices(rule, {"activity": "any", "at_least": 0}), ground, *snapshots(WORLD, 1))


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    marketing = {"any": [{"field": "sourse", "is": "web"}, {"field": "size", "in": ["a", 1, "b"]}]}
    with pytest.raises(VoicesError) as found:
        verdicts(voices(marketing, {"activity": "calls", "above": 1}), ground_of(WORLD), *snapshots(WORLD, 1))
    sales = "definition.voices.sales.rule"
    assert [problem.where for problem in found.value.problems] == [
        f"{PLACE}.any[0].field",
        f"{PLACE}.any[1].in[0]",
        f"{PLACE}.any[1].in[2]",
        f"{sales}.activity",
    ]
    assert len(found.value.as_dict()["problems"]) == 4
    assert str(found.value).count("\n") >= 4


def test_a_history_without_activities_says_so() -> None:
    world = history(lead("a", size=1.0), milestone("a"))
    with pytest.raises(VoicesError, match="records no activities"):
        verdicts(voices({"activity": "any", "below": 1}), ground_of(world), np.zeros(1, np.int64), np.full(1, 2**60))


def test_a_word_that_no_lead_ever_had_is_told_with_what_may_have_been_meant() -> None:
    world = history(lead("a", source="webinar"), milestone("a"))
    rule = {"field": "source", "in": ["webinair", "webinar", "fair"]}
    place = "definition.voices.marketing.rule"
    assert unseen(voices(rule, {"field": "source", "known": True}), ground_of(world)) == (
        Unseen("marketing", place, "source", "webinair", "webinar"),
        Unseen("marketing", place, "source", "fair", None),
    )


DOCS = (Path(__file__).parents[2] / "docs/voices.md").read_text(encoding="utf-8")


def test_the_rules_of_the_documentation_are_rules() -> None:
    blocks = [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, flags=re.DOTALL)]
    assert len(blocks) >= 2
    for block in blocks:
        content = block["voices"] if "voices" in block else {team: {"rule": block} for team in ("marketing", "sales")}
        assert Voices.parse(content, "docs/voices.md")


def test_every_condition_comparison_and_level_is_documented() -> None:
    words = (
        *Comparison().bounds,
        "is",
        "in",
        "known",
        "within_days",
        "all",
        "any",
        "not",
        "field",
        "activity",
        "feature",
    )
    for word in (*words, *SENIORITY, *DOMAIN):
        assert f"`{word}" in DOCS, word
