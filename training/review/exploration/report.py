"""The report ``exploration``: its parts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd
from matplotlib.ticker import FuncFormatter

from models.definition import Language
from training.drawing import INK, OTHERS, OWN, figure_of, svg_of
from training.labels import HeadName
from training.pages.document import Document, Part, Plot
from training.pages.tables import Cell, Row, Table
from training.review.exploration.telling import Telling
from training.review.exploration.uplift import FEWEST, Explored, Uplift, explored, judged_of
from training.review.exploration.worked import Worked, taken_up
from training.review.handed import Handed
from training.review.shares import Answers, plain
from training.review.telling import share_cell, share_said
from training.speaker import Speaker

NAME = "exploration"
WEEK = pd.Timedelta(days=7)
MOST = 0.5
"""The largest share that may be drawn."""


def document(handed: Handed, *, seed: int, language: Language) -> Document | None:  # noqa: ARG001 - nothing is drawn
    """The report in one language; ``None`` where the definition explores nothing."""
    exploration = handed.definition.exploration
    if exploration is None:
        return None
    found = explored(handed)
    telling = _Parts(handed, exploration, found, Speaker(language))
    return Document(
        NAME,
        telling.say("What the score adds"),
        tuple(telling.opening()),
        tuple(telling.parts()),
        tuple(telling.closing()),
        telling.figures(),
    )


class _Parts(Telling):
    def parts(self) -> Iterator[Part]:
        """The parts, in the order in which they are read."""
        if self.worked is None:
            return
        yield self._worked(self.worked)
        if self.worked.little:
            return
        yield self._uplift()
        yield self._grades()

    def _worked(self, told: Worked) -> Part:
        say = self.say
        sentences = []
        if not told.lot.known:
            sentences.append(say("The drawn leads are all too young to say whether they are worked."))
        elif told.little:
            sentences.append(
                say(
                    "Only %(share)s of the drawn leads were worked. Their failure says nothing of them, so nothing can "
                    "be learned about what the score adds, nor does training learn what low grades are worth. Agree "
                    "anew that drawn leads are worked like the others, or stop drawing.",
                    share=share_said(told.lot, self.speaker),
                )
            )
        else:
            sentences.append(
                say(
                    "%(lot)s of the drawn leads were worked, and %(high)s of those of higher grades.",
                    lot=share_said(told.lot, self.speaker),
                    high=share_said(told.score, self.speaker),
                )
            )
        if told.half_heartedly:
            sentences.append(
                say(
                    "Drawn leads are worked less than the others: part of the difference told below is what sales did, "
                    "not what the score saw."
                )
            )
        if told.left.known and told.left.value > 0:
            sentences.append(
                say(
                    "%(share)s of the leads that were not drawn were worked all the same. Sales chose them for what it "
                    "knew of them, so they count neither here nor in training: the drawn ones stand for them too.",
                    share=share_said(told.left, self.speaker),
                )
            )
        notes = [
            say("Worked: sales contacted the lead, or answered. Of leads older than the time in which sales answers.")
            if told.knows_contact
            else say(
                "The definition does not say which activities are contacts (kinds.contact), so only an answer of sales "
                "tells that a lead was worked."
            )
        ]
        return Part(say("Were the drawn leads worked?"), tuple(sentences), notes=tuple(notes), alarm=told.little)

    def _uplift(self) -> Part:
        say = self.say
        sentences = [sentence for head, one in self.uplifts.items() for sentence in self._told(head, one)]
        shown = {head: one for head, one in self.uplifts.items() if one is not None}
        plots = (self._plot(shown),) if shown else ()
        heads = (say("by the score"), say("by lot"), say("the score adds"), say("drawn, answer known"))
        table = Table(heads, tuple(Row(self._head(head), self._cells(one)) for head, one in shown.items()))
        notes = (
            say(
                "Of leads handed over so long ago that the time to accept or to win them is over, as if both kinds had "
                "come in the same quarters. Leads of one account count as one. The range says how far chance alone may "
                "have moved a figure, in 95 cases of 100."
            ),
        )
        return Part(say("What the score adds"), tuple(sentences), plots, (table,) if shown else (), notes)

    def _told(self, head: HeadName, one: Uplift | None) -> Iterator[str]:
        say, percent = self.say, self.speaker.percent
        if one is None:
            if head is HeadName.ACCEPT:
                yield say("Accepted: fewer than %(n)s drawn leads have an answer, too few to compare.", n=FEWEST)
            else:
                yield say("Won: fewer than %(n)s drawn leads have an answer, too few to compare.", n=FEWEST)
            return
        facts = {
            "score": percent(one.score.value, 1),
            "lot": percent(one.lot.value, 1),
            "more": self._points(one.value),
            "range": self._range(one),
        }
        if head is HeadName.ACCEPT:
            yield say(
                "Of the leads chosen by the score sales accepts %(score)s, of those drawn by lot %(lot)s: %(more)s "
                "points (%(range)s).",
                **facts,
            )
        else:
            yield say(
                "Of the leads chosen by the score %(score)s are won, of those drawn by lot %(lot)s: %(more)s points "
                "(%(range)s).",
                **facts,
            )
        if not one.shown:
            yield say("That may be chance: it is not shown that the score adds anything here.")
        yield from self._more(one)

    def _more(self, one: Uplift) -> Iterator[str]:
        """How many drawn leads are needed to know it better, and how long that takes."""
        begun, last = self.found.leads["handed_off_at"].min(), self.found.leads["handed_off_at"].max()
        weeks, share = (last - begun) / WEEK, self.exploration.share
        more = math.ceil((one.longer() - 1.0) * one.lot.leads)
        facts = {"weeks": self.speaker.number(max(one.longer() - 1.0, 0.0) * weeks)}
        if one.target < (one.high - one.low) / 4:
            told = self.count(
                "If it is as large as it looks, %(n)s more drawn lead will show it: %(weeks)s weeks at this pace.",
                "If it is as large as it looks, %(n)s more drawn leads will show it: %(weeks)s weeks at this pace.",
                more,
                **facts,
            )
        else:
            told = self.count(
                "To halve the range takes about %(n)s more drawn lead: %(weeks)s weeks at this pace.",
                "To halve the range takes about %(n)s more drawn leads: %(weeks)s weeks at this pace.",
                more,
                **facts,
            )
        denser = min(2 * share, MOST)
        if denser <= share:
            yield told
            return
        sooner = self.speaker.number(max(one.longer(denser / share) - share / denser, 0.0) * weeks)
        yield self.say(
            "%(told)s With %(share)s drawn, about %(sooner)s weeks.",
            told=told,
            share=self.speaker.percent(denser),
            sooner=sooner,
        )

    def _grades(self) -> Part:
        """Every grade, and low grades by whether they were drawn."""
        rows, say = self.found.leads, self.say
        closed, taken = answers_of_rows(self.handed, self.found)
        groups = {
            say("Grade %(grade)s", grade=grade): self.found.high & (rows["grade"] == grade).to_numpy()
            for grade in self.handed.definition.grades
            if grade not in self.exploration.grades
        }
        groups[say("%(grades)s, drawn by lot", grades=self.grades)] = self.found.drawn
        groups[say("%(grades)s, not drawn", grades=self.grades)] = self.found.left
        made = []
        for name, mine in groups.items():
            cells = [Cell(self.speaker.number(int(mine.sum()))), share_cell(taken.share(mine), self.speaker)]
            cells += [share_cell(answers.share(mine), self.speaker) for answers in closed.values()]
            made.append(Row(name, tuple(cells), own=mine is self.found.drawn))
        heads = (say("leads"), say("worked"), *(self._head(head).lower() for head in closed))
        notes = (say("What became of the leads that were not drawn is shown, not learned from: most were not worked."),)
        return Part(say("By grade"), tables=(Table(heads, tuple(made)),), notes=notes)

    def _plot(self, shown: Mapping[HeadName, Uplift]) -> Plot:
        with figure_of(6.4, 0.8 + 0.75 * len(shown)) as (figure, (axes,)):
            places, names = [], []
            for i, (head, one) in enumerate(shown.items()):
                for arm, colour, shift in ((one.score, OWN, 0.14), (one.lot, OTHERS[0], -0.14)):
                    at = -i + shift
                    axes.plot([arm.low, arm.high], [at, at], color=colour, linewidth=2.5, solid_capstyle="butt")
                    label = (self.say("by the score"), self.say("by lot"))[arm is one.lot] if i == 0 else None
                    axes.plot([arm.value], [at], "o", color=colour, markersize=6, label=label)
                places.append(-i)
                names.append(self._head(head))
            axes.set_yticks(places, names)
            axes.tick_params(axis="y", length=0, labelcolor=INK)
            axes.grid(visible=False, axis="y")
            axes.set_xlim(left=0)
            axes.set_ylim(-len(shown) + 0.5, 0.5)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: self.speaker.percent(share)))
            axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
            svg = svg_of(figure)
        return Plot(svg, self.say("Shares accepted and won, by the score and by lot, with their ranges"))

    def _cells(self, one: Uplift) -> tuple[Cell, ...]:
        percent, between = self.speaker.percent, self.speaker.between
        shares = [Cell(percent(arm.value, 1), between(arm.low, arm.high, 1)) for arm in (one.score, one.lot)]
        added = Cell(f"{self._points(one.value)} {self.say('points')}", self._range(one))
        return (*shares, added, Cell(self.speaker.number(one.lot.judged)))


def answers_of_rows(handed: Handed, found: Explored) -> tuple[dict[HeadName, Answers], Answers]:
    """The answers of the judged leads for each head, and whether each lead was worked."""
    heads = (HeadName.ACCEPT, HeadName.CLOSE) if handed.history.tracks_acceptance else (HeadName.CLOSE,)
    rows = found.leads
    answers = {h: plain((rows[f"y_{h}"] == 1).to_numpy(), judged_of(handed, found, h), rows) for h in heads}
    old = (rows["handed_off_at"] <= handed.until - pd.Timedelta(days=handed.definition.accept_days)).to_numpy()
    return answers, plain(taken_up(rows), old, rows)
