"""The plots of promises: what came so far within its band, and the evidence against the promise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from babel.dates import format_date
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from matplotlib.ticker import FuncFormatter

from training.drawing import GRID, OTHERS, OWN, SOFT, figure_of, svg_of
from training.pages.document import Plot
from training.review.wagers import Ints
from training.review.warranty import Warranty
from training.speaker import Speaker

_LEAST = 1e-3
_COLOURS = {"per_week": OTHERS[0], "accept": OWN, "close": OTHERS[1]}
BAND = "#d7e8ee"


def plots(warranties: Sequence[Warranty], speaker: Speaker) -> tuple[Plot, ...]:
    """One picture a grade: its shares so far, and the evidence; none where nothing is known yet."""
    drawn = [one for one in warranties if one.line is not None]
    if not drawn:
        return ()
    with figure_of(3.6 * (len(drawn) + 1), 2.9, columns=len(drawn) + 1) as (figure, axes):
        for one, panel in zip(drawn, axes, strict=False):
            _so_far(one, panel, speaker)
        _evidence(drawn, axes[-1], speaker)
        svg = svg_of(figure)
    words = speaker.say(
        "Grade %(grade)s: what came so far within the band that was promised, and the evidence against the promise.",
        grade=drawn[0].grade,
    )
    return (Plot(svg, words),)


def title(one: Warranty, speaker: Speaker) -> str:
    """What a panel shows."""
    titles = {
        "per_week": speaker.say("Leads a week so far"),
        "accept": speaker.say("Accepted so far"),
        "close": speaker.say("Won so far"),
    }
    return titles[one.what]


def dated(axes: Axes, speaker: Speaker) -> None:
    """Months along the axis, in the reader's language."""
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=5))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda day, _: _month(day, speaker)))


def _month(day: float, speaker: Speaker) -> str:
    at = np.datetime64("1970-01-01") + np.timedelta64(round(day * 86_400), "s")
    return str(format_date(at.astype(object).date(), "d MMM yy", locale=speaker.language))


def times(at: Ints) -> np.ndarray:
    """Instants as matplotlib's days."""
    return np.asarray(at / 86_400_000_000)


def _so_far(one: Warranty, axes: Axes, speaker: Speaker) -> None:
    line = one.line
    if line is None:
        return
    at = times(line.at)
    axes.axhspan(one.promised.low, one.promised.high, color=BAND, zorder=0, label=speaker.say("promised"))
    axes.fill_between(at, line.low, line.high, step="post", color=SOFT, alpha=0.18, linewidth=0)
    axes.step(at, line.figure, where="post", color=_COLOURS[one.what], linewidth=1.6, label=speaker.say("so far"))
    top = max(one.promised.high, float(line.figure[len(line.figure) // 4 :].max())) * 1.25
    axes.set_ylim(0, top if one.what == "per_week" else min(top, 1.0))
    if one.what == "per_week":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: speaker.number(n, 0 if top > 5 else 1)))  # noqa: PLR2004
    else:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: speaker.percent(share)))
    dated(axes, speaker)
    axes.set_title(title(one, speaker))
    axes.legend(loc="best", fontsize=7)


def _evidence(drawn: Sequence[Warranty], axes: Axes, speaker: Speaker) -> None:
    say = speaker.say
    names = {"per_week": say("leads a week"), "accept": say("accepted by sales"), "close": say("won")}
    threshold = drawn[0].threshold
    highest = threshold
    for one in drawn:
        if one.line is None:
            continue
        value = np.exp(np.minimum(one.line.evidence, 50.0))
        highest = max(highest, float(value.max()))
        axes.step(
            times(one.line.evidence_at), np.maximum(value, _LEAST), where="post", color=_COLOURS[one.what],
            linewidth=1.6, label=names[one.what],
        )  # fmt: skip
    axes.axhline(threshold, color="#b3372f", linewidth=1.2, linestyle=(0, (4, 3)), label=speaker.say("alarm"))
    axes.axhline(1.0, color=GRID, linewidth=1.0, zorder=0)
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, highest * 8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda n, _: speaker.number(n, max(0, round(-np.log10(n))))))
    dated(axes, speaker)
    axes.set_title(speaker.say("Evidence against the promise"))
    axes.legend(loc="best", fontsize=7)
