"""Both teams' views side by side, and how far they agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.vocabulary import Vocabulary
from training.labels import HeadName
from training.pages.document import Part
from training.pages.tables import Cell, Row, Table
from training.review.segments.figures import Group
from training.review.segments.telling import Telling
from training.review.telling import share_said

_LITTLE, _SOME, _MUCH = 0.1, 0.3, 0.5
"""From here on two views have a little in common, agree in good part, largely say the same."""


class Views(Telling):
    """Marketing's segments, sales's classes, and their agreement."""

    def parts(self) -> Iterator[Part]:
        """The parts, in the order in which they are read."""
        yield self._marketing()
        yield self._sales()
        yield self._concord()

    def _marketing(self) -> Part:
        title = self.say("Marketing's segments, from above")
        if not self.settings.marketing:
            return Part(title, (self.say("The definition names no segments of marketing (segments.marketing)."),))
        rows = [self._row(self._segment(group.name), group) for group in self.found.segments]
        sentences = list(self._extremes(self.found.segments))
        notes = (self.say("A lead is in the first segment whose rule holds at its hand-off."), *self._ranges())
        return Part(title, tuple(sentences), tables=(Table(self._heads(), tuple(rows)),), notes=notes)

    def _extremes(self, groups: Sequence[Group]) -> Iterator[str]:
        """Which segment is won most and least, where the ranges part."""
        known = [group for group in groups if group.shares[HeadName.CLOSE].known]
        if len(known) < 2:  # noqa: PLR2004
            return
        best = max(known, key=lambda g: g.shares[HeadName.CLOSE].value)
        least = min(known, key=lambda g: g.shares[HeadName.CLOSE].value)
        if best.shares[HeadName.CLOSE].low > least.shares[HeadName.CLOSE].high:
            yield self.say(
                "Won most: “%(best)s”, %(most)s. Won least: “%(least)s”, %(few)s.",
                best=self._segment(best.name),
                most=share_said(best.shares[HeadName.CLOSE], self.speaker),
                least=self._segment(least.name),
                few=share_said(least.shares[HeadName.CLOSE], self.speaker),
            )
        else:
            yield self.say("No segment is shown to be won more than another: the ranges overlap.")

    def _sales(self) -> Part:
        title, found = self.say("Sales's accounts, from below"), self.found
        if found.cross is None:
            text = self.say("This history has no accounts, so there is no ABC of accounts.")
            return Part(title, (text,))
        sentences = []
        shares = [self.speaker.percent(share) for share in self.settings.abc]
        sentences.append(
            self.say(
                "Class A: the largest accounts, which make up %(a)s of all together; A and B: %(b)s. The first letter "
                "is the revenue so far, the second the potential.",
                a=shares[0],
                b=shares[1],
            )
        )
        if not found.cross.known_revenue:
            sentences.append(
                self.say(
                    "No amount of a win is known before %(since)s: there is no revenue to sort accounts by.",
                    since=self.speaker.date(self.handed.since),
                )
            )
        sentences += self._potential()
        rows = [self._row(self._class(str(group.name)), group) for group in found.classes if group.leads]
        notes = (
            self.say(
                "Revenue is what was won before %(since)s, so that no lead of this table counts in its own class. "
                "Leads without an account are left out.",
                since=self.speaker.date(self.handed.since),
            ),
        )
        return Part(title, tuple(sentences), tables=(Table(self._heads(), tuple(rows)),), notes=notes)

    def _potential(self) -> Iterator[str]:
        cross = self.found.cross
        if self.settings.potential is None:
            yield self.say("The definition does not say what tells an account's potential (segments.potential).")
        elif cross is not None and not cross.known_potential:
            yield self.say(
                "“%(field)s”, which should tell the potential, is not known of any account.",
                field=self.settings.potential,
            )
        elif cross is not None:
            missing = (cross.accounts["potential_class"] == "-").mean()
            name = Vocabulary(self.handed.definition, self.language).name(self.settings.potential)
            yield self.say(
                "The potential is “%(field)s”; it is not known of %(missing)s of the accounts.",
                field=name,
                missing=self.speaker.percent(float(missing)),
            )

    def _concord(self) -> Part:
        title = self.say("How far the two views agree")
        told = self.found.concord
        if not told:
            text = self.say("There are no segments and classes of the same accounts that could be compared.")
            return Part(title, (text,))
        sentences, tables = [], []
        for which, found in told.items():
            facts = {"v": self.speaker.number(found.v, 2), "range": self.speaker.span(found.low, found.high, 2)}
            if which == "potential":
                sentences.append(self.say("Segments and potential: %(v)s of 1 (%(range)s).", **facts))
            else:
                sentences.append(self.say("Segments and revenue so far: %(v)s of 1 (%(range)s).", **facts))
            sentences.append(self._meaning(found.v))
            classes = [klass for klass in ("A", "B", "C", "-") if klass in found.table.columns]
            order = [name for name in (*self.settings.marketing, "") if name in found.table.index]
            rows = []
            for name in order:
                cells = [
                    Cell(
                        self.speaker.number(int(found.table.loc[name, klass])),
                        self.speaker.percent(found.share_of(name, klass)) if found.table[klass].sum() else "",
                    )
                    for klass in classes
                ]
                rows.append(Row(self._segment(name or None), tuple(cells)))
            heads = [self._letter(which, klass) for klass in classes]
            tables.append(Table(tuple(heads), tuple(rows)))
            if "A" in found.table.columns:
                top = str(found.table["A"].idxmax())
                sentences.append(
                    self.say(
                        "Where most A accounts are: %(segment)s, %(n)s of %(of)s (%(share)s).",
                        segment=self._segment(top or None),
                        n=self.speaker.number(int(found.table.loc[top, "A"])),
                        of=self.speaker.number(int(found.table["A"].sum())),
                        share=self.speaker.percent(found.share_of(top, "A")),
                    )
                )
        notes = (
            self.say(
                "0: knowing the segment of an account says nothing of its class; 1: it says it all (Cramér's V). Under "
                "each number of accounts: its share of all accounts of the class."
            ),
        )
        return Part(title, tuple(sentences), tables=tuple(tables), notes=notes)

    def _meaning(self, v: float) -> str:
        if v < _LITTLE:
            return self.say("The two views have next to nothing in common: neither can stand for the other.")
        if v < _SOME:
            return self.say("The two views have a little in common; most of what one sees the other does not.")
        if v < _MUCH:
            return self.say("The two views agree in good part.")
        return self.say("The two views largely say the same.")

    def _letter(self, which: str, klass: str) -> str:
        """The head of a column of accounts."""
        if which == "potential":
            return self.say("potential not known") if klass == "-" else self.say("potential %(letter)s", letter=klass)
        return self.say("no revenue so far") if klass == "-" else self.say("revenue %(letter)s", letter=klass)

    def _ranges(self) -> Iterator[str]:
        yield self.say(
            "The range under a share says how far chance alone may have moved it; leads of one account count as one."
        )
        left = int(self.handed.left.sum())
        if left:
            yield self.count(
                "%(n)s lead of a low grade was not drawn to be worked: it counts here for what became of it.",
                "%(n)s leads of low grades were not drawn to be worked: they count here for what became of them.",
                left,
            )
