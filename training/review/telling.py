"""How the reviews of a history say figures: shares with ranges, reasons, groups, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from babel.dates import format_date
from babel.lists import format_list
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.ticker import FuncFormatter, MaxNLocator

from crm.history import Kind
from crm.strict import Strict
from models.definition import Language
from models.rules import ActivityTest, FieldTest, Test
from models.sayings import Sayings
from models.segments import title_of
from models.vocabulary import Vocabulary, readable
from training.drawing import INK
from training.pages.tables import Cell
from training.review.handed import Handed
from training.review.opening import graded_by
from training.review.shares import Share
from training.speaker import DASH, Speaker

UNBROKEN = "\N{NO-BREAK SPACE}"
DAY = pd.Timedelta(days=1)


class Telling:
    """The leads handed over, in one language."""

    def __init__(self, handed: Handed, language: Language) -> None:
        self.handed = handed
        self.language = language
        self.speaker = Speaker(language)
        self.say, self.count = self.speaker.say, self.speaker.count
        self.words = Vocabulary(handed.definition, language)
        self._sayings = Sayings(handed.definition, language)
        kinds = {Kind.TITLE, Kind.EMAIL}
        self._reduced = {field.name: field.kind in kinds for field in handed.history.fields}
        self._reasons = handed.definition.listed_reasons

    def reason(self, outcome: str, code: str) -> str:
        """A coded reason in the definition's words, else as it was written."""
        said = self._reasons.of(outcome).get(code)
        return said.told(self.language) if said is not None else readable(code)

    def fact(self, test: Test) -> str:
        """A condition on a lead in words."""
        if isinstance(test, ActivityTest) and test.below == 1:
            things = self.words.activities(test.activity, 2)
            return self.say("%(things)s: none before the hand-off", things=things)
        if isinstance(test, FieldTest) and self._reduced.get(test.field) and isinstance(test.equals, str):
            return self.say("%(name)s: %(fact)s", name=self.words.field(test.field), fact=self.words.level(test.equals))
        return self._sayings.rule(test)

    def group(self, name: str | None, by: str = "") -> str:
        """The name of a group as the CRM has it; of a grade, with that word."""
        if name is None:
            return self.say("not graded") if by == "grade" else self.say("not given")
        if by == "segment":
            return title_of(self.handed.definition, name, self.language)
        return self.grade(name) if by == "grade" else readable(name)

    def grade(self, grade: str) -> str:
        """A grade at the head of a row, which no line breaks."""
        return self.say("Grade %(grade)s", grade=grade).replace(" ", UNBROKEN)

    def listed(self, parts: Sequence[str]) -> str:
        """The parts as a list within a sentence."""
        return str(format_list(list(parts), locale=self.language))

    def share(self, share: Share) -> Cell:
        """A share with its range."""
        return share_cell(share, self.speaker)

    def ranged(self, share: Share) -> str:
        """The same within a sentence: ``28 % (25–31 %)``."""
        return share_said(share, self.speaker)

    def number(self, value: float, digits: int = 0) -> Cell:
        """A number."""
        return Cell(self.speaker.number(value, digits))

    def few(self, value: float) -> str:
        """Days or hours of a definition, with the digits that they were written with, two at most."""
        digits = next((digits for digits in (0, 1) if round(value, digits) == value), 2)
        return self.speaker.number(value, digits)

    def part_of(self, n: int, of: int) -> Cell:
        """A count, with its share under it."""
        return Cell(self.speaker.number(n), self.speaker.percent(n / of) if of else "")

    def percents(self, axes: Axes, which: str) -> None:
        """Shares along an axis."""
        getattr(axes, f"{which}axis").set_major_formatter(FuncFormatter(lambda share, _: self.speaker.percent(share)))

    def counts(self, axes: Axes, which: str) -> None:
        """Whole numbers along an axis."""
        axis = getattr(axes, f"{which}axis")
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.set_major_formatter(FuncFormatter(lambda n, _: self.speaker.number(n)))

    def days(self, axes: Axes, most: int = 9) -> None:
        """At most so many days along the horizontal axis, in this language."""
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=most))  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: self._month(at)))

    def _month(self, at: float) -> str:
        return str(format_date(num2date(at).date(), format="d MMM yy", locale=self.language))  # type: ignore[no-untyped-call]

    def opening(self) -> Iterator[str]:
        """Which leads the report is about, and how to read it."""
        handed, date = self.handed, self.speaker.date
        yield self.count(
            "%(n)s lead, handed over between %(since)s and %(until)s, as known on %(known)s.",
            "%(n)s leads, handed over between %(since)s and %(until)s, as known on %(known)s.",
            len(handed.leads),
            since=date(handed.leads["handed_off_at"].min()),
            until=date(handed.leads["handed_off_at"].max()),
            known=date(handed.until),
        )
        yield from graded_by(handed, self.speaker)
        days = self.few(handed.definition.accept_days), self.few(handed.definition.close_days)
        if handed.history.tracks_acceptance:
            yield self.say(
                "A lead counts as accepted when sales accepts it within %(accept)s days, and as won when it is won "
                "within %(close)s days. For leads too young to tell, older ones of their group stand; where there are "
                "none, a dash.",
                accept=days[0],
                close=days[1],
            )
        yield self.say(
            "The range beside a share says how far chance alone may have moved it; a row in colour differs from the "
            "others by more than that."
        )


def share_cell(share: Share, speaker: Speaker) -> Cell:
    """A share with its range."""
    return Cell(speaker.percent(share.value), speaker.between(share.low, share.high)) if share.known else Cell(DASH)


def share_said(share: Share, speaker: Speaker) -> str:
    """A share with its range within a sentence: ``28 % (25–31 %)``."""
    cell = share_cell(share, speaker)
    return f"{cell.figure} ({cell.range})" if cell.range not in {"", cell.figure} else cell.figure


def labelled(axes: Axes, names: Sequence[str]) -> np.ndarray:
    """Where horizontal bars of these names stand, the first on top."""
    place = np.arange(len(names))[::-1]
    axes.set_yticks(place, list(names))
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    return place


def names_of(column: pd.Series) -> list[str | None]:
    """The groups of a column, the largest first, what is missing last; none where nothing is known."""
    names: list[str | None] = [str(name) for name in column.value_counts().index]
    return [*names, None] if names and column.isna().any() else names


def rows_of(column: pd.Series, name: str | None) -> np.ndarray:
    """Which rows belong to a group."""
    mine: np.ndarray = (column.isna() if name is None else column == name).to_numpy(dtype=bool)
    return mine


def values(given: Any) -> Any:
    """Figures as values that JSON knows: what is not a number is null."""
    if isinstance(given, Strict):
        return given.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if is_dataclass(given) and not isinstance(given, type):
        return {field.name: values(getattr(given, field.name)) for field in fields(given)}
    if isinstance(given, dict):
        return {str(name): values(value) for name, value in given.items()}
    if isinstance(given, list | tuple):
        return [values(value) for value in given]
    if isinstance(given, float):
        return float(given) if np.isfinite(given) else None
    return given
