"""What a sheet says, in one language: both its forms take their words from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.definition import Grade, Language
from models.sayings import Sayings
from models.sheet import ROLES, Promise, Range, Sheet
from models.vocabulary import Vocabulary
from training.speaker import Speaker


class Signed(Protocol):
    """A signature under a sheet: ``role`` is the team, ``signed_at`` has a zone."""

    @property
    def role(self) -> str:
        """``marketing`` or ``sales``."""

    @property
    def name(self) -> str:
        """Who signed."""

    @property
    def signed_at(self) -> datetime:
        """When."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the sheet: a title, and lines under it, each with a heading of its own where it needs one."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Where a team signs; ``name`` and ``day`` are empty until it has."""

    team: str
    name: str
    day: str


@dataclass(frozen=True, slots=True)
class Row:
    """A grade: where it starts, its figures as the value and the range, and who acts by when."""

    grade: str
    starts: str
    cells: tuple[tuple[str, str], ...]
    acts: str


class Words:
    """Everything a sheet says. ``before`` and ``after`` are the parts ahead of the promises and after them."""

    def __init__(self, sheet: Sheet, language: Language) -> None:
        self._sheet, self._definition, self._language = sheet, sheet.definition, language
        self._speaker = Speaker(language)
        self._say = self._speaker.say

    @property
    def title(self) -> str:
        """Of the sheet."""
        return self._say("What we call a lead, and what we promise")

    @property
    def version(self) -> str:
        """Which definition and which sheet."""
        return self._say(
            "Definition “%(name)s” %(version)s, sheet %(hash)s",
            name=self._definition.name,
            version=self._definition.short_version,
            hash=self._sheet.short_hash,
        )

    @property
    def opening(self) -> str:
        """What the sheet is."""
        return self._say("Marketing and sales both sign this sheet. What it says was measured on our own leads.")

    @property
    def promises_title(self) -> str:
        """Above the promises."""
        return self._say("What each grade promises")

    @property
    def signatures_title(self) -> str:
        """Above the signatures."""
        return self._say("Signatures")

    @property
    def closes(self) -> str:
        """Heading of the shares closed."""
        days = self._speaker.number(self._definition.close_days)
        return self._say("Sales closes within %(days)s days", days=days)

    def about(self, value: str) -> str:
        """The middle of a range, under it."""
        return self._say("about %(value)s", value=value)

    @property
    def measured(self) -> str:
        """On what it was measured, and what a range means."""
        on = self._sheet.measured
        return self._say(
            "Measured on the export of %(exported)s: leads that came in between %(since)s and %(until)s, each scored "
            "without knowing what came of it, and how many came in the last %(weeks)s weeks. Over the %(ahead)s weeks "
            "after it, taken together, what really comes should lie within each range in %(coverage)s of cases.",
            exported=self._day(on.exported_at),
            since=self._day(on.since),
            until=self._day(on.until),
            weeks=self._speaker.number(on.weeks),
            ahead=self._speaker.number(on.ahead_weeks),
            coverage=self._speaker.percent(on.coverage),
        )

    @property
    def before(self) -> list[Part]:
        """The parts ahead of the promises: the story, what counts."""
        return [part for part in (self._story(), self._counts()) if part.lines]

    @property
    def after(self) -> list[Part]:
        """The parts after them: the two voices, the fields."""
        return [part for part in (self._voices(), self._fields()) if part.lines]

    def rows(self) -> Iterator[Row]:
        """The grades for the page's table."""
        for promise in self._sheet.promises:
            grade = self._definition.grades[promise.grade]
            week = promise.per_week
            cells = [(self._leads(week.value), self._span(week)), self._shares(promise.accept)]
            yield Row(
                promise.grade, self._starts(promise.grade), (*cells, self._shares(promise.close)), self._acts(grade)
            )

    def promises(self) -> Iterator[str]:
        """The promises as sentences, with the grade ahead."""
        for promise in self._sheet.promises:
            yield f"{promise.grade} ({self._starts(promise.grade)}){self._colon}{self.promise(promise)}"

    def promise(self, promise: Promise) -> str:
        """One promise."""
        week = promise.per_week
        leads = self._say("%(n)s leads a week (%(range)s)", n=self._leads(week.value), range=self._span(week))
        acts = self._acts(self._definition.grades[promise.grade])
        return self._semicolon.join(filter(None, (leads, self._judged(promise), acts))) + "."

    def signed(self, signatures: Sequence[Signed]) -> Iterator[Line]:
        """A line for each team: its last signature, or none yet."""
        teams = {"marketing": self._say("Marketing"), "sales": self._say("Sales")}
        for role in ROLES:
            mine = [signature for signature in signatures if signature.role == role]
            name, day = (mine[-1].name, self._speaker.date(mine[-1].signed_at)) if mine else ("", "")
            yield Line(teams[role], name, day)

    def _judged(self, promise: Promise) -> str:
        accept, close = promise.accept, promise.close
        days = self._speaker.number(self._definition.close_days)
        if close is None and accept is None:
            return self._say("no lead of this grade could be judged yet")
        if close is None:
            return self._say("sales accepts %(accept)s", accept=self._between(accept))
        if accept is None:
            return self._say("sales closes %(close)s within %(days)s days", close=self._between(close), days=days)
        return self._say(
            "sales accepts %(accept)s, closes %(close)s within %(days)s days",
            accept=self._between(accept),
            close=self._between(close),
            days=days,
        )

    def _acts(self, grade: Grade) -> str:
        who = None if grade.who is None else grade.who.told(self._language).rstrip(" .")
        hours = grade.within_hours
        if hours is None:
            return "" if who is None else self._say("taken up by %(who)s", who=who)
        within = (
            self._speaker.count("%(n)s working hour", "%(n)s working hours", int(hours))
            if hours == int(hours)
            else self._say("%(n)s working hours", n=self._speaker.number(hours, 1))
        )
        if who is None:
            return self._say("taken up within %(time)s", time=within)
        return self._say("taken up by %(who)s within %(time)s", who=who, time=within)

    def _starts(self, name: str) -> str:
        """From where on a grade is given."""
        grade = self._definition.grades[name]
        if grade.capacity_per_week is not None:
            n = self._speaker.number(grade.capacity_per_week)
            if name == next(iter(self._definition.grades)):
                return self._say("the best, as many as sales can work: %(n)s a week", n=n)
            return self._say("the next best, as many as sales can work: %(n)s a week", n=n)
        if grade.probability is not None:
            chance = self._speaker.percent(grade.probability, 1)
            return self._say("from a chance of closing of %(chance)s on", chance=chance)
        if grade.score is not None:
            return self._say("from a score of %(score)s on", score=self._speaker.number(grade.score))
        return self._say("all other leads")

    def _story(self) -> Part:
        story = self._definition.story
        asked = {
            "why": self._say("Why we want leads"),
            "who": self._say("Who does what"),
            "how": self._say("How we get and work them"),
        }
        told = () if story is None else tuple((asked[p], getattr(story, p).told(self._language)) for p in asked)
        return Part(self._say("Our story"), told)

    def _counts(self) -> Part:
        definition = self._definition
        meant = (
            (self._say("Accepted"), definition.accepted, definition.accept_days),
            (self._say("Closed"), definition.closed, definition.close_days),
        )
        lines = []
        for name, said, days in meant:
            within = self._say("within %(days)s days of the hand-off", days=self._speaker.number(days))
            lines.append((name, within if said is None else f"{_ended(said.told(self._language))} ({within})"))
        return Part(self._say("What counts"), tuple(lines))

    def _voices(self) -> Part:
        voices = self._definition.voices
        if voices is None:
            return Part("", ())
        sayings = Sayings(self._definition, self._language)
        teams = {"marketing": self._say("Marketing"), "sales": self._say("Sales")}
        lines = []
        for team, voice in voices.named.items():
            rule = sayings.rule(voice.rule)
            if voice.says is not None:
                written = self._say("Written as a rule")
                rule = f"{_ended(voice.says.told(self._language))}. {written}{self._colon}{rule}"
            lines.append((teams[team], rule))
        return Part(self._say("What each team would have called a good lead alone"), tuple(lines))

    def _fields(self) -> Part:
        vocabulary = Vocabulary(self._definition, self._language)
        lines = []
        if self._definition.never_use:
            names = ", ".join(vocabulary.field(field) for field in self._definition.never_use)
            lines.append((self._say("Never used"), names))
        for field, reason in self._definition.keep.items():
            kept = self._say("Kept though the audit warns of it: %(field)s", field=vocabulary.field(field))
            lines.append((kept, reason))
        return Part(self._say("What the score may look at"), tuple(lines))

    @property
    def _colon(self) -> str:
        return "\N{NO-BREAK SPACE}: " if self._language == "fr" else ": "

    @property
    def _semicolon(self) -> str:
        return "\N{NARROW NO-BREAK SPACE}; " if self._language == "fr" else "; "

    def _day(self, at: str) -> str:
        return self._speaker.date(datetime.fromisoformat(at))

    def _between(self, share: Range | None) -> str:
        return "" if share is None else self._speaker.between(share.low, share.high, _digits(share.high))

    def _shares(self, share: Range | None) -> tuple[str, str]:
        if share is None:
            return self._speaker.percent(float("nan")), ""
        return self._speaker.percent(share.value, _digits(share.high)), self._between(share)

    def _leads(self, value: float) -> str:
        return self._speaker.number(value, 0 if value >= 10 or value == int(value) else 1)  # noqa: PLR2004  two figures

    def _span(self, week: Range) -> str:
        digits = 0 if week.high >= 10 else 1  # noqa: PLR2004  the same
        return self._speaker.span(week.low, week.high, digits)


def _digits(high: float) -> int:
    """Digits of a share in percent: one more where all of it is small."""
    return 0 if high >= 0.05 else 1  # noqa: PLR2004  whole percents tell small shares apart no more


def _ended(passage: str) -> str:
    return passage.strip().removesuffix(".")
