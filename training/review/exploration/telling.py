"""The words of the report ``exploration``: what it opens and closes with, how it says shares and what is added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from models.loop import Exploration
from training.labels import HeadName
from training.review.exploration.uplift import Explored, Uplift, uplift
from training.review.exploration.worked import Worked, worked
from training.review.handed import Handed
from training.review.telling import values
from training.speaker import Speaker


class Telling:
    """What was found, and how it is said."""

    def __init__(self, handed: Handed, exploration: Exploration, found: Explored, speaker: Speaker) -> None:
        self.handed, self.exploration, self.found = handed, exploration, found
        self.speaker, self.say, self.count = speaker, speaker.say, speaker.count
        self.worked: Worked | None = worked(handed, found) if found.drawn.any() else None
        heads = (HeadName.ACCEPT, HeadName.CLOSE) if handed.history.tracks_acceptance else (HeadName.CLOSE,)
        able = self.worked is not None and not self.worked.little
        self.uplifts: Mapping[HeadName, Uplift | None] = {h: uplift(handed, found, h) if able else None for h in heads}
        self.grades = ", ".join(exploration.grades)

    def opening(self) -> Iterator[str]:
        """What is drawn, and how many were."""
        say, number = self.say, self.speaker.number
        yield say(
            "Leads of grade %(grades)s are not worked, but for %(share)s of them that are drawn by lot and worked like "
            "the others. The lot knows nothing of a lead: what the drawn ones come to is what all of their grade "
            "would have come to, and the difference to the leads chosen by the score is what the score adds.",
            grades=self.grades,
            share=self.speaker.percent(self.exploration.share),
        )
        if not self.found.drawn.any():
            yield say("No lead handed over since then has been drawn yet: there is nothing to learn from so far.")
            return
        yield say(
            "%(high)s leads of higher grades, %(drawn)s drawn by lot and %(left)s not drawn, handed over between "
            "%(since)s and %(until)s, as known on %(known)s.",
            high=number(int(self.found.high.sum())),
            drawn=number(int(self.found.drawn.sum())),
            left=number(int(self.found.left.sum())),
            since=self.speaker.date(self.found.leads["handed_off_at"].min()),
            until=self.speaker.date(self.found.leads["handed_off_at"].max()),
            known=self.speaker.date(self.handed.until),
        )

    def closing(self) -> Iterator[str]:
        """What the comparison rests on."""
        yield self.say(
            "The comparison is fair because of the lot. It says what working leads of higher grades brings more than "
            "working leads of grade %(grades)s; it does not say what would come of a lead that nobody works.",
            grades=self.grades,
        )

    def figures(self) -> dict[str, Any]:
        """The values for machines."""
        counts = {name: int(getattr(self.found, name).sum()) for name in ("high", "drawn", "left")}
        told = {str(head): None if one is None else asdict(one) for head, one in self.uplifts.items()}
        return {
            "share": self.exploration.share,
            "grades": list(self.exploration.grades),
            "leads": counts,
            "worked": None if self.worked is None else values(self.worked),
            "uplift": values(told),
        }

    def _head(self, head: HeadName) -> str:
        return self.say("Accepted") if head is HeadName.ACCEPT else self.say("Won")

    def _points(self, value: float) -> str:
        sign = "\N{MINUS SIGN}" if round(value * 100, 1) < 0 else "+"
        return f"{sign}{self.speaker.number(abs(value) * 100, 1)}"

    def _range(self, one: Uplift) -> str:
        return self.say("%(low)s to %(high)s", low=self._points(one.low), high=self._points(one.high))
