"""One test of a rule: which feature it looks at, whether it makes sense, and for which leads it holds.

A test that makes no sense is a `RuleError`: a field nobody has, a kind of activity that never came, a comparison that
does not fit. What may not be looked at is refused too: what is known only after the outcome, what the audit takes out,
what the definition never uses, identifiers, and who of our own people works the lead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from crm.history import Field, Kind, Known, Milestone
from features.catalog import OTHER, Availability, Catalog, Family, Feature, FeatureKind
from features.facts import Facts
from features.infer import availability
from features.words import DOMAIN, SENIORITY
from models.arrays import Vector
from models.rule_errors import RuleError, Steps, near
from models.rules import ActivityTest, FeatureTest, FieldTest, Test

Truth = npt.NDArray[np.bool_]
ANY = "any"
"""All kinds of activity together."""

_COMPARE: Mapping[str, Callable[[Vector, float], Truth]] = {
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
    "above": np.greater,
    "below": np.less,
}
_BLOCKED = "`accord audit` says why. Test something else, or keep the field with a reason under definition.keep."
_REDUCED: Mapping[Kind, tuple[Family, tuple[str, ...]]] = {
    Kind.TITLE: (Family.SENIORITY, SENIORITY),
    Kind.EMAIL: (Family.DOMAIN, DOMAIN),
}


class Shape(StrEnum):
    """What a thing can be compared with."""

    NUMBER = "a number"
    YES_NO = "true or false"
    WORD = "a word"
    PRESENCE = "nothing: only whether it is known can be asked"


@dataclass(frozen=True)
class Ground:
    """What rules may look at: these facts, their fields (blocked ones too, to say so) and the features of a catalog.

    ``blocked``: fields that the audit takes out; ``never_use``: those the definition never uses. ``requests``: these
    are facts of requests, so what they lack (a kind of activity, hand-offs) may be in the history all the same.
    """

    facts: Facts
    fields: tuple[Field, ...]
    catalog: Catalog
    blocked: Collection[str] = field(default=frozenset())
    never_use: Collection[str] = field(default=frozenset())
    requests: bool = False

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their name."""
        return {one.name: one for one in self.fields}

    @cached_property
    def features(self) -> Mapping[str, Feature]:
        """The features by their name."""
        return {one.name: one for one in self.catalog.features}

    @property
    def records_handoffs(self) -> bool:
        """Whether requests come from a history with hand-offs, as its catalog shows."""
        return self.requests and any(one.measure == Milestone.HANDED_OFF for one in self.catalog.features)


@dataclass(frozen=True, slots=True)
class Look:
    """What a test looks at: a column of the feature matrix, and how to compare with it.

    ``words`` are the words of a category in the order of their codes, ``None`` for other shapes.
    """

    feature: Feature
    shape: Shape
    words: tuple[str, ...] | None = None

    def holds(self, test: Test, column: Vector) -> Truth:
        """For which rows of the column all comparisons of the test hold. Missing (NaN) passes only ``known: false``."""
        out = np.ones(len(column), dtype=bool)
        for word, bound in test.bounds.items():
            if bound is not None:
                out &= _COMPARE[word](column, bound)
        if isinstance(test, ActivityTest):
            return out
        for allowed in (None if test.equals is None else (test.equals,), test.among):
            if allowed is not None:
                out &= np.isin(column, [self._code(value) for value in allowed])
        if test.known is not None:
            out &= np.isnan(column) != test.known
        return out

    def _code(self, value: bool | float | str) -> float:
        return float(self.words.index(str(value))) if self.words is not None else float(value)


def look(test: Test, ground: Ground, steps: Steps) -> Look:
    """What this test looks at. Raises the `RuleError` of its thing; `problems` tells those of its comparisons."""
    match test:
        case ActivityTest():
            return _activity(test, ground, (*steps, "activity"))
        case FeatureTest():
            return _feature(test, ground, (*steps, "feature"))
        case FieldTest():
            return _field(test, ground, (*steps, "field"))


def problems(test: Test, ground: Ground, steps: Steps) -> Iterator[RuleError]:
    """Everything that is wrong with one test."""
    try:
        found = look(test, ground, steps)
    except RuleError as problem:
        yield problem
        return
    if isinstance(test, ActivityTest):
        return
    if found.shape is not Shape.NUMBER:
        for word, bound in test.bounds.items():
            if bound is not None:
                yield _unfit(found, bound, (*steps, word))
    values = [((*steps, "is"), test.equals)] if test.equals is not None else []
    values += [((*steps, "in", i), value) for i, value in enumerate(test.among or ())]
    for at, value in values:
        if not _fits(found.shape, value):
            yield _unfit(found, value, at)
        elif found.words is not None and str(value) not in found.words:
            expected, remedy = "one of the levels there are", near(str(value), found.words)
            yield RuleError("There is no such level.", at, got=value, expected=expected, remedy=remedy)


def _activity(test: ActivityTest, ground: Ground, steps: Steps) -> Look:
    kinds = ground.facts.kinds
    if not kinds and not ground.requests:
        message, remedy = "This history records no activities.", "Take the test out of the rule."
        raise RuleError(message, steps, got=test.activity, remedy=remedy)
    if test.activity != ANY and test.activity not in kinds and not ground.requests:
        remedy = near(test.activity, (*kinds, ANY))
        raise RuleError("The history has no activity of this kind.", steps, got=test.activity, remedy=remedy)
    kind = None if test.activity == ANY else test.activity
    days, happens = test.within_days, Availability.AS_IT_HAPPENS
    feature = Feature(
        *("", FeatureKind.NUMBER, Family.COUNT, test.activity), activity=kind, window_days=days, available=happens
    )
    return Look(feature, Shape.NUMBER)


def _feature(test: FeatureTest, ground: Ground, steps: Steps) -> Look:
    feature = ground.features.get(test.feature)
    if feature is None:
        remedy = near(test.feature, ground.features)
        raise RuleError("There is no feature of this name.", steps, got=test.feature, remedy=remedy)
    about = ground.by_name.get(feature.field) if feature.field is not None else None
    if about is not None:
        _refuse(about, ground, steps)
    if feature.kind is FeatureKind.CATEGORY:
        return Look(feature, Shape.WORD, feature.levels)
    return Look(feature, Shape.YES_NO if _is_yes_no(feature, about) else Shape.NUMBER)


def _is_yes_no(feature: Feature, about: Field | None) -> bool:
    match feature.family:
        case Family.PROGRESS:
            return True
        case Family.PRESENCE:
            return feature.measure is None
        case Family.ATTRIBUTE:
            return about is not None and about.kind is Kind.BOOLEAN
        case _:
            return False


def _field(test: FieldTest, ground: Ground, steps: Steps) -> Look:
    about = ground.by_name.get(test.field)
    if about is None:
        remedy = near(test.field, ground.by_name)
        raise RuleError("The history has no field of this name.", steps, got=test.field, remedy=remedy)
    _refuse(about, ground, steps)
    match about.kind:
        case Kind.NUMBER:
            return Look(_attribute(about, ground, FeatureKind.NUMBER), Shape.NUMBER)
        case Kind.BOOLEAN:
            return Look(_attribute(about, ground, FeatureKind.NUMBER), Shape.YES_NO)
        case Kind.DATE:
            return Look(_attribute(about, ground, FeatureKind.NUMBER), Shape.PRESENCE)
        case Kind.TITLE | Kind.EMAIL:
            family, levels = _REDUCED[about.kind]
            return Look(_attribute(about, ground, FeatureKind.CATEGORY, family, (*levels, OTHER)), Shape.WORD, levels)
        case Kind.CATEGORY:
            named = (test.equals, *(test.among or ()))
            words = tuple(dict.fromkeys(str(value) for value in named if value is not None))
            levels = (*words, _unlike(words))
            return Look(_attribute(about, ground, FeatureKind.CATEGORY, levels=levels), Shape.WORD, words)
        case _:
            return Look(_attribute(about, ground, FeatureKind.CATEGORY, levels=(OTHER,)), Shape.PRESENCE)


def _attribute(
    about: Field,
    ground: Ground,
    kind: FeatureKind,
    family: Family = Family.ATTRIBUTE,
    levels: tuple[str, ...] | None = None,
) -> Feature:
    """The column of a field, known from when the score knows it; a short history alone may not show hand-offs yet."""
    scored = (f for f in ground.catalog.features if f.field == about.name and f.family is not Family.RATE)
    told = next(((f.available, f.why) for f in scored), None)
    known_from, why = availability(about, ground.facts) if told is None else told
    if told is None and about.known is Known.AT_HANDOFF and ground.records_handoffs:
        known_from = Availability.AT_HANDOFF
    return Feature("", kind, family, about.name, field=about.name, levels=levels, available=known_from, why=why)


def _unlike(words: Collection[str]) -> str:
    """A level for all other values that is none of these words."""
    level = OTHER
    while level in words:
        level = f"({level})"
    return level


def _refuse(about: Field, ground: Ground, steps: Steps) -> None:
    """Raises where a rule must not look at this field."""
    other = "Test something else in its place."
    for applies, message, remedy in (
        (about.kind is Kind.IDENTIFIER, "An identifier tells nothing about a lead.", other),
        (about.known is Known.AFTER_OUTCOME, "This field is known only after the outcome.", other),
        (about.name in ground.never_use, "The definition never uses this field.", f"{other[:-1]}, or let it be used."),
        (about.name in ground.blocked, "The audit takes this field out.", _BLOCKED),
        (about.actor, "This names one of our own people, and a rule is about the lead.", other),
    ):
        if applies:
            raise RuleError(message, steps, got=about.name, expected="a field that may be used", remedy=remedy)


def _fits(shape: Shape, value: bool | float | str) -> bool:
    match shape:
        case Shape.NUMBER:
            return isinstance(value, float) and not isinstance(value, bool)
        case Shape.YES_NO:
            return isinstance(value, bool)
        case Shape.WORD:
            return isinstance(value, str)
        case Shape.PRESENCE:
            return False


def _unfit(found: Look, value: bool | float | str, steps: Steps) -> RuleError:
    """The error of a comparison that does not fit what the test looks at."""
    name = found.feature.field or found.feature.name
    message = f"{name!r} cannot be compared like this."
    remedies = {
        Shape.NUMBER: "Write the number without quotes, or use at_least, at_most, above or below.",
        Shape.YES_NO: "Write is: true or is: false.",
        Shape.WORD: "Use is: or in: with words; put what looks like a number, yes or no in quotes.",
        Shape.PRESENCE: "Write known: true or known: false.",
    }
    return RuleError(message, steps, got=value, expected=str(found.shape), remedy=remedies[found.shape])
