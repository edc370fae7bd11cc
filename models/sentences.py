"""Sentences in one language: numbers in words, days as people count them, lists, and where a sentence ends."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal

from features.instants import DAY
from models.definition import Language
from models.quoted import plain
from models.translations import translations
from models.vocabulary import M_, capitalised

_WORDS = (
    M_("one"),
    M_("two"),
    M_("three"),
    M_("four"),
    M_("five"),
    M_("six"),
    M_("seven"),
    M_("eight"),
    M_("nine"),
    M_("ten"),
)
_DAYS_BEFORE = (M_("today"), M_("yesterday"), M_("the day before yesterday"))
COUNTED_DAYS = 14
"""From so many days on a date says more than a count of days."""

_EXACT = 100_000
_BEYOND = 1e12
_WEEK = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDS = (".", "…", "!", "?")


class Sentences:
    """How one language says numbers, days and lists. Days are UTC days, and ``as_of`` is the instant of the score."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._text = translations(language)
        self._days_before = tuple(map(self._text.gettext, _DAYS_BEFORE))
        self._ago, self._on = self._text.gettext("%(n)s days ago"), self._text.gettext("on %(date)s")
        self._between = self._text.gettext("; ")
        self._number = lru_cache(maxsize=4096)(self._said)
        self._date = lru_cache(maxsize=4096)(self._dated)
        self._window = lru_cache(maxsize=64)(self._within)

    def number(self, value: float) -> str:
        """Up to ten in words, beyond in digits; fractions and what is large are rounded, and said to be.

        >>> Sentences("en").number(3), Sentences("en").number(12.6), Sentences("en").number(12_345_678)
        ('three', 'about 13', 'about 12,300,000')
        """
        return self._number(float(value))

    def when(self, instant: int, as_of: int) -> str:
        """``today``, ``yesterday``, ``four days ago``, ``on 24 June``, and with its year where that is another one.

        Whole days that have passed are counted, as in reasons; the first two are told by the calendar.
        """
        passed = (as_of - instant) // DAY
        if passed <= 1:
            return self._days_before[as_of // DAY - instant // DAY]
        if passed < COUNTED_DAYS:
            return self._ago % {"n": self.number(passed)}
        return self._on % {"date": self.date(instant, as_of)}

    def date(self, instant: int, as_of: int | None = None) -> str:
        """``24 June 2026``, or without the year where ``as_of`` is in the same one."""
        day = instant // DAY
        return self._date(day, as_of is None or _year(as_of // DAY) != _year(day))

    def window(self, days: float | None) -> str:
        """The time up to the instant of the score: ``in the past week``."""
        return self._window(days)

    def listed(self, parts: Iterable[str]) -> str:
        """``one; two; three``."""
        return self._between.join(parts)

    def sentence(self, text: str) -> str:
        """The text as a sentence, on one line: a capital at its beginning, a full stop at its end."""
        said = capitalised(plain(text))
        return said if said.endswith(_ENDS) else f"{said}."

    def _within(self, days: float | None) -> str:
        if days is None:
            return self._text.gettext("so far")
        if days <= 1:
            return self._text.gettext("in the past 24 hours")
        whole = math.ceil(days)
        if whole == _WEEK:
            return self._text.gettext("in the past week")
        return self._text.gettext("in the past %(days)s days") % {"days": self._counted(whole)}

    def _counted(self, whole: int) -> str:
        if 1 <= whole <= len(_WORDS):
            return self._text.gettext(_WORDS[whole - 1])
        return str(format_decimal(whole, format="#,##0", locale=self._language))

    def _said(self, value: float) -> str:
        if not math.isfinite(value) or abs(value) >= _BEYOND:
            very = M_("an extremely large number") if value > 0 else M_("an extremely low number")
            return self._text.gettext(very)
        nearest = round(value)
        if nearest == 0 and value != 0:
            return self._text.gettext("close to zero")
        if abs(nearest) >= _EXACT:
            nearest = int(float(f"{nearest:.3g}"))
        counted = self._counted(nearest)
        return counted if nearest == value else self._text.gettext("about %(n)s") % {"n": counted}

    def _dated(self, day: int, with_year: bool) -> str:
        date = (_EPOCH + timedelta(days=day)).date()
        number = "1'er'" if self._language == "fr" and date.day == 1 else "d"
        pattern = f"{number} MMMM y" if with_year else f"{number} MMMM"
        return str(format_date(date, format=pattern, locale=self._language))


@lru_cache(maxsize=4096)
def _year(day: int) -> int:
    return (_EPOCH + timedelta(days=day)).year
