"""How a change is told: what it is about, what it was, and what it is now, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal

from models.definition import Definition, Language
from models.rules import Voice
from models.said import Bilingual
from models.sayings import Sayings
from models.translations import translations
from models.vocabulary import M_

OTHERWISE = M_("%(what)s is worded otherwise in another language.")


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: ``part`` is its path in the definition (``grades.A.capacity_per_week``), ``text`` a sentence."""

    part: str
    text: str


class Changes:
    """Tells changes between two definitions in one language."""

    def __init__(self, before: Definition, after: Definition, language: Language) -> None:
        self.before, self.after = before, after
        self.language = language
        self._text = translations(language)
        self._rule_before, self._rule_after = Sayings(before, language), Sayings(after, language)

    def changed(self, part: str, what: str, was: Any, now: Any) -> Iterator[Difference]:
        """One change, new or gone where the other is ``None``; nothing where both are the same."""
        if was == now:
            return
        if was is None:
            text = self.say("%(what)s is new: %(now)s.", what=what, now=_ended(now))
        elif now is None:
            text = self.say("%(what)s is gone; it was: %(was)s.", what=what, was=_ended(was))
        else:
            text = self.say("%(what)s: %(now)s; before: %(was)s.", what=what, now=_ended(now), was=_ended(was))
        yield Difference(part, text)

    def passage(self, part: str, what: str, was: Bilingual | None, now: Bilingual | None) -> Iterator[Difference]:
        """A change of a text, of its other language too."""
        told = list(self.changed(part, what, *(said and said.told(self.language) for said in (was, now))))
        if not told and was != now:
            told = [Difference(part, self.say(OTHERWISE, what=what))]
        yield from told

    def voice(self, part: str, what: str, was: Voice | None, now: Voice | None) -> Iterator[Difference]:
        """Changes of a rule and of the team's words for it."""
        yield from self.passage(part, what, *(None if voice is None else voice.says for voice in (was, now)))
        if (was and was.rule) != (now and now.rule):
            said = (
                None if was is None else self._rule_before.rule(was.rule),
                None if now is None else self._rule_after.rule(now.rule),
            )
            told = list(self.changed(f"{part}.rule", what, *said))
            yield from told or [self.otherwise(f"{part}.rule", what)]

    def otherwise(self, part: str, what: str) -> Difference:
        """A change that makes no difference in words."""
        return Difference(part, self.say("%(what)s is written otherwise.", what=what))

    def say(self, message: str, **facts: str) -> str:
        """A sentence; facts are never read as templates."""
        told = self._text.gettext(message)
        return told % facts if facts else told

    def number(self, value: float) -> str:
        """A number as people write it."""
        return str(format_decimal(value, locale=self.language))


def _ended(text: str) -> str:
    """The text without its full stop, as the sentence around it has one."""
    return text.strip().removesuffix(".")
