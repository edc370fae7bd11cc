"""Says figures, dates and sentences in one language, for pages, terminals and sheets."""

from __future__ import annotations

import math
from datetime import datetime
from functools import cached_property
from gettext import GNUTranslations

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from models.definition import Language
from models.translations import translations

DASH = "\N{EN DASH}"


class Speaker:
    """The words of `training` in one language. A figure that is not a number is a dash."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, message: str, /, **facts: object) -> str:
        """A sentence, its facts put in as they are; facts are never read as templates."""
        told = self.translations.gettext(message)
        return told % facts if facts else told

    def count(self, one: str, other: str, n: int, /, **facts: object) -> str:
        """The sentence for ``n`` things, which it may name as ``%(n)s``."""
        return self.translations.ngettext(one, other, n) % {"n": self.number(n), **facts}

    def percent(self, share: float, digits: int = 0) -> str:
        """A share as percent."""
        if not math.isfinite(share):
            return DASH
        pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
        unit = "\N{NARROW NO-BREAK SPACE}%" if self.language == "fr" else "%"
        return str(format_percent(share, pattern + unit, locale=self.language))

    def number(self, value: float, digits: int = 0) -> str:
        """A number with as many digits after the point; never a minus before nought."""
        if not math.isfinite(value):
            return DASH
        pattern = "#,##0" + (f".{'0' * digits}" if digits else "")
        return str(format_decimal(round(value, digits) + 0.0, pattern, locale=self.language))

    def between(self, low: float, high: float, digits: int = 0) -> str:
        """A range of shares as percent; one figure where both ends read alike."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return DASH
        ends = self.percent(low, digits), self.percent(high, digits)
        sign = "\N{NARROW NO-BREAK SPACE}%" if self.language == "fr" else "%"
        return ends[1] if ends[0] == ends[1] else f"{ends[0].removesuffix(sign)}{DASH}{ends[1]}"

    def span(self, low: float, high: float, digits: int = 0) -> str:
        """A range of numbers; one figure where both ends read alike."""
        ends = self.number(low, digits), self.number(high, digits)
        return ends[1] if ends[0] == ends[1] else f"{ends[0]}{DASH}{ends[1]}"

    def date(self, at: datetime) -> str:
        """A day, written out."""
        told = str(format_date(at, format="long", locale=self.language))
        return f"1er{told[1:]}" if self.language == "fr" and told.startswith("1 ") else told

    @cached_property
    def translations(self) -> GNUTranslations:
        """The messages, ready for ``gettext`` and ``ngettext``."""
        return translations(self.language, "training")
