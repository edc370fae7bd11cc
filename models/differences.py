"""What changed between two definitions, in sentences for people: was, and is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from babel.numbers import format_percent

from models.changes import OTHERWISE, Changes, Difference
from models.definition import Definition, Grade, Language, Words
from models.later_changes import after_the_score
from models.vocabulary import M_, readable

__all__ = ["Difference", "differences"]


def differences(before: Definition, after: Definition, language: Language) -> list[Difference]:
    """Every change from ``before`` to ``after``, in the order of the definition; none where versions are equal."""
    teller = _Teller(before, after, language)
    return list(teller.told())


_DAYS = {"accept_days": M_("A lead is accepted"), "close_days": M_("A lead is closed")}
_STORY = {"why": M_("Why we want leads"), "who": M_("Who does what"), "how": M_("How we get and work leads")}
_MEANINGS = {"accepted": M_("What counts as accepted"), "closed": M_("What counts as closed")}
_TEAMS = {"marketing": M_("Marketing's rule"), "sales": M_("Sales's rule")}


class _Teller(Changes):
    def told(self) -> Iterator[Difference]:
        yield from self.changed("name", self.say("The name"), self.before.name, self.after.name)
        for part, what in _STORY.items():
            was, now = (getattr(d.story, part) if d.story else None for d in (self.before, self.after))
            yield from self.passage(f"story.{part}", self.say(what), was, now)
        for part, what in _MEANINGS.items():
            yield from self.passage(part, self.say(what), getattr(self.before, part), getattr(self.after, part))
        yield from self._days()
        yield from self._grades()
        hours = self.before.hours_per_lead, self.after.hours_per_lead
        yield from self.changed(
            "hours_per_lead", self.say("Working hours that sales spends on a lead"), *map(self.number, hours)
        )
        yield from self._voices()
        yield from self._words()
        yield from self._never_use()
        yield from self._keep()
        yield from after_the_score(self)

    def _days(self) -> Iterator[Difference]:
        for part, what in _DAYS.items():
            was, now = getattr(self.before, part), getattr(self.after, part)
            if was != now:
                text = self.say(
                    "%(what)s when it happens within %(now)s days; before, within %(was)s days.",
                    what=self.say(what),
                    now=self.number(now),
                    was=self.number(was),
                )
                yield Difference(part, text)

    def _grades(self) -> Iterator[Difference]:
        before, after = self.before.grades, self.after.grades
        for name in (*before, *(new for new in after if new not in before)):
            if name not in after:
                yield Difference(f"grades.{name}", self.say("Grade %(grade)s is gone.", grade=name))
            elif name not in before:
                starts = self._starts(after[name])
                text = self.say("Grade %(grade)s is new: %(starts)s.", grade=name, starts=starts)
                yield Difference(f"grades.{name}", text)
            else:
                yield from self._grade(name, before[name], after[name])
        common = [[name for name in one if name in other] for one, other in ((before, after), (after, before))]
        if common[0] != common[1]:
            yield from self.changed("grades", self.say("The order of the grades"), *(", ".join(c) for c in common))

    def _grade(self, name: str, was: Grade, now: Grade) -> Iterator[Difference]:
        what = self.say("Grade %(grade)s", grade=name)
        yield from self.changed(f"grades.{name}", what, self._starts(was), self._starts(now))
        acts = self.say("Grade %(grade)s, who acts", grade=name)
        yield from self.passage(f"grades.{name}.who", acts, was.who, now.who)
        within = self.say("Grade %(grade)s, acts within", grade=name)
        yield from self.changed(f"grades.{name}.within_hours", within, self._hours(was), self._hours(now))

    def _starts(self, grade: Grade) -> str:
        if grade.capacity_per_week is not None:
            return self.say("%(n)s leads a week", n=self.number(grade.capacity_per_week))
        if grade.probability is not None:
            chance = format_percent(grade.probability, "#,##0.##%", locale=self.language)
            return self.say("from a chance of closing of %(chance)s on", chance=chance)
        if grade.score is not None:
            return self.say("from a score of %(score)s on", score=self.number(grade.score))
        return self.say("all other leads")

    def _hours(self, grade: Grade) -> str | None:
        if grade.within_hours is None:
            return None
        return self.say("%(n)s working hours", n=self.number(grade.within_hours))

    def _voices(self) -> Iterator[Difference]:
        was, now = ({} if d.voices is None else d.voices.named for d in (self.before, self.after))
        for team, what in _TEAMS.items():
            yield from self.voice(f"voices.{team}", self.say(what), was.get(team), now.get(team))

    def _words(self) -> Iterator[Difference]:
        before, after = self.before.words, self.after.words
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                what = self.say("What people call “%(name)s”", name=readable(name))
                nouns = (_noun(words.get(name)) for words in (before, after))
                told = list(self.changed(f"words.{name}", what, *nouns))
                yield from told or [Difference(f"words.{name}", self.say(OTHERWISE, what=what))]

    def _never_use(self) -> Iterator[Difference]:
        was, now = set(self.before.never_use), set(self.after.never_use)
        for name in sorted(now - was):
            yield Difference("never_use", self.say("“%(name)s” is never used any more.", name=readable(name)))
        for name in sorted(was - now):
            yield Difference("never_use", self.say("“%(name)s” may be used again.", name=readable(name)))

    def _keep(self) -> Iterator[Difference]:
        before, after = self.before.keep, self.after.keep
        for name in sorted({*before, *after}):
            what = self.say("Why “%(name)s” is kept in spite of the audit", name=readable(name))
            yield from self.changed(f"keep.{name}", what, before.get(name), after.get(name))


def _noun(words: Words | None) -> str | None:
    if words is None:
        return None
    content: Mapping[str, Any] = words.model_dump(exclude_none=True)
    each = [said if isinstance(said, str) else f"{said['one']} / {said['other']}" for said in content.values()]
    return ", ".join(dict.fromkeys(each))
