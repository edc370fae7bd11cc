"""The definition: what accepted, closed and each grade mean. Its content hash is its version."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from crm.strict import Strict

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

SHORT = 12
"""Digits of a version that people see."""

LOWEST, HIGHEST = 1, 99
"""The range of a score."""

Days = Annotated[float, Field(gt=0, le=3650)]
Score = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]
Text = Annotated[str, Field(min_length=1)]


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


class Definition(Strict):
    """What both teams agree on. Two definitions that say the same have the same ``version``.

    ``accept_days`` and ``close_days`` are the horizons; ``grades`` maps each grade to the lowest score (1 to 99) it is
    given for, best first, the last of them 1; ``words`` maps fields and kinds of activity to their names for people;
    ``never_use`` lists fields that must not become features; ``keep`` lists fields that are used in spite of a blocking
    finding of the audit, each with the written reason. `Definition.parse` reads it from a file's section.

    >>> Definition(name="lead", close_days=90).short_version == Definition(close_days=90.0).short_version
    True
    """

    name: Text = "lead"
    accept_days: Days = 30
    close_days: Days = 180
    grades: dict[Text, Score] = Field(default={"A": 90, "B": 70, "C": 40, "D": LOWEST})
    words: dict[str, Words] = Field(default={})
    never_use: tuple[str, ...] = ()
    keep: dict[str, Text] = Field(default={})

    @field_validator("grades")
    @classmethod
    def _grades_cover_every_score(cls, grades: dict[str, int]) -> dict[str, int]:
        lowest = list(grades.values())
        if not lowest or lowest[-1] != LOWEST or any(a <= b for a, b in itertools.pairwise(lowest)):
            raise ValueError(f"grades go down from the best to the last, which starts at {LOWEST}")
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

    def canonical(self) -> dict[str, Any]:
        """The content as plain JSON values, the order of the grades made explicit and nothing left to defaults."""
        content = self.model_dump(mode="json")
        content["grades"] = [list(item) for item in self.grades.items()]
        return content

    @classmethod
    def of_canonical(cls, content: Mapping[str, Any]) -> Self:
        """The definition that `canonical` described."""
        return cls.parse({**content, "grades": dict(content["grades"])}, "definition")

    @cached_property
    def version(self) -> str:
        """SHA-256 of the canonical content, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short_version(self) -> str:
        """The first digits of the version, as replies and reports show it."""
        return self.version[:SHORT]
