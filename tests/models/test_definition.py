from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from crm.errors import AccordError
from models.definition import Definition


def parse(**content: Any) -> Definition:
    return Definition.parse(content, "accord.yaml: definition")


def test_equal_content_has_an_equal_version_however_it_was_written() -> None:
    one = parse(
        name="x", close_days=90, never_use=["b", "a", "b"], keep={"c": "Asked on the form.", "d": "Known by then."}
    )
    other = parse(
        keep={"d": "Known by then.", "c": " Asked on the form. "}, close_days=90.0, never_use=["a", "b"], name="x"
    )
    assert one.version == other.version
    assert one.short_version == one.version[:12]


@pytest.mark.parametrize(
    "change",
    [
        {"accept_days": 31},
        {"close_days": 91},
        {"name": "another"},
        {"grades": {"A": 80, "B": 1}},
        {"never_use": ["x"]},
        {"keep": {"x": "because we ask for it"}},
        {"words": {"x": {"en": "y"}}},
    ],
)
def test_every_part_counts_in_the_version(change: dict[str, Any]) -> None:
    assert parse(**change).version != parse().version


def test_names_of_grades_in_another_order_are_another_definition() -> None:
    assert parse(grades={"A": 50, "B": 1}).version != parse(grades={"B": 50, "A": 1}).version


def test_the_version_of_a_definition_is_pinned() -> None:
    assert parse().short_version == "3c3fa9475a4e"


def test_canonical_content_gives_an_equal_definition_back() -> None:
    definition = parse(grades={"hot": 60, "cold": 1}, words={"call": {"fr": {"one": "appel", "other": "appels"}}})
    again = Definition.of_canonical(definition.canonical())
    assert again == definition
    assert list(again.grades) == ["hot", "cold"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"close_day": 90}, "close_day.*not known.*close_days"),
        ({"close_days": 0}, "close_days.*greater than 0.*0"),
        ({"grades": {"A": 90, "B": 40}}, "grades.*starts at 1"),
        ({"grades": {"A": 40, "B": 90, "C": 1}}, "grades go down"),
        ({"grades": {}}, "grades go down"),
        ({"grades": {"A": 100, "B": 1}}, "less than or equal to 99"),
        ({"never_use": ["a"], "keep": {"a": "asked for on the form"}}, "both kept and never used: a"),
        ({"keep": {"a": ""}}, "keep.a"),
        ({"keep": {"a": "why not           "}}, "keep.a.*at least 10 characters"),
        ({"words": {"a": {}}}, "words.a.*en and fr"),
        ({"words": {"a": {"de": "x"}}}, "de.*not known"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(content: dict[str, Any], said: str) -> None:
    with pytest.raises(AccordError, match=f"(?s)accord.yaml: definition.*{said}"):
        parse(**content)


def test_a_definition_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse().name = "other"  # type: ignore[misc]


LATER: dict[str, Any] = {
    "reasons": {"rejected": {"other": "x"}, "lost": {"price": {"en": "price", "fr": "prix"}}, "no_decision": {}},
    "kinds": {"contact": ["call", "meeting"], "service": ["ticket"]},
    "working_hours": {"zone": "Europe/Paris", "end": "18:00", "closed": ["2026-12-25", "2026-05-01"]},
    "segments": {
        "marketing": {"b": {"rule": {"field": "x", "is": "y"}}, "a": {"says": "A", "rule": {"field": "x", "is": "z"}}},
        "potential": "account.revenue",
        "abc": [0.7, 0.9],
    },
    "exploration": {"share": 0.1, "grades": ["D", "C"], "draw": "2026"},
}
"""Every part that says what comes after the score."""


def stored(definition: Definition) -> Definition:
    """The definition as a file gives it back: its keys sorted."""
    return Definition.of_canonical(json.loads(json.dumps(definition.canonical(), sort_keys=True)))


def test_what_comes_after_the_score_leaves_the_version_alone_where_it_is_not_there() -> None:
    assert parse(**dict.fromkeys(LATER)).version == parse().version
    assert not set(parse().canonical()) & set(LATER)


def test_the_version_with_what_comes_after_the_score_is_pinned() -> None:
    assert parse(**LATER).short_version == "17593ce9972f"


@pytest.mark.parametrize("part", LATER)
def test_each_part_after_the_score_counts_in_the_version_and_comes_back(part: str) -> None:
    one = parse(**{part: LATER[part]})
    assert one.version != parse().version
    assert stored(one) == one
    assert stored(one).version == one.version


def test_the_order_of_segments_counts_and_comes_back() -> None:
    one, marketing = parse(segments=LATER["segments"]), LATER["segments"]["marketing"]
    backwards = dict(reversed(marketing.items()))
    assert parse(segments={**LATER["segments"], "marketing": backwards}).version != one.version
    again = stored(one).segments
    assert again is not None
    assert list(again.marketing) == list(marketing) == ["b", "a"]


@pytest.mark.parametrize(
    "other",
    [
        {"kinds": {"contact": ["meeting", "call", "call"], "service": ["ticket"]}},
        {"working_hours": {"closed": ["2026-05-01", "2026-12-25"], "end": "18:00:00", "zone": "Europe/Paris"}},
        {"exploration": {"share": 0.1, "grades": ["C", "D"], "draw": "2026"}},
    ],
)
def test_an_order_that_says_nothing_changes_no_version(other: dict[str, Any]) -> None:
    assert parse(**{**LATER, **other}).version == parse(**LATER).version


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"reasons": {"rejected": {"No Budget": "x"}, "lost": {}, "no_decision": {}}}, "reasons.rejected.No Budget"),
        ({"reasons": {"rejected": {}, "lost": {}}}, "reasons.no_decision.*missing"),
        ({"reasons": {"won": {}, "rejected": {}, "lost": {}, "no_decision": {}}}, "reasons.won.*not known"),
        ({"kinds": {"contacts": ["call"]}}, "kinds.contacts.*not known.*contact"),
        ({"kinds": {"contact": "call"}}, "kinds.contact"),
        ({"working_hours": {"zone": "Paris"}}, "working_hours.zone.*Europe/Paris"),
        ({"segments": {"marketing": {"a": {}}}}, "segments.marketing.a.rule.*missing"),
        ({"segments": {"marketing": {"a": {"rule": {"fild": "x"}}}}}, "segments.marketing.a.rule"),
        ({"segments": {"abc": [0.9, 0.8]}}, "segments.*abc goes up"),
        ({"segments": {"abc": [0.8, 1.0]}}, "segments.abc.*less than 1"),
        ({"exploration": {"share": 0, "grades": ["D"]}}, "exploration.share.*greater than 0"),
        ({"exploration": {"share": 0.6, "grades": ["D"]}}, "exploration.share.*0.5"),
        ({"exploration": {"share": 0.1, "grades": []}}, "exploration.grades.*at least 1"),
        (
            {"exploration": {"share": 0.1, "grades": ["A"]}},
            r"grades below the best \(B, C, D\), not A",
        ),
        ({"exploration": {"share": 0.1, "grades": ["Z"]}}, "grades below the best.*not Z"),
    ],
)
def test_what_is_wrong_after_the_score_is_said_with_its_path(content: dict[str, Any], said: str) -> None:
    with pytest.raises(AccordError, match=f"(?s)accord.yaml: definition.*{said}"):
        parse(**content)


def test_the_definition_in_the_documentation_is_one() -> None:
    written = (Path(__file__).parents[2] / "docs/definition.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", written, flags=re.DOTALL)
    assert found
    content = YAML(typ="safe").load(found.group(1))["definition"]
    assert set(Definition.model_fields) - set(content) == set(), "every key is shown"
    assert all(f"`{key}`" in written for key in Definition.model_fields)
    definition = parse(**content)
    assert definition.segments
    assert list(definition.segments.marketing) == ["large", "others"]
