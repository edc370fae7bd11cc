"""What people wrote for people, in one language or both."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, StringConstraints, model_validator

from crm.strict import Strict

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

Passage = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class Bilingual(Strict):
    """A text in English, French or both; where one is missing the other is used."""

    en: Passage | None = None
    fr: Passage | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.en is None and self.fr is None:
            raise ValueError("a text needs at least one of the languages en and fr")
        return self

    def told(self, language: Language) -> str:
        """The text in this language, else in the other."""
        own, other = (self.fr, self.en) if language == "fr" else (self.en, self.fr)
        return own or other or ""


def _in_both(given: object) -> object:
    return {"en": given, "fr": given} if isinstance(given, str) else given


Said = Annotated[Bilingual, BeforeValidator(_in_both)]
"""A text as the file has it: plain, the same in both languages, or under ``en`` and ``fr``."""
