from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.definition import LANGUAGES, Definition, Language
from models.differences import differences
from models.loop import DEFAULT_REASONS

RULE = {
    "all": [{"field": "source", "in": ["fair", "webinar"]}, {"activity": "page_view", "at_least": 3, "within_days": 30}]
}
OTHER = {"any": [{"field": "employees", "at_least": 250}, {"not": {"field": "phone", "known": True}}]}


def parse(**content: Any) -> Definition:
    return Definition.parse(content, "definition")


def told(before: dict[str, Any], after: dict[str, Any], language: Language = "en") -> list[str]:
    return [found.text for found in differences(parse(**before), parse(**after), language)]


def voices(marketing: dict[str, Any], sales: dict[str, Any] = OTHER) -> dict[str, Any]:
    return {"voices": {"marketing": {"rule": marketing}, "sales": {"rule": sales}}}


def grades(**content: Any) -> dict[str, Any]:
    return {"grades": {**content, "Z": {}}}


def reasons(**listed: Any) -> dict[str, Any]:
    return {"reasons": {"rejected": {"other": "other"}, "lost": {}, "no_decision": {}, **listed}}


def segments(**rules: Any) -> dict[str, Any]:
    return {"segments": {"marketing": {name: {"rule": rule} for name, rule in rules.items()}}}


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name": ({}, {"name": "deal"}),
    "accept_days": ({}, {"accept_days": 14}),
    "close_days": ({}, {"close_days": 90}),
    "story": ({}, {"story": {"why": "a", "who": "b", "how": "c"}}),
    "accepted": ({"accepted": "taken"}, {"accepted": {"en": "taken", "fr": "pris"}}),
    "capacity": (
        {"grades": {"A": {"capacity_per_week": 40}, "B": {}}},
        {"grades": {"A": {"capacity_per_week": 30}, "B": {}}},
    ),
    "way": ({"grades": {"A": {"capacity_per_week": 40}, "B": {}}}, {"grades": {"A": {"probability": 0.25}, "B": {}}}),
    "grade": ({"grades": {"A": 60, "B": {}}}, {"grades": {"A": 60, "B": 20, "C": {}}}),
    "who": (
        {"grades": {"A": 60, "B": {}}},
        {"grades": {"A": {"score": 60, "who": "sales", "within_hours": 8}, "B": {}}},
    ),
    "order": ({"grades": {"A": 60, "B": {}}}, {"grades": {"B": 60, "A": {}}}),
    "hours": ({}, {"hours_per_lead": 2}),
    "voice": (voices(RULE), voices(OTHER)),
    "no voice": (voices(RULE), {}),
    "words": ({}, {"words": {"x": {"en": "y"}}}),
    "a language": ({"words": {"x": {"en": "y"}}}, {"words": {"x": {"en": "y", "fr": "y"}}}),
    "never_use": ({}, {"never_use": ["sex"]}),
    "keep": ({"keep": {"a": "it is known before"}}, {}),
    "reasons": (reasons(), reasons(rejected={"other": "else", "fax": "no fax"}, lost={"price": "too dear"})),
    "reasons listed": ({}, {"reasons": DEFAULT_REASONS.model_dump()}),
    "kinds": ({"kinds": {"contact": ["call"]}}, {"kinds": {"contact": ["call", "meeting"], "service": ["ticket"]}}),
    "no kinds": ({}, {"kinds": {}}),
    "zone": ({"working_hours": {"zone": "Europe/Paris"}}, {"working_hours": {"zone": "Europe/London"}}),
    "usual hours": ({}, {"working_hours": {}}),
    "closed": ({"working_hours": {}}, {"working_hours": {"closed": ["2026-05-01", "2026-12-25"]}}),
    "segment": ({}, {"segments": {"marketing": {"big": {"says": "Big ones", "rule": RULE}}}}),
    "rule of a segment": (segments(big=RULE), segments(big=OTHER)),
    "order of segments": (segments(big=RULE, small=OTHER), segments(small=OTHER, big=RULE)),
    "potential": (segments(), {"segments": {"potential": "account.revenue"}}),
    "abc": (segments(), {"segments": {"abc": [0.7, 0.9]}}),
    "no segments": ({}, segments()),
    "exploration": ({}, {"exploration": {"share": 0.1, "grades": ["D"]}}),
    "share": ({"exploration": {"share": 0.1, "grades": ["D"]}}, {"exploration": {"share": 0.2, "grades": ["C", "D"]}}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_changes_the_version_is_told(change: str, language: Language) -> None:
    before, after = CHANGES[change]
    assert parse(**before).version != parse(**after).version
    for one, other in ((before, after), (after, before)):
        assert told(one, other, language)
    assert told(before, before, language) == []


def test_a_change_is_told_in_words() -> None:
    before, after = CHANGES["capacity"]
    assert told(before, after) == ["Grade A: 30 leads a week; before: 40 leads a week."]
    (text,) = told(before, after, "fr")
    assert text == "Classe A\u00a0: 30 leads par semaine\u00a0; avant\u00a0: 40 leads par semaine."


def test_a_voice_is_told_in_words() -> None:
    (text,) = told(voices(RULE), voices(OTHER))
    assert text == (
        "Marketing's rule: Employees: at least 250 or not the case: Phone: known; before: Source: fair or webinar and "
        "at least 3 visits to pages in the last 30 days."
    )


@given(st.sampled_from(list(CHANGES.values())), st.sampled_from(list(CHANGES.values())))
def test_versions_are_equal_exactly_where_nothing_is_told(
    one: tuple[dict[str, Any], dict[str, Any]], other: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    before, after = parse(**one[1]), parse(**other[1])
    assert (before.version == after.version) == (differences(before, after, "en") == [])


def test_texts_are_never_read_as_templates() -> None:
    (text,) = told({}, {"name": "%(x)s {{7*7}} {0}"})
    assert "%(x)s {{7*7}} {0}" in text


def test_what_comes_after_the_score_is_told_in_words() -> None:
    week = "Monday, Tuesday, Wednesday, Thursday, and Friday from 09:00 to 17:00"
    assert told(*CHANGES["zone"]) == [f"Working hours: {week} (Europe/London); before: {week} (Europe/Paris)."]
    assert told(*CHANGES["closed"], "fr") == ["Désormais fermé\u00a0: 1er mai 2026 et 25 décembre 2026."]
    assert told(*reversed(CHANGES["closed"])) == ["Not closed any more: May 1, 2026 and December 25, 2026."]
    assert told(*CHANGES["kinds"], "fr") == [
        "Ce qui compte comme premier contact\u00a0: appel et rendez-vous\u00a0; avant\u00a0: appel.",
        "Ce qui vient du service client, nouveau\u00a0: demande au service client.",
    ]
    assert told(*CHANGES["exploration"]) == [
        "The draw by lot is new: 10% of the leads of grade D are worked all the same (draw “1”)."
    ]
    assert told(*CHANGES["order of segments"]) == ["The order of the segments: small, big; before: big, small."]
    assert told(*CHANGES["usual hours"]) == ["The calendar of working hours is written otherwise."]
