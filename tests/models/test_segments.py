from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.facts import Facts, Record, record_of
from features.infer import InferSettings, infer
from features.instants import micros_of
from models import artifact
from models.definition import Definition
from models.rule_errors import SegmentsError
from models.segments import Segmented, check_on, title_of
from models.voices import verdicts
from tests.builders import activity, history, lead, milestone
from tests.features.worlds import facts_of, snapshots, world_of
from tests.models.test_voices import FULL, ground_of, rule_of, voices
from tests.serving.scorers import past, scorer

NOW = micros_of(past().exported_at)
SEGMENTS = {
    "big logistics": {
        "says": {"en": "Large logistics", "fr": "Grande logistique"},
        "rule": {"all": [{"field": "account.industry", "is": "logistics"}, {"field": "employees", "at_least": 200}]},
    },
    "logistics": {"rule": {"field": "account.industry", "is": "logistics"}},
    "curious": {"rule": {"activity": "page_view", "at_least": 2}},
}


def parse(marketing: dict[str, Any], **more: Any) -> Definition:
    return Definition.parse({"segments": {"marketing": marketing}, **more}, "definition")


def segmented(marketing: dict[str, Any], fields: tuple[Any, ...] | None = None) -> Segmented:
    of = scorer()
    return Segmented.of(parse(marketing), of.catalog, of.fields if fields is None else fields)


def named(of: Segmented, *records: Record) -> list[str | None]:
    facts = Facts.of_records(records, scorer().fields)
    return of.names(facts, np.arange(len(records), dtype=np.int64), np.full(len(records), NOW))


def company(industry: str | None = "logistics", employees: float | None = 300.0, views: int = 0) -> Record:
    told = {"account.industry": industry, "employees": employees}
    seen = [("page_view", NOW - 1_000 * (i + 1), None, None) for i in range(views)]
    return Record("x", NOW - 10_000_000, told, seen)


def test_a_lead_is_in_the_first_segment_whose_rule_holds() -> None:
    of = segmented(SEGMENTS)
    assert named(of, company(), company(employees=20.0), company("retail", views=2), company("retail", views=1)) == [
        "big logistics",
        "logistics",
        "curious",
        None,
    ]
    backwards = segmented(dict(reversed(SEGMENTS.items())))
    assert named(backwards, company(), company(views=2)) == ["logistics", "curious"]


def test_what_a_request_does_not_say_is_in_no_segment_that_asks_for_it() -> None:
    of = segmented(SEGMENTS)
    assert named(of, Record("x"), company(employees=None), company(None, views=3)) == [None, "logistics", "curious"]


def test_no_segments_are_no_segment() -> None:
    assert named(Segmented.of(Definition(), scorer().catalog, scorer().fields), company()) == [None]
    assert named(segmented({}), company()) == [None]
    assert segmented(SEGMENTS).names(Facts.of_records([], scorer().fields), np.empty(0, int), np.empty(0, int)) == []


def test_a_field_that_the_scorer_does_not_carry_leaves_that_segment_and_those_after_it_untold() -> None:
    without = tuple(field for field in scorer().fields if field.name != "employees")
    of = segmented(dict(reversed(SEGMENTS.items())), without)
    assert named(of, company(views=2), company(), company("retail")) == ["curious", "logistics", None]
    assert named(segmented(SEGMENTS, without), company(), company(views=2)) == [None, None], "it may be big logistics"
    assert scorer().score(Facts.of_records([company()], scorer().fields), np.array([0]), np.array([NOW])).grade.size


def test_an_activity_or_a_word_that_no_request_has_yet_is_no_mistake_in_the_service() -> None:
    of = segmented({"callers": {"rule": {"activity": "call", "at_least": 1}}, "rest": {"rule": {"not": CALLED}}})
    called = replace_activities(company(), ("call", NOW - 5, None, None))
    assert named(of, company(), called) == ["rest", "callers"]


CALLED = {"activity": "call", "at_least": 1}


def replace_activities(record: Record, *activities: Any) -> Record:
    return Record(record.lead_id, record.created_at, record.attributes, activities)


def test_segments_are_told_alike_of_a_history_and_of_requests() -> None:
    known, of = past(), segmented(SEGMENTS)
    facts = Facts.of_history(known, scorer().fields)
    rows = np.arange(60, dtype=np.int64)
    as_of = facts.moment("created")[:60] + 20 * 86_400_000_000
    offline = of.names(facts, rows, as_of)
    assert set(offline) == {*SEGMENTS, None}
    for i in range(60):
        alone = Facts.of_records([record_of(known, facts.lead_ids[i])], scorer().fields)
        assert of.names(alone, np.array([0]), as_of[i : i + 1]) == [offline[i]]


@pytest.mark.parametrize("seed", range(8))
def test_segments_and_voices_read_rules_alike(seed: int) -> None:
    world = world_of(seed, count=6, accounts=2)
    if set(world.activities["kind"]) != {"page_view", "email_open", "call"}:
        pytest.skip("a rule of this world could ask for what never came")
    rng = np.random.default_rng(seed)
    one, other = rule_of(rng), rule_of(rng)
    rows, as_of = snapshots(world, seed)
    told = verdicts(voices(one, other), ground_of(world), rows, as_of)
    definition = parse({"m": {"rule": one}, "s": {"rule": other}})
    names = Segmented.of(definition, FULL, world.fields).names(facts_of(world), rows, as_of)
    expected = np.where(told["marketing"], "m", np.where(told["sales"], "s", "none"))
    assert [name or "none" for name in names] == expected.tolist()


def test_a_scorer_keeps_its_segments_in_its_artifact(tmp_path: Any) -> None:
    of = replace(scorer(), definition=parse(SEGMENTS))
    artifact.save(of, tmp_path / "a")
    assert named(artifact.load(tmp_path / "a").segmented, company(), company("x")) == ["big logistics", None]


@pytest.mark.parametrize(
    ("marketing", "said"),
    [
        ({"a": {"rule": {"field": "sorce", "is": "x"}}}, r"marketing.a.rule.field.*Did you mean"),
        ({"a": {"rule": {"not": CALLED}}, "b": {"rule": {"field": "employees", "is": "many"}}}, r"marketing.b.rule.is"),
        ({"a": {"rule": {"activity": "fax", "at_least": 1}}}, r"marketing.a.rule.activity.*no activity of this kind"),
        ({"a": {"rule": {"field": "source", "is": "web"}}}, r"marketing.a.rule.field.*never uses this field"),
        ({"a": {"rule": {"field": "job_title", "is": "manager"}}}, r"marketing.a.rule.field.*audit takes this field"),
    ],
)
def test_training_refuses_a_segment_that_makes_no_sense(marketing: dict[str, Any], said: str) -> None:
    rows = [lead(f"l{i}", source="web", employees=float(i), job_title="CEO") for i in range(30)]
    seen = history(*rows, activity("l1", "call"), milestone("l1"))
    definition = parse(marketing, never_use=["source"])
    with pytest.raises(SegmentsError, match=f"(?s)definition.segments.{said}"):
        check_on(seen, definition, {"job_title"})


def test_training_takes_a_segment_on_a_field_that_is_kept() -> None:
    seen = history(*[lead(f"l{i}", source="web") for i in range(30)])
    kept = parse({"a": {"rule": {"field": "source", "is": "fair"}}}, keep={"source": "It is asked on the form."})
    check_on(seen, kept, {"source"})
    check_on(seen, Definition(), {"source"})


def test_a_field_known_at_the_hand_off_is_told_from_then_on_in_the_service_too() -> None:
    world = world_of(5, count=12, accounts=3)
    definition = parse({"a": {"rule": {"field": "budget", "known": True}}})
    unscored = infer(world, InferSettings(min_leads=1, strength=2)).without(["budget"])
    record = Record("x", NOW - 10, {"budget": 3.0}, (), [("handed_off", NOW - 5)])
    facts = Facts.of_records([record], world.fields)
    for catalog in (FULL, unscored):
        of = Segmented.of(definition, catalog, world.fields)
        assert of.names(facts, np.array([0, 0]), np.array([NOW - 6, NOW])) == [None, "a"]


def test_a_segment_is_called_by_the_words_of_the_team() -> None:
    definition = parse(SEGMENTS)
    assert [title_of(definition, "big logistics", language) for language in ("en", "fr")] == [
        "Large logistics",
        "Grande logistique",
    ]
    assert title_of(definition, "curious", "fr") == "curious"
    assert title_of(Definition(), "gone", "en") == "gone"
