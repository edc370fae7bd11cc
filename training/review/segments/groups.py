"""The groups that really differ, with their portraits."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.ticker import FuncFormatter

from models.vocabulary import capitalised
from training.drawing import INK, OTHERS, OWN, figure_of, svg_of
from training.labels import HeadName
from training.pages.document import Part, Plot
from training.pages.tables import Cell, Row, Table
from training.review.segments.telling import Telling
from training.review.telling import share_cell, share_said


class Groups(Telling):
    """What the tree found."""

    def part(self) -> Part:
        """The groups, the one that is won most first; or that none is shown to differ."""
        title, found = self.say("Groups that really differ"), self.found
        if not found.sought:
            return Part(title, (self.say("Without a scorer it is not known which fields may be looked at."),))
        if not found.portraits:
            text = self.say(
                "Among %(n)s leads no group is shown to be accepted or won more than the others, by what is known of "
                "them at the hand-off.",
                n=self.speaker.number(found.sought),
            )
            return Part(title, (text,))
        rows = []
        for number, portrait in enumerate(found.portraits, start=1):
            cells = [Cell(self.speaker.number(portrait.leads))]
            cells += [share_cell(portrait.shares[head], self.speaker) for head in self.heads]
            cells += [Cell(self._amount(portrait.amount))] if found.knows_amounts else []
            rows.append(Row(f"{number}. {capitalised(self.names.of(portrait.conditions))}", tuple(cells)))
        notes = (
            self.say(
                "Sought among all %(n)s leads of the history, by what was known at their hand-off. The groups were "
                "found on one half of the accounts; the figures are those of the other half, and only what showed "
                "there too is told.",
                n=self.speaker.number(found.sought),
            ),
        )
        return Part(title, tuple(self._extremes()), (self._plot(),), (Table(self._heads(), tuple(rows)),), notes)

    def _extremes(self) -> Iterator[str]:
        """Which group is won most and least, where the ranges part; else which is accepted most and least."""
        for head, told in (
            (
                HeadName.CLOSE,
                (self.say("Won most: %(group)s: %(share)s."), self.say("Won least: %(group)s: %(share)s.")),
            ),
            (
                HeadName.ACCEPT,
                (self.say("Accepted most: %(group)s: %(share)s."), self.say("Accepted least: %(group)s: %(share)s.")),
            ),
        ):
            known = [one for one in self.found.portraits if head in one.shares and one.shares[head].known]
            known.sort(key=lambda one: -one.shares[head].value)
            if known and known[0].shares[head].low > known[-1].shares[head].high:
                for text, one in zip(told, (known[0], known[-1]), strict=True):
                    yield text % {
                        "group": self.names.of(one.conditions),
                        "share": share_said(one.shares[head], self.speaker),
                    }
                return

    def _plot(self) -> Plot:
        found, names = self.found.portraits, []
        with figure_of(7.6, 0.9 + 0.55 * len(found)) as (figure, (axes,)):
            for i, portrait in enumerate(found):
                for k, (head, colour) in enumerate(zip(self.heads, (OTHERS[0], OWN), strict=False)):
                    share, at = portrait.shares[head], -i + 0.13 - 0.26 * k
                    axes.plot([share.low, share.high], [at, at], color=colour, linewidth=2.5, solid_capstyle="butt")
                    label = self._head(head) if i == 0 else None
                    axes.plot([share.value], [at], "o", color=colour, markersize=5, label=label)
                names.append(_wrapped(f"{i + 1}. {capitalised(self.names.of(portrait.conditions))}"))
            axes.set_yticks([-i for i in range(len(found))], names)
            axes.tick_params(axis="y", length=0, labelcolor=INK)
            axes.grid(visible=False, axis="y")
            axes.set_xlim(left=0)
            axes.set_ylim(-len(found) + 0.5, 0.5)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: self.speaker.percent(share)))
            axes.legend(loc="lower right")
            svg = svg_of(figure)
        return Plot(svg, self.say("Shares accepted and won of each group, with their ranges"))


def _wrapped(text: str, width: int = 34) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*lines, line])
