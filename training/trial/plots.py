"""The plots of a trial, in one language: wins found and missed, what a choice is worth, wins by leads worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from models.sheet import Range
from training.drawing import GRID, INK, OWN, SOFT, figure_of, svg_of
from training.trial.figures import CONTENDERS, GROUPS, TEAMS, Name, Outcome
from training.trial.words import Telling

COLOURS: Mapping[Name, str] = {
    Name.MARKETING: "#8a4f7d",
    Name.SALES: "#b7791f",
    Name.SCORE_FOR_MARKETING: OWN,
    Name.SCORE_FOR_SALES: OWN,
    Name.ONLY_MARKETING: "#8a4f7d",
    Name.ONLY_SALES: "#b7791f",
}
"""Each team has its colour, and so has the score; what belongs to nobody is grey."""

_OTHER = "#7b8794"
_MARKS: Mapping[Name, str] = {Name.BOTH: "v", Name.EITHER: "^"}


def plots(telling: Telling) -> dict[str, bytes]:
    """Every plot by name as SVG; without any win there are only those of acceptance."""
    drawn = {}
    if telling.trial.outcomes[Name.EVERY].wins is not None and telling.trial.curve:
        with figure_of(5.2, 3.5) as (figure, axes):
            _found(telling, axes[0])
            title = telling.speaker.say("Wins found (grey: missed), %(unit)s", unit=telling.unit)
            figure.suptitle(title, x=0.02, ha="left", fontsize=10, fontweight="bold")
            drawn["found"] = svg_of(figure)
        with figure_of(5.2, 3.5) as (figure, axes):
            _curve(telling, axes[0])
            drawn["curve"] = svg_of(figure)
    for name, choices in (("shares", CONTENDERS), ("groups", GROUPS)):
        panels = 2 if telling.trial.tracks_acceptance else 1
        with figure_of(10.6 if panels > 1 else 6.5, 0.9 + 0.32 * len(choices), columns=panels) as (figure, axes):
            _shares(telling, [telling.trial.outcomes[choice] for choice in choices], axes)
            drawn[name] = svg_of(figure)
    return drawn


def _found(telling: Telling, axes: Axes) -> None:
    """Wins found and missed by each choice."""
    rows = [telling.trial.outcomes[name] for name in CONTENDERS]
    place = np.arange(len(rows))[::-1]
    found = np.array([row.wins.value if row.wins else 0.0 for row in rows])
    missed = np.array([row.missed.value if row.missed else 0.0 for row in rows])
    axes.barh(place, found, color=[COLOURS.get(row.name, _OTHER) for row in rows])
    axes.barh(place, missed, left=found, color=GRID)
    for at, wins in zip(place, found, strict=True):
        axes.annotate(telling.number(wins), (wins, at), (4, 0), textcoords="offset points", va="center", color=INK)
    _labelled(telling, rows, axes, place)
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 1.08 * float((found + missed).max()))


def _curve(telling: Telling, axes: Axes) -> None:
    """The share of wins that the best leads by score hold, and where the rules stand."""
    say = telling.speaker.say
    leads, wins = zip(*telling.trial.curve, strict=True)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label=say("leads taken at random"))
    axes.plot(leads, wins, color=OWN, linewidth=2, label=say("the best by score"))
    for name in (*TEAMS, Name.BOTH, Name.EITHER):
        one = telling.trial.outcomes[name]
        if one.empty or one.wins_share is None:
            continue
        style: Any = {"color": COLOURS.get(name, _OTHER), "marker": _MARKS.get(name, "o"), "markersize": 6}
        axes.errorbar(
            one.share, one.wins_share.value, yerr=_spread([one.wins_share]), label=telling.name(name), capsize=3,
            linestyle="none", **style,
        )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=say("share of all leads"), ylabel=say("share of all wins"))
    _percents(telling, axes, "x")
    _percents(telling, axes, "y")
    axes.set_title(say("How many wins do how many leads hold?"))
    axes.legend(loc="lower right", fontsize=7)


def _shares(telling: Telling, rows: Sequence[Outcome], axes: Sequence[Axes]) -> None:
    """Share accepted, where it is recorded, and share won, with ranges."""
    say, place = telling.speaker.say, np.arange(len(rows))[::-1]
    panels = [(say("Accepted by sales"), "accepted"), (say("Won"), "closed")][-len(axes) :]
    for one, (title, figure) in zip(axes, panels, strict=True):
        for at, row in zip(place, rows, strict=True):
            share: Range | None = getattr(row, figure)
            if share is not None:
                colour = COLOURS.get(row.name, _OTHER)
                one.errorbar(share.value, at, xerr=_spread([share]), color=colour, marker="o", markersize=5, capsize=3)
        _labelled(telling, rows, one, place)
        one.set_xlim(left=0)
        one.set_ylim(-0.6, len(rows) - 0.4)
        one.grid(visible=False, axis="y")
        _percents(telling, one, "x")
        one.set_title(title)
    for one in axes[1:]:
        one.set_yticklabels([])


def _labelled(telling: Telling, rows: Sequence[Outcome], axes: Axes, place: np.ndarray) -> None:
    axes.set_yticks(place, [telling.name(row.name) for row in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)


def _percents(telling: Telling, axes: Axes, which: str) -> None:
    getattr(axes, f"{which}axis").set_major_formatter(FuncFormatter(lambda share, _: telling.speaker.percent(share)))


def _spread(shares: Sequence[Range]) -> np.ndarray:
    """How far each range reaches below and above its figure: [2, n]."""
    return np.array([[max(s.value - s.low, 0.0), max(s.high - s.value, 0.0)] for s in shares]).T
