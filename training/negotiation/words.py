"""What a negotiation says, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.definition import Language
from models.sheet import Range
from training.negotiation.offers import Moved, Negotiation, Offer
from training.speaker import Speaker

LEAST = 0.0005
"""A chance of closing below which none is told."""

Cell = tuple[str, str]
"""A figure and, where it has one, its range."""


class Words:
    """Titles, headings, rows and sentences."""

    def __init__(self, negotiation: Negotiation, language: Language) -> None:
        self._negotiation, self._definition = negotiation, negotiation.definition
        self._speaker = Speaker(language)
        self._say = self._speaker.say

    @property
    def title(self) -> str:
        """Of the whole."""
        return self._say("How many leads sales works, and what they are worth")

    @property
    def opening(self) -> str:
        """What the table is."""
        hours = self._definition.hours_per_lead
        return self._say(
            "Each row takes the best leads, down to some chance of closing. The more leads sales takes, the more it "
            "wins, but the smaller the share that is won. Working hours a lead takes: %(hours)s.",
            hours=self._speaker.number(hours, 0 if hours == int(hours) else 1),
        )

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the columns."""
        return (
            self._say("Leads a week"),
            self._say("Chance of closing from"),
            self._say("Accepted"),
            self._say("Closed"),
            self._say("Accepted a week"),
            self._say("Won a week"),
            self._say("Hours a week"),
            self._say("Wins missed a quarter"),
        )

    @property
    def grades_title(self) -> str:
        """Above the grades."""
        return self._say("What the grades of the definition come to")

    @property
    def grade_headings(self) -> tuple[str, ...]:
        """Of the columns of the grades."""
        return (self._say("Grade"), *self.headings[:-1])

    @property
    def caption(self) -> str:
        """Of the plot."""
        return self._say("Wins found and working hours needed, by leads a week")

    @property
    def note(self) -> str:
        """How to read ranges."""
        on = self._negotiation.sheet.measured
        return self._say(
            "Ranges are for the %(weeks)s weeks after the export, taken together; what comes should lie within them in "
            "%(coverage)s of cases.",
            weeks=self._speaker.number(on.ahead_weeks),
            coverage=self._speaker.percent(on.coverage),
        )

    def rows(self) -> Iterator[tuple[bool, tuple[Cell, ...]]]:
        """Whether the row is what the hours suffice for, and its cells."""
        for offer in self._negotiation.offers:
            yield offer.fits, (*self._cells(offer), self._missed(offer))

    def grade_rows(self) -> Iterator[tuple[Cell, ...]]:
        """The cells of each grade, its name first."""
        for offer in self._negotiation.grades:
            yield (offer.promise.grade, ""), *self._cells(offer)

    def answer(self) -> str | None:
        """What sales can work with the hours at hand."""
        hours, fitting = self._negotiation.hours, self._negotiation.fitting
        if hours is None:
            return None
        told = self._speaker.number(hours)
        if fitting is None:
            return self._say("%(hours)s hours a week are not enough for any row.", hours=told)
        facts = {"hours": told, "leads": self._one(fitting.promise.per_week.value)}
        if fitting.wins is None or fitting.missed is None:
            return self._say("With %(hours)s hours a week sales can work the best %(leads)s leads a week.", **facts)
        return self._say(
            "With %(hours)s hours a week sales can work the best %(leads)s leads a week: about %(wins)s wins a week; "
            "%(missed)s wins a quarter are left among the others.",
            **facts,
            wins=self._one(fitting.wins.value),
            missed=self._one(fitting.missed),
        )

    def _cells(self, offer: Offer) -> tuple[Cell, ...]:
        promise = offer.promise
        chance = self._speaker.percent(offer.probability, 1) if offer.probability >= LEAST else self._say("any")
        shares = (self._share(promise.accept), self._share(promise.close))
        amounts = (self._amount(offer.accepts), self._amount(offer.wins), self._amount(offer.hours))
        return self._amount(promise.per_week), (chance, ""), *shares, *amounts

    def _share(self, share: Range | None) -> Cell:
        if share is None:
            return self._speaker.percent(float("nan")), ""
        return self._speaker.percent(share.value), self._speaker.between(share.low, share.high)

    def _amount(self, found: Range | None) -> Cell:
        if found is None:
            return self._speaker.number(float("nan")), ""
        return self._one(found.value), self._speaker.span(found.low, found.high, _digits(found.high))

    def _missed(self, offer: Offer) -> Cell:
        if offer.missed is None:
            return self._speaker.number(float("nan")), ""
        share = ""
        if offer.missed_share is not None:
            share = self._say("%(share)s of all", share=self._speaker.percent(offer.missed_share))
        return self._one(offer.missed), share

    def _one(self, value: float) -> str:
        return self._speaker.number(value, _digits(value))


def say_moved(found: Sequence[Moved], language: Language) -> list[str]:
    """A sentence for each grade that no longer takes what sales can work."""
    speaker = Speaker(language)
    return [
        speaker.say(
            "%(grade)s would now take %(now)s leads a week; sales can work %(capacity)s.",
            grade=one.grade,
            now=speaker.number(one.per_week, _digits(one.per_week)),
            capacity=speaker.number(one.capacity, 0 if one.capacity == int(one.capacity) else 1),
        )
        for one in found
    ]


def _digits(value: float) -> int:
    """Two figures are enough for whoever negotiates."""
    return 0 if value >= 10 else 1  # noqa: PLR2004
