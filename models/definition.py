"""The definition: what accepted, closed and each grade mean. Its content hash is its version."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from crm.strict import Strict
from models.loop import DEFAULT_REASONS, Exploration, Kinds, Reasons, Segments
from models.rules import Voices
from models.said import LANGUAGES, Language, Said
from models.working_hours import WorkingHours

__all__ = ["LANGUAGES", "Definition", "Grade", "Language", "Plural", "Story", "Words"]

SHORT = 12
"""Digits of a version that people see."""

LOWEST, HIGHEST = 1, 99
"""The range of a score."""

_LATER = ("reasons", "kinds", "working_hours", "segments", "exploration")
"""Parts that came after the first definitions were signed: one that leaves them out keeps its version."""

Days = Annotated[float, Field(gt=0, le=3650)]
Score = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]
Text = Annotated[str, Field(min_length=1)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]
"""Why a field is kept: a sentence that the next reader can judge, not a word."""


class Plural(Strict):
    """What is counted: ``one: call about an offer``, ``other: calls about an offer``."""

    one: Text
    other: Text


class Words(Strict):
    """What people call a field or a kind of activity. A kind of activity is counted, so it may give its plural."""

    en: Text | Plural | None = None
    fr: Text | Plural | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.en is None and self.fr is None:
            raise ValueError("words need at least one of the languages en and fr")
        return self


class Story(Strict):
    """What a lead is, told by both teams: why we want leads, who does what, how we get and work them."""

    why: Said
    who: Said
    how: Said


class Grade(Strict):
    """From where on a grade is given, and what it promises.

    At most one of ``score`` (lowest score), ``probability`` (lowest probability of closing) and ``capacity_per_week``
    (as many leads a week as sales can work, frozen into a probability when first measured); the last grade has none
    and takes the rest. ``who`` acts, ``within_hours`` working hours.
    """

    score: Score | None = None
    probability: Annotated[float, Field(gt=0, lt=1)] | None = None
    capacity_per_week: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    who: Said | None = None
    within_hours: Annotated[float, Field(gt=0, le=2_000)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.score, self.probability, self.capacity_per_week)) > 1:
            raise ValueError("a grade starts at a score, at a probability or at what sales can work: give one of them")
        return self

    @property
    def takes_the_rest(self) -> bool:
        """Whether this is the last grade."""
        return self.score is None and self.probability is None and self.capacity_per_week is None


class Definition(Strict):
    """What both teams agree on. Two definitions that say the same have the same ``version``.

    ``story``: what a lead is, in the teams' words; ``accepted`` and ``closed``: what counts as such, in words;
    ``accept_days`` and ``close_days`` are the horizons; ``grades`` are the grades, best first, the last of them takes
    the rest (a bare number is the lowest score); ``hours_per_lead``: working hours that sales spends on a lead;
    ``voices``: the rule each team would have used alone; ``words`` maps fields and kinds of activity to their names for
    people; ``never_use`` lists fields that must not become features; ``keep`` lists fields that are used in spite of a
    blocking finding of the audit, each with the written reason; ``reasons``, ``kinds``, ``working_hours``, ``segments``
    and ``exploration`` say what happens after the score, see `models.loop`. `Definition.parse` reads it from a file's
    section.

    >>> Definition(name="lead", close_days=90).short_version == Definition(close_days=90.0).short_version
    True
    """

    name: Text = "lead"
    story: Story | None = None
    accepted: Said | None = None
    closed: Said | None = None
    accept_days: Days = 30
    close_days: Days = 180
    grades: dict[Text, Grade] = Field(default={"A": 90, "B": 70, "C": 40, "D": LOWEST}, validate_default=True)
    hours_per_lead: Annotated[float, Field(gt=0, le=1_000)] = 1.0
    voices: Voices | None = None
    words: dict[str, Words] = Field(default={})
    never_use: tuple[str, ...] = ()
    keep: dict[str, Reason] = Field(default={})
    reasons: Reasons | None = None
    kinds: Kinds | None = None
    working_hours: WorkingHours | None = None
    segments: Segments | None = None
    exploration: Exploration | None = None

    @field_validator("grades", mode="before")
    @classmethod
    def _numbers_are_scores(cls, grades: object) -> object:
        if not isinstance(grades, Mapping):
            return grades
        last = next(reversed(list(grades)), None)
        return {name: _grade(given, last=name == last) for name, given in grades.items()}

    @field_validator("grades")
    @classmethod
    def _grades_cover_every_score(cls, grades: dict[str, Grade]) -> dict[str, Grade]:
        listed = list(grades.values())
        rest = [grade.takes_the_rest for grade in listed]
        if not rest or not rest[-1] or any(rest[:-1]):
            raise ValueError(
                f"grades go down from the best to the last, which takes the rest and so starts at {LOWEST} or nowhere"
            )
        for way in ("score", "probability"):
            lowest = [at for grade in listed if (at := getattr(grade, way)) is not None]
            if any(a <= b for a, b in itertools.pairwise(lowest)):
                raise ValueError(f"grades go down from the best to the last: one {way} is not below the one before")
        return grades

    @field_validator("never_use")
    @classmethod
    def _order_says_nothing(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(names)))

    @model_validator(mode="after")
    def _kept_or_never_used(self) -> Self:
        both = sorted(set(self.never_use) & set(self.keep))
        if both:
            raise ValueError(f"fields both kept and never used: {', '.join(both)}")
        return self

    @model_validator(mode="after")
    def _explores_grades_below_the_best(self) -> Self:
        known = list(self.grades)[1:]
        unknown = [grade for grade in (self.exploration.grades if self.exploration else ()) if grade not in known]
        if unknown:
            raise ValueError(f"exploration is of grades below the best ({', '.join(known)}), not {', '.join(unknown)}")
        return self

    @property
    def listed_reasons(self) -> Reasons:
        """The coded reasons that feedback may give; the usual ones where none are listed."""
        return self.reasons or DEFAULT_REASONS

    @property
    def calendar(self) -> WorkingHours:
        """The hours in which promises run."""
        return self.working_hours or WorkingHours()

    def canonical(self) -> dict[str, Any]:
        """The content as plain JSON values, the order of the grades made explicit and nothing left to defaults."""
        content = self.model_dump(mode="json", by_alias=True)
        content["grades"] = [[name, grade] for name, grade in content["grades"].items()]
        if self.segments is not None:  # the first that holds is the one: their order counts
            content["segments"]["marketing"] = [list(item) for item in content["segments"]["marketing"].items()]
        return {part: said for part, said in content.items() if said is not None or part not in _LATER}

    @classmethod
    def of_canonical(cls, content: Mapping[str, Any]) -> Self:
        """The definition that `canonical` described."""
        ordered: dict[str, Any] = {"grades": dict(content["grades"])}
        if "segments" in content:
            ordered["segments"] = {**content["segments"], "marketing": dict(content["segments"]["marketing"])}
        return cls.parse({**content, **ordered}, "definition")

    @cached_property
    def version(self) -> str:
        """SHA-256 of the canonical content, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short_version(self) -> str:
        """The first digits of the version, as replies and reports show it."""
        return self.version[:SHORT]


def _grade(given: object, *, last: bool) -> object:
    """A grade as its model has it: a bare number is a score, and the lowest score of the last grade is the rest."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = {"score": given}
    if last and isinstance(given, Mapping) and given.get("score") == LOWEST:
        return {key: value for key, value in given.items() if key != "score"}
    return given
