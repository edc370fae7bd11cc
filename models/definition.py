"""The definition: what accepted, closed and each grade mean. Its content hash is its version."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crm.errors import AccordError

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

SHORT = 12
"""Digits of a version that people see."""

LOWEST, HIGHEST = 1, 99
"""The range of a score."""

Days = Annotated[float, Field(gt=0, le=3650)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A part of the definition: frozen, and a key it does not know is an error, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Plural(Section):
    """What is counted: ``one: call about an offer``, ``other: calls about an offer``."""

    one: Text
    other: Text


class Words(Section):
    """What people call a field or a kind of activity. A kind of activity may give its plural."""

    en: Text | Plural | None = None
    fr: Text | Plural | None = None


class Definition(Section):
    """What both teams agree on. Two definitions that say the same have the same ``version``.

    ``accept_days`` and ``close_days`` are the horizons; ``grades`` maps each grade to the lowest score (1 to 99) it is
    given for, best first, the last of them 1; ``words`` maps fields and kinds of activity to their names for people;
    ``never_use`` lists fields that must not become features; ``keep`` lists fields that are used in spite of a blocking
    finding of the audit, each with the written reason.
    """

    name: Text = "lead"
    accept_days: Days = 30
    close_days: Days = 180
    grades: dict[Text, Annotated[int, Field(ge=LOWEST, le=HIGHEST)]] = {"A": 90, "B": 70, "C": 40, "D": LOWEST}
    words: dict[str, Words] = {}
    never_use: tuple[str, ...] = ()
    keep: dict[str, Text] = {}

    @classmethod
    def of(cls, data: Mapping[str, Any], where: str = "definition") -> Self:
        """The definition that ``data`` (of YAML or JSON) describes; `AccordError` says which key is wrong and why."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise _for_people(error, where) from error

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

    @cached_property
    def version(self) -> str:
        """SHA-256 of the canonical content, 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short_version(self) -> str:
        """The first digits of the version, as replies and reports show it."""
        return self.version[:SHORT]


def _for_people(error: ValidationError, where: str) -> AccordError:
    """The first mistake in the shape of our errors; the number of the others is said."""
    mistakes = error.errors(include_url=False)
    first = mistakes[0]
    path = ".".join([where, *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(Definition.model_fields))
        return AccordError("This key is not known.", where=path, expected=f"one of {known}", remedy=_others(mistakes))
    got = None if isinstance(first["input"], dict) else first["input"]
    message = first["msg"].removeprefix("Value error, ")
    return AccordError(f"{message[0].upper()}{message[1:]}.", where=path, got=got, remedy=_others(mistakes))


def _others(mistakes: list[Any]) -> str:
    more = len(mistakes) - 1
    return "Correct it in the definition." + (f" {more} more of its keys are wrong." if more else "")
