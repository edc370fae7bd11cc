"""What is to be done next with a lead, by whom and by when, in words: the same for both teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from models.definition import Definition, Grade, Language
from models.translations import translations
from models.vocabulary import M_, capitalised

_ENDED = {
    "rejected": M_("Nothing to do: rejected on %(day)s"),
    "won": M_("Nothing to do: won on %(day)s"),
    "lost": M_("Nothing to do: lost on %(day)s"),
    "no_decision": M_("Nothing to do: ended without a decision on %(day)s"),
}
FINAL = tuple(_ENDED)
"""Outcomes after which nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a lead stands: its grade, when it should be taken up, when it was, and what was reported of it.

    ``accepted``: the score knew that sales had accepted it, whether or not that was reported.
    """

    grade: str | None
    due_at: datetime | None
    contacted_at: datetime | None
    outcome: str | None
    outcome_at: datetime | None
    accepted: bool = False

    def overdue(self, now: datetime) -> bool:
        """Whether the time to take it up has passed, and nobody has taken it up or said what became of it."""
        taken_up = self.accepted or self.contacted_at is not None or self.outcome is not None
        return not taken_up and self.due_at is not None and self.due_at < now


class NextSteps:
    """Says next steps by one definition, in one language. Times are those of the definition's working hours."""

    def __init__(self, definition: Definition, language: Language) -> None:
        self._definition = definition
        self._language = language
        self._text = translations(language)
        self._zone = ZoneInfo(definition.calendar.zone)

    def tell(self, stage: Stage, now: datetime) -> str:
        """The next step as a sentence."""
        return capitalised(self._told(stage, now)) + "."

    def _told(self, stage: Stage, now: datetime) -> str:
        if stage.outcome in _ENDED:
            return self._say(_ENDED[stage.outcome], day=self._day(stage.outcome_at))
        if stage.outcome is not None or stage.accepted:
            return self._accepted(stage.outcome_at)
        if stage.contacted_at is not None:
            day = self._day(stage.contacted_at)
            return self._say("Contacted on %(day)s: report whether sales accepts it", day=day)
        who = self._who(stage.grade)
        if stage.due_at is None:
            return self._say("%(who)s: take it up; no time is promised", who=who)
        if stage.overdue(now):
            return self._say(
                "Overdue since %(when)s: to be taken up by %(who)s", who=who, when=self._when(stage.due_at)
            )
        return self._say("%(who)s: take it up by %(when)s", who=who, when=self._when(stage.due_at))

    def _accepted(self, at: datetime | None) -> str:
        if at is None:
            return self._say("Accepted by sales: report how it ends (won, lost or no decision)")
        return self._say("Accepted on %(day)s: report how it ends (won, lost or no decision)", day=self._day(at))

    def _who(self, grade: str | None) -> str:
        who = self._definition.grades.get(grade or "", Grade()).who
        return self._text.gettext("sales") if who is None else who.told(self._language).rstrip(" .")

    def _when(self, instant: datetime) -> str:
        clock = format_time(instant, "short", tzinfo=self._zone, locale=self._time_locale)
        return self._say("%(day)s, %(clock)s", day=self._day(instant), clock=clock)

    def _day(self, instant: datetime | None) -> str:
        if instant is None:
            return self._text.gettext("a day not known")
        day = instant.astimezone(self._zone).date()
        number = "1'er'" if self._language == "fr" and day.day == 1 else "d"
        return str(format_date(day, format=f"{number} MMMM y", locale=self._language))

    @property
    def _time_locale(self) -> str:
        return "fr" if self._language == "fr" else "en_GB"  # 14:30 in both: nobody asks which half of the day

    def _say(self, message: str, **facts: str) -> str:
        return self._text.gettext(message) % facts
