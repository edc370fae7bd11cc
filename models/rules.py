"""A voice's rule as data: conditions on what was known about a lead, never a program.

A rule is a tree of ``all``, ``any`` and ``not`` over tests. A test looks at one field, one kind of activity or one
feature, and every comparison in it must hold. What is missing passes no comparison; ``known`` asks for just that.
`models.verdicts` evaluates rules; nothing here or there runs what a file holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictFloat, StrictStr, Tag, model_validator

from crm.strict import Strict
from models.said import Said

DEEPEST = 20
"""Levels of all, any and not that a rule may have: nobody can read more."""

MOST = 200
"""Tests that a rule may hold."""

Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Number = StrictFloat
Value = StrictBool | StrictFloat | Name


class Comparison(Strict):
    """What a number or a word must be; all that is given must hold."""

    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _finite(self) -> Self:
        if any(bound is not None and not math.isfinite(bound) for bound in self.bounds.values()):
            raise ValueError("a comparison needs finite numbers")
        return self

    @property
    def bounds(self) -> dict[str, float | None]:
        """The comparisons with a number, by their word."""
        return {word: getattr(self, word) for word in ("at_least", "at_most", "above", "below")}


class _Known(Comparison):
    """Comparisons, equality and membership, and whether anything is known at all."""

    equals: Annotated[Value | None, Field(alias="is")] = None
    among: Annotated[tuple[Value, ...] | None, Field(alias="in", min_length=1, max_length=1_000)] = None
    known: StrictBool | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        asked = [*self.bounds.values(), self.equals, self.among, self.known]
        if all(one is None for one in asked):
            raise ValueError("a test needs a comparison: is, in, at_least, at_most, above, below or known")
        return self


class FieldTest(_Known):
    """An attribute of the lead, or of its account (``account.industry``), as known at the time."""

    field: Name


class FeatureTest(_Known):
    """A feature by its name in the catalog, such as ``page_view_recency_days``."""

    feature: Name


class ActivityTest(Comparison):
    """How often a kind of activity came, ``any`` for all kinds together, ``within_days`` before the time."""

    activity: Name
    within_days: Annotated[Number, Field(gt=0, le=3_650)] = 3_650

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if all(bound is None for bound in self.bounds.values()):
            raise ValueError("a test of an activity needs at_least, at_most, above or below")
        return self


class AllOf(Strict):
    """Holds where every part holds."""

    parts: Annotated[tuple[Rule, ...], Field(alias="all", min_length=1)]


class AnyOf(Strict):
    """Holds where some part holds."""

    parts: Annotated[tuple[Rule, ...], Field(alias="any", min_length=1)]


class Not(Strict):
    """Holds where its part does not, also where that part could not be known."""

    part: Annotated[Rule, Field(alias="not")]


_SORTS = ("all", "any", "not", "field", "activity", "feature")
_ONE_OF = "a condition is one of all, any, not, field, activity and feature"


def _sort_of(given: object) -> str | None:
    """Which sort of condition this is; ``None``, which pydantic refuses, where it is none or several at once.

    A sort is written as no key can be, so that it is not taken for one in the path of an error.
    """
    if isinstance(given, Mapping):
        words = [word for word in _SORTS if word in given]
        return f"<{words[0]}>" if len(words) == 1 else None
    sorts: tuple[type[Strict], ...] = (AllOf, AnyOf, Not, FieldTest, ActivityTest, FeatureTest)
    return next((f"<{word}>" for sort, word in zip(sorts, _SORTS, strict=True) if isinstance(given, sort)), None)


Rule = Annotated[
    Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[FieldTest, Tag("<field>")]
    | Annotated[ActivityTest, Tag("<activity>")]
    | Annotated[FeatureTest, Tag("<feature>")],
    Discriminator(_sort_of, custom_error_type="condition", custom_error_message=f"{_ONE_OF}, and only one"),
]
Test = FieldTest | ActivityTest | FeatureTest


def _readable(given: object) -> object:
    """Refuses a rule too deep or too long before anything descends into it."""
    level, tests = [given], 0
    for _ in range(DEEPEST + 1):
        parts = [_parts(node) for node in level]
        tests += sum(below is None for below in parts)
        level = [part for below in parts for part in below or ()]
        if tests + len(level) > MOST:
            raise ValueError(f"a rule holds at most {MOST} tests, so that both teams can read it")
        if not level:
            return given
    raise ValueError(f"a rule has at most {DEEPEST} levels of all, any and not, so that both teams can read it")


def _parts(node: object) -> list[object] | None:
    """The conditions below this one, of a rule still unread; ``None`` for a test."""
    if not isinstance(node, Mapping) or not {"all", "any", "not"} & node.keys():
        return None
    found = [node["not"]] if "not" in node else []
    for word in ("all", "any"):
        below = node.get(word, ())
        found += below if isinstance(below, list | tuple) else ()
    return found


class Voice(Strict):
    """A rule, and the team's words for it: what one team would have used alone, or a segment of its market."""

    says: Said | None = None
    rule: Annotated[Rule, BeforeValidator(_readable)]


class Voices(Strict):
    """The two voices that the definition reconciles."""

    marketing: Voice
    sales: Voice

    @property
    def named(self) -> dict[str, Voice]:
        """The voices by their team."""
        return {"marketing": self.marketing, "sales": self.sales}


def tests_of(rule: AllOf | AnyOf | Not | Test) -> Iterator[Test]:
    """Every test in a rule, in the order in which they are written."""
    match rule:
        case AllOf() | AnyOf():
            for part in rule.parts:
                yield from tests_of(part)
        case Not():
            yield from tests_of(rule.part)
        case _:
            yield rule
