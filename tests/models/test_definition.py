from __future__ import annotations

from typing import Any

import pytest

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
