"""The list that both teams work from: open leads by segment, class and group, and by name, with a proposal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from models.vocabulary import M_, capitalised, readable
from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.segments.figures import BOTH, MARKETING, NEITHER, SALES
from training.review.segments.telling import Telling
from training.speaker import DASH

NAMED = 25
"""Open leads that the list tells by name."""

MOST = 12
"""Groups of open leads that are told."""

_VIEWS = {
    BOTH: M_("both teams see it"),
    SALES: M_("only sales sees it"),
    MARKETING: M_("only marketing sees it"),
    NEITHER: M_("neither team sees it"),
}
_READY = {
    BOTH: M_("sales calls first"),
    SALES: M_("sales calls, marketing says which segment it is"),
    MARKETING: M_("sales calls, and looks up what the account could buy"),
    NEITHER: M_("sales calls, and both look at what the score saw"),
}
"""What is proposed for a lead above the lowest grade, by who sees it."""

_SHORT = {
    BOTH: M_("call first"),
    SALES: M_("call, name the segment"),
    MARKETING: M_("call, look up the potential"),
    NEITHER: M_("call, look why"),
}
"""The same in a row of a table."""

_NOT_READY = {
    BOTH: M_("warm up, by e-mail"),
    SALES: M_("warm up, by e-mail"),
    MARKETING: M_("e-mails"),
    NEITHER: M_("e-mails"),
}
_PLACED = {MARKETING: M_("in one of marketing's segments"), NEITHER: M_("in no segment of marketing")}
"""What is told of who sees a lead where there are no classes of accounts."""

_CALLS, _CALL = M_("sales calls"), M_("call")
_DRAWN = M_("drawn by lot: call")


class Worklist(Telling):
    """The open leads, and who should do what."""

    def part(self) -> Part:
        """The list, or that nothing is open."""
        title, rows = self.say("The list that both teams work from"), self.found.open_leads
        if rows.empty:
            return Part(title, (self.say("No lead is open."),))
        sentences = []
        for view, name in (_VIEWS if self.classed else _PLACED).items():
            mine = rows[(rows["seen"] == view).to_numpy()]
            if mine.empty:
                continue
            sentences.append(
                self.say(
                    "%(view)s: %(leads)s. Proposal for the %(ready)s that are above the lowest grade: %(what)s.",
                    view=capitalised(self.say(name)),
                    leads=self.count("%(n)s open lead", "%(n)s open leads", len(mine)),
                    ready=self.speaker.number(int(mine["ready"].sum())),
                    what=self.say(_READY[view] if self.classed else _CALLS),
                )
            )
        ranked = self.say(
            "Leads above the lowest grade first, then by the wins to be expected; by name, ranked by the chance of "
            "closing today. The groups have the numbers of the table above."
        )
        notes = [ranked]
        if self.classed:
            seen = self.say(
                "Marketing sees a lead that is in one of its segments; sales sees one whose account is in class A or B "
                "by revenue or potential (–: no revenue so far, potential not known)."
            )
            notes = [seen, *notes]
        if len(rows) > NAMED:
            shown = {"n": self.speaker.number(NAMED), "of": self.speaker.number(len(rows))}
            notes.append(self.say("The first %(n)s of %(of)s open leads; all are in the figures (JSON).", **shown))
        return Part(title, tuple(sentences), tables=(self._groups(), self._named()), notes=tuple(notes))

    @property
    def classed(self) -> bool:
        """Whether there are classes of accounts at all."""
        cross = self.found.cross
        return cross is not None and (cross.known_revenue or cross.known_potential)

    def _groups(self) -> Table:
        """Open leads by segment, class and portrait: above the lowest grade first, then by the wins to be expected."""
        rows = self.found.open_leads
        keyed = rows.assign(segment=rows["segment"].fillna(""), wins=rows["p_close"].astype("float64"))
        by = ["segment", "revenue_class", "potential_class", "portrait", "seen", "ready"]
        groups = keyed.groupby(by, sort=True).agg(leads=("lead_id", "size"), wins=("wins", "sum")).reset_index()
        groups = groups.sort_values(["ready", "wins", *by[:-1]], ascending=[False, False, *([True] * (len(by) - 1))])
        made = []
        for row in groups.head(MOST).to_dict(orient="records"):
            cells = (
                *self._classes(row),
                Cell(self._group(int(row["portrait"]))),
                Cell(self.speaker.number(int(row["leads"]))),
                Cell(self.speaker.number(float(row["wins"]), 1)),
                Cell(self._proposal(str(row["seen"]), ready=bool(row["ready"]))),
            )
            made.append(Row(self._segment(row["segment"] or None), cells, own=row["seen"] == BOTH and row["ready"]))
        heads = (
            *((self.say("revenue / potential"),) if self.classed else ()),
            self.say("group"),
            self.say("open leads"),
            self.say("wins to be expected"),
            self.say("proposal"),
        )
        return Table(heads, tuple(made))

    def _named(self) -> Table:
        made = []
        for row in self.found.open_leads.head(NAMED).to_dict(orient="records"):
            pair = self._class(f"{row['revenue_class']}/{row['potential_class']}") if self.classed else ""
            grade = DASH if pd.isna(row["grade"]) else str(row["grade"])
            cells = (
                Cell(self._segment(row["segment"]), pair),
                Cell(self._group(int(row["portrait"]))),
                Cell(grade, self.speaker.percent(float(row["p_close"]))),
                Cell(DASH if pd.isna(row["owner"]) else readable(str(row["owner"]))),
                Cell(self._proposal(row["seen"], ready=bool(row["ready"]), drawn=bool(row["drawn"]))),
            )
            account = "" if pd.isna(row["account_id"]) else f" ({row['account_id']})"
            made.append(Row(f"{row['lead_id']}{account}", cells, own=row["seen"] == BOTH and row["ready"]))
        heads = (
            self.say("segment, revenue / potential") if self.classed else self.say("segment"),
            self.say("group"),
            self.say("grade, chance of closing"),
            self.say("salesperson"),
            self.say("proposal"),
        )
        return Table(heads, tuple(made))

    def _classes(self, row: Mapping[Hashable, Any]) -> tuple[Cell, ...]:
        pair = f"{row['revenue_class']}/{row['potential_class']}"
        return (Cell(self._class(pair)),) if self.classed else ()

    def _proposal(self, view: str, *, ready: bool, drawn: bool = False) -> str:
        if ready:
            return self.say(_SHORT[view] if self.classed else _CALL)
        return self.say(_DRAWN) if drawn else self.say(_NOT_READY[view])

    def _group(self, number: int) -> str:
        return DASH if number < 0 else self.speaker.number(number + 1)
