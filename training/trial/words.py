"""What a trial says, in sentences that claim no more than their ranges carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_compact_decimal

from models.definition import Language
from models.rules import AllOf, AnyOf, Not, Rule
from models.sayings import Sayings
from models.sheet import Range
from models.vocabulary import M_, Vocabulary, capitalised
from training.speaker import DASH, Speaker
from training.trial.figures import Name, Trial, Unit

NAMES: Mapping[Name, str] = {
    Name.EVERY: M_("Every lead handed over"),
    Name.MARKETING: M_("Marketing's rule"),
    Name.SALES: M_("Sales's rule"),
    Name.BOTH: M_("Both rules"),
    Name.EITHER: M_("Either rule"),
    Name.SCORE_FOR_MARKETING: M_("Score, as many as marketing's rule"),
    Name.SCORE_FOR_SALES: M_("Score, as many as sales's rule"),
    Name.ONLY_MARKETING: M_("Only marketing's rule"),
    Name.ONLY_SALES: M_("Only sales's rule"),
    Name.NEITHER: M_("Neither rule"),
}
"""Who chooses, at the head of a row."""

RULES: Mapping[Name, str] = {Name.MARKETING: M_("marketing's rule"), Name.SALES: M_("sales's rule")}
"""The same within a sentence."""

_UNITS: Mapping[Unit, str] = {
    Unit.QUARTER: M_("a quarter"),
    Unit.WEEK: M_("a week"),
    Unit.WHOLE: M_("in all"),
}

_WHOLE = 10.0  # from here on whole numbers say it
_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Stated:
    """A condition in words, and the conditions that it is about."""

    text: str
    parts: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """One team's rule as a page shows it."""

    team: str
    title: str
    says: str | None
    rule: Stated
    volume: str


class Telling:
    """A trial in one language."""

    def __init__(self, trial: Trial, language: Language) -> None:
        self.trial = trial
        self.language = language
        self.speaker = Speaker(language)
        self.unit = self.speaker.say(_UNITS[trial.unit])

    def name(self, name: Name) -> str:
        """Who chooses, at the head of a row."""
        return self.speaker.say(NAMES[name])

    def opening(self) -> Iterator[str]:
        """What was tried, on what, and what the ranges mean."""
        trial, say = self.trial, self.speaker.say
        days = {"accept": f"{trial.definition.accept_days:g}", "close": f"{trial.definition.close_days:g}"}
        facts = {"n": self.speaker.number(trial.arrivals)}
        if trial.since is None or trial.until is None:
            yield say(
                "%(n)s leads of a history without times, each judged by a score that had not learned from it. How many "
                "leads come in a week it cannot tell, nor how rules and score would do with the leads of tomorrow.",
                **facts,
            )
        else:
            since, until = (self.speaker.date(datetime.fromisoformat(at)) for at in (trial.since, trial.until))
            yield say(
                "%(n)s leads, handed over between %(since)s and %(until)s. Each is judged by what was known of it at "
                "that moment, and by a score that had learned from earlier leads only.",
                **facts,
                since=since,
                until=until,
            )
            if trial.tracks_acceptance:
                yield say(
                    "A lead counts as accepted when sales accepts it within %(accept)s days, and as won when it is won "
                    "within %(close)s days.",
                    **days,
                )
            else:
                yield say("A lead counts as won when it is won within %(close)s days.", close=days["close"])
        if not trial.tracks_acceptance:
            yield say("This history does not record which leads sales accepts: only wins are compared.")
        yield say(
            "The range beside a figure says how far chance alone may have moved it: in %(covered)s of 100 such trials "
            "it holds the true figure.",
            covered=self.speaker.number(100 * trial.covered),
        )

    def heard(self) -> Iterator[Heard]:
        """Both rules: in the team's words, in ours, and how many leads they take."""
        voices, sayings = self.trial.definition.voices, Sayings(self.trial.definition, self.language)
        for team, voice in voices.named.items() if voices is not None else ():
            says = voice.says.told(self.language) if voice.says is not None else None
            yield Heard(team, self.name(Name(team)), says, self._stated(voice.rule, sayings), self._volume(Name(team)))

    def _stated(self, rule: Rule, sayings: Sayings) -> Stated:
        """The rule as an outline: what is one condition is one line."""
        match rule:
            case AllOf() | AnyOf() if len(rule.parts) > 1:
                every = self.speaker.say("All of these hold:")
                text = every if isinstance(rule, AllOf) else self.speaker.say("At least one of these holds:")
                return Stated(text, tuple(self._stated(part, sayings) for part in rule.parts))
            case AllOf() | AnyOf():
                return self._stated(rule.parts[0], sayings)
            case Not() if isinstance(rule.part, AllOf | AnyOf | Not):
                return Stated(self.speaker.say("This does not hold:"), (self._stated(rule.part, sayings),))
            case _:
                return Stated(capitalised(sayings.rule(rule)))

    def _volume(self, team: Name) -> str:
        mine, every = self.trial.outcomes[team], self.trial.outcomes[Name.EVERY]
        if mine.empty:
            return self.speaker.say("No lead meets this rule.")
        if mine.full:
            return self.speaker.say("Every lead meets this rule: it does not choose.")
        share = self.speaker.percent(mine.share)
        if mine.per_week is None or every.per_week is None:
            n, of = self.speaker.number(mine.leads), self.speaker.number(every.leads)
            return self.speaker.say("Takes %(n)s of the %(of)s leads (%(share)s).", n=n, of=of, share=share)
        n, of = self.number(mine.per_week.value), self.number(every.per_week.value)
        return self.speaker.say("Takes %(n)s of the %(of)s leads a week (%(share)s).", n=n, of=of, share=share)

    def notes(self) -> Iterator[str]:
        """What a reader should know before trusting a figure."""
        trial, say = self.trial, self.speaker.say
        young = trial.arrivals - trial.outcomes[Name.EVERY].judged_close
        if young:
            yield self.speaker.count(
                "%(n)s lead is too young to tell whether it is won: others like it stand for it.",
                "%(n)s leads are too young to tell whether they are won: others like them stand for them.",
                young,
            )
        if trial.knows_amounts:
            n, of = self.speaker.number(trial.wins_with_amount), self.speaker.number(trial.wins)
            yield say("Revenue rests on the %(n)s of %(of)s wins whose amount is known.", n=n, of=of)
        else:
            yield say("This history records no amounts of wins: revenue cannot be compared.")
        words = Vocabulary(trial.definition, self.language)
        for one in trial.unseen:
            facts = {"rule": self.speaker.say(RULES[Name(one.team)]), "word": one.word}
            text = say(
                "No lead ever had “%(word)s” for “%(field)s”, which %(rule)s asks for.",
                **{**facts, "field": words.field(one.field)},
            )
            yield text + (" " + say("Did you mean “%(near)s”?", near=one.near) if one.near else "")

    def number(self, value: float) -> str:
        """A number with as many digits as it deserves."""
        return self.speaker.number(value, digits(value))

    def amount(self, value: float) -> str:
        """A sum of money, to three digits that count."""
        return self.speaker.number(float(f"{value:.3g}"))

    def compact(self, value: float) -> str:
        """The same for a narrow column: ``743K``."""
        exact = float(f"{value:.3g}")
        return str(format_compact_decimal(exact, locale=self.language, fraction_digits=0 if exact < _MILLION else 1))

    def share(self, share: Range | None) -> str:
        """A share as percent, a dash where it is not known."""
        return DASH if share is None else self.speaker.percent(share.value)


def digits(value: float) -> int:
    """Digits after the point: one for small numbers, none from ten on."""
    return 1 if 0 < abs(value) < _WHOLE else 0
