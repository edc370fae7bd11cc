"""What changed between two definitions, in sentences for people: was, and is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal, format_percent

from models.definition import Definition, Grade, Language, Words
from models.rules import Voice
from models.said import Bilingual
from models.sayings import Sayings
from models.translations import translations
from models.vocabulary import M_, readable

Tell = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: ``part`` is its path in the definition (``grades.A.capacity_per_week``), ``text`` a sentence."""

    part: str
    text: str


def differences(before: Definition, after: Definition, language: Language) -> list[Difference]:
    """Every change from ``before`` to ``after``, in the order of the definition; none where versions are equal."""
    teller = _Teller(before, after, language)
    return list(teller.told())


_DAYS = {"accept_days": M_("A lead is accepted"), "close_days": M_("A lead is closed")}
_STORY = {"why": M_("Why we want leads"), "who": M_("Who does what"), "how": M_("How we get and work leads")}
_MEANINGS = {"accepted": M_("What counts as accepted"), "closed": M_("What counts as closed")}
_OTHERWISE = M_("%(what)s is worded otherwise in another language.")
_TEAMS = {"marketing": M_("Marketing's rule"), "sales": M_("Sales's rule")}


class _Teller:
    def __init__(self, before: Definition, after: Definition, language: Language) -> None:
        self._before, self._after = before, after
        self._language = language
        self._text = translations(language)
        self._rule_before, self._rule_after = Sayings(before, language), Sayings(after, language)

    def told(self) -> Iterator[Difference]:
        yield from self._changed("name", self._say("The name"), self._before.name, self._after.name)
        for part, what in _STORY.items():
            was, now = (getattr(d.story, part) if d.story else None for d in (self._before, self._after))
            yield from self._passage(f"story.{part}", self._say(what), was, now)
        for part, what in _MEANINGS.items():
            yield from self._passage(part, self._say(what), getattr(self._before, part), getattr(self._after, part))
        yield from self._days()
        yield from self._grades()
        hours = self._before.hours_per_lead, self._after.hours_per_lead
        yield from self._changed(
            "hours_per_lead", self._say("Working hours that sales spends on a lead"), *map(self._number, hours)
        )
        yield from self._voices()
        yield from self._words()
        yield from self._never_use()
        yield from self._keep()

    def _days(self) -> Iterator[Difference]:
        for part, what in _DAYS.items():
            was, now = getattr(self._before, part), getattr(self._after, part)
            if was != now:
                text = self._say(
                    "%(what)s when it happens within %(now)s days; before, within %(was)s days.",
                    what=self._say(what),
                    now=self._number(now),
                    was=self._number(was),
                )
                yield Difference(part, text)

    def _grades(self) -> Iterator[Difference]:
        before, after = self._before.grades, self._after.grades
        for name in (*before, *(new for new in after if new not in before)):
            if name not in after:
                yield Difference(f"grades.{name}", self._say("Grade %(grade)s is gone.", grade=name))
            elif name not in before:
                starts = self._starts(after[name])
                text = self._say("Grade %(grade)s is new: %(starts)s.", grade=name, starts=starts)
                yield Difference(f"grades.{name}", text)
            else:
                yield from self._grade(name, before[name], after[name])
        common = [[name for name in one if name in other] for one, other in ((before, after), (after, before))]
        if common[0] != common[1]:
            yield from self._changed("grades", self._say("The order of the grades"), *(", ".join(c) for c in common))

    def _grade(self, name: str, was: Grade, now: Grade) -> Iterator[Difference]:
        what = self._say("Grade %(grade)s", grade=name)
        yield from self._changed(f"grades.{name}", what, self._starts(was), self._starts(now))
        acts = self._say("Grade %(grade)s, who acts", grade=name)
        yield from self._passage(f"grades.{name}.who", acts, was.who, now.who)
        within = self._say("Grade %(grade)s, acts within", grade=name)
        yield from self._changed(f"grades.{name}.within_hours", within, self._hours(was), self._hours(now))

    def _starts(self, grade: Grade) -> str:
        if grade.capacity_per_week is not None:
            return self._say("%(n)s leads a week", n=self._number(grade.capacity_per_week))
        if grade.probability is not None:
            chance = format_percent(grade.probability, "#,##0.##%", locale=self._language)
            return self._say("from a chance of closing of %(chance)s on", chance=chance)
        if grade.score is not None:
            return self._say("from a score of %(score)s on", score=self._number(grade.score))
        return self._say("all other leads")

    def _hours(self, grade: Grade) -> str | None:
        if grade.within_hours is None:
            return None
        return self._say("%(n)s working hours", n=self._number(grade.within_hours))

    def _voices(self) -> Iterator[Difference]:
        was, now = ({} if d.voices is None else d.voices.named for d in (self._before, self._after))
        for team, what in _TEAMS.items():
            yield from self._voice(team, self._say(what), was.get(team), now.get(team))

    def _voice(self, team: str, what: str, was: Voice | None, now: Voice | None) -> Iterator[Difference]:
        part = f"voices.{team}"
        yield from self._passage(part, what, *(None if voice is None else voice.says for voice in (was, now)))
        if (was and was.rule) != (now and now.rule):
            said = (
                None if was is None else self._rule_before.rule(was.rule),
                None if now is None else self._rule_after.rule(now.rule),
            )
            told = list(self._changed(f"{part}.rule", what, *said))
            yield from told or [Difference(f"{part}.rule", self._say("%(what)s is written otherwise.", what=what))]

    def _words(self) -> Iterator[Difference]:
        before, after = self._before.words, self._after.words
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                what = self._say("What people call “%(name)s”", name=readable(name))
                nouns = (_noun(words.get(name)) for words in (before, after))
                told = list(self._changed(f"words.{name}", what, *nouns))
                yield from told or [Difference(f"words.{name}", self._say(_OTHERWISE, what=what))]

    def _never_use(self) -> Iterator[Difference]:
        was, now = set(self._before.never_use), set(self._after.never_use)
        for name in sorted(now - was):
            yield Difference("never_use", self._say("“%(name)s” is never used any more.", name=readable(name)))
        for name in sorted(was - now):
            yield Difference("never_use", self._say("“%(name)s” may be used again.", name=readable(name)))

    def _keep(self) -> Iterator[Difference]:
        before, after = self._before.keep, self._after.keep
        for name in sorted({*before, *after}):
            what = self._say("Why “%(name)s” is kept in spite of the audit", name=readable(name))
            yield from self._changed(f"keep.{name}", what, before.get(name), after.get(name))

    def _passage(self, part: str, what: str, was: Bilingual | None, now: Bilingual | None) -> Iterator[Difference]:
        told = list(self._changed(part, what, *(said and said.told(self._language) for said in (was, now))))
        if not told and was != now:
            told = [Difference(part, self._say(_OTHERWISE, what=what))]
        yield from told

    def _changed(self, part: str, what: str, was: Any, now: Any) -> Iterator[Difference]:
        if was == now:
            return
        if was is None:
            text = self._say("%(what)s is new: %(now)s.", what=what, now=_ended(now))
        elif now is None:
            text = self._say("%(what)s is gone; it was: %(was)s.", what=what, was=_ended(was))
        else:
            text = self._say("%(what)s: %(now)s; before: %(was)s.", what=what, now=_ended(now), was=_ended(was))
        yield Difference(part, text)

    def _say(self, message: str, **facts: str) -> str:
        told = self._text.gettext(message)
        return told % facts if facts else told

    def _number(self, value: float) -> str:
        return str(format_decimal(value, locale=self._language))


def _ended(text: str) -> str:
    """The text without its full stop, as the sentence around it has one."""
    return text.strip().removesuffix(".")


def _noun(words: Words | None) -> str | None:
    if words is None:
        return None
    content: Mapping[str, Any] = words.model_dump(exclude_none=True)
    each = [said if isinstance(said, str) else f"{said['one']} / {said['other']}" for said in content.values()]
    return ", ".join(dict.fromkeys(each))
