"""The words of the report ``segments``, in one language: rows, shares, names of segments, classes and groups."""

from __future__ import annotations

import pandas as pd

from models.definition import Language
from models.loop import Segments
from models.segments import title_of
from training.labels import HeadName
from training.pages.tables import Cell, Row
from training.review.handed import Handed
from training.review.segments.figures import Group, Seen
from training.review.segments.names import Names, gaps_of
from training.review.telling import share_cell
from training.speaker import DASH, Speaker


class Telling:
    """What was seen, and how it is said."""

    def __init__(self, handed: Handed, found: Seen, speaker: Speaker, language: Language) -> None:
        self.handed, self.found, self.language = handed, found, language
        self.speaker, self.say, self.count = speaker, speaker.say, speaker.count
        self.names = Names(handed.definition, speaker, gaps_of(handed.history))
        self.settings = handed.definition.segments or Segments()
        tracked = handed.history.tracks_acceptance
        self.heads = (HeadName.ACCEPT, HeadName.CLOSE) if tracked else (HeadName.CLOSE,)

    def _row(self, name: str, group: Group) -> Row:
        cells = [Cell(self.speaker.number(group.leads))]
        cells += [share_cell(group.shares[head], self.speaker) for head in self.heads]
        cells += [Cell(self._amount(group.amount))] if self.found.knows_amounts else []
        return Row(name, tuple(cells))

    def _heads(self) -> tuple[str, ...]:
        amounts = (self.say("amount won"),) if self.found.knows_amounts else ()
        return (self.say("leads"), *(self._head(head).lower() for head in self.heads), *amounts)

    def _head(self, head: HeadName) -> str:
        return self.say("Accepted") if head is HeadName.ACCEPT else self.say("Won")

    def _amount(self, value: float) -> str:
        return self.speaker.number(value) if value else DASH

    def _segment(self, name: str | None) -> str:
        if name is None or pd.isna(name):
            return self.say("in no segment")
        return title_of(self.handed.definition, name, self.language)

    def _class(self, pair: str) -> str:
        """``A/-``: an A account by revenue, potential not known."""
        return pair.replace("-", DASH).replace("/", " / ")
