"""The plots of the quality report: expected against what came, and the best grade over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from training.drawing import GRID, OTHERS, OWN, SOFT, figure_of, svg_of
from training.labels import HeadName
from training.pages.document import Plot
from training.review.calibrated import Calibrated
from training.review.heat import Heat
from training.review.kept_plots import dated
from training.speaker import Speaker


def reliability(one: Calibrated, speaker: Speaker) -> Plot:
    """What was expected against what came, in bins of as many leads each; the diagonal is perfect."""
    say, rows = speaker.say, one.curve
    title = say("Accepted by sales") if one.head == HeadName.ACCEPT else say("Won")
    with figure_of(4.4, 3.4) as (figure, (axes,)):
        most = min(1.08 * float(max(rows["predicted"].max(), rows["high"].max())), 1.05)
        axes.plot([0, most], [0, most], color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label=say("perfect"))
        spread = np.abs(rows[["low", "high"]].to_numpy().T - rows["observed"].to_numpy())
        style: Any = {"color": OWN, "marker": "o", "markersize": 4, "linewidth": 1.3, "elinewidth": 1, "capsize": 2}
        axes.errorbar(rows["predicted"], rows["observed"], yerr=spread, label=say("what came"), **style)
        axes.set(xlim=(0, most), ylim=(0, most), xlabel=say("expected"), ylabel=say("came"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda share, _: speaker.percent(share)))
        axes.set_title(title)
        axes.legend(loc="upper left")
        svg = svg_of(figure)
    return Plot(svg, say("%(title)s: what was expected against what came.", title=title))


FEWEST_OF_A_MONTH = 10
"""A share of fewer leads is not drawn: it would jump from month to month whatever the grade is worth."""


def months(hot: Heat, speaker: Speaker) -> Plot:
    """The share of leads with the best grade, and what became of them, month by month."""
    say, rows = speaker.say, hot.months
    with figure_of(8.8, 3.0, columns=2) as (figure, (left, right)):
        day = rows["month"].to_numpy(dtype="datetime64[D]").astype("int64")
        left.bar(day + 15, rows["hot"] / rows["leads"], width=24, color=OWN)
        left.set_title(say("Share of leads with grade %(grade)s", grade=hot.grade))
        for judged, yes, colour, label in (
            ("judged_accept", "accepted", OWN, say("accepted by sales")),
            ("judged_close", "closed", OTHERS[1], say("won")),
        ):
            known = rows[judged].to_numpy() >= FEWEST_OF_A_MONTH
            if not known.any():
                continue
            share = rows.loc[known, yes] / rows.loc[known, judged]
            right.plot(day[known] + 15, share, color=colour, marker="o", markersize=4, linewidth=1.4, label=label)
        right.set_title(say("What became of them"))
        right.set_ylim(0, 1)
        if right.lines:
            right.legend(loc="best")
        for axes in (left, right):
            _framed(axes, day, speaker)
        svg = svg_of(figure)
    return Plot(svg, say("The share of leads with grade %(grade)s by month, and what became of them.", grade=hot.grade))


def _framed(axes: Axes, day: np.ndarray, speaker: Speaker) -> None:
    axes.set_xlim(day.min() - 4, day.max() + 35)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: speaker.percent(share)))
    axes.grid(visible=False, axis="x")
    axes.grid(color=GRID, axis="y")
    dated(axes, speaker)
