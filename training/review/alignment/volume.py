"""How many leads marketing handed over, week by week, and what sales answered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import Milestone
from training.arrivals import WEEK
from training.drawing import GRID, OTHERS, OWN, figure_of, svg_of
from training.pages.document import Part, Plot
from training.review.handed import Handed
from training.review.shares import Z
from training.review.telling import Telling
from training.trial.words import digits

LATELY, BEFORE = 4, 12
"""Weeks that are compared with the weeks before them."""

HARDLY = 0.5
"""Leads a week below which nobody counts by the week."""

ANSWERS = ("accepted", "rejected", "ended", "silent", "open")
"""What sales said of a lead: ``ended`` without an acceptance or rejection; ``silent``: nothing, and time is up."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Leads by answer; ``weeks[week][answer]`` of full weeks up to the export, oldest first.

    ``last_week``: what came in the last seven days, whenever the lead did.
    ``lately`` and ``before``: leads a week, NaN where there are too few weeks; ``errors``: how many errors apart they
    are, with the spread that weeks have of themselves.
    """

    answers: dict[str, int]
    weeks: tuple[tuple[int, ...], ...]
    lately: float
    before: float
    errors: float
    last_week: dict[str, int]


def answer_of(leads: pd.DataFrame) -> np.ndarray:
    """The answer to each lead, of `ANSWERS`."""
    final = leads["outcome"].notna().to_numpy()
    return np.select(
        [
            leads["accepted_at"].notna().to_numpy(),
            (leads["outcome"] == Milestone.REJECTED).to_numpy(),
            final,
            leads["y_accept"].notna().to_numpy(),
        ],
        ANSWERS[:-1],
        ANSWERS[-1],
    )


def measure(handed: Handed) -> Volume:
    """Weeks are counted back from the export, so that none is cut short."""
    answer = answer_of(handed.leads)
    ago = ((handed.until - handed.leads["handed_off_at"]) // WEEK).to_numpy(dtype=np.intp)
    full = int((handed.until - max(handed.since, handed.leads["handed_off_at"].min())) // WEEK)
    table = np.zeros((full, len(ANSWERS)), dtype=int)
    for column, name in enumerate(ANSWERS):
        table[:, column] = np.bincount(ago[answer == name], minlength=full)[:full] if full else 0
    table = table[::-1]
    totals = table.sum(axis=1)
    return Volume(
        {name: int((answer == name).sum()) for name in ANSWERS},
        tuple(tuple(row) for row in table.tolist()),
        *_trend(totals.astype("float64")),
        _news(handed),
    )


def _news(handed: Handed) -> dict[str, int]:
    leads, since = handed.leads, handed.until - WEEK
    ended = leads["outcome_at"] > since
    return {
        "handed": int((leads["handed_off_at"] > since).sum()),
        "accepted": int((leads["accepted_at"] > since).sum()),
        "rejected": int((ended & (leads["outcome"] == Milestone.REJECTED)).sum()),
        "won": int((ended & (leads["outcome"] == Milestone.WON)).sum()),
    }


def _trend(weeks: np.ndarray) -> tuple[float, float, float]:
    """The last weeks against those before: the log-ratio of counts whose spread is that of the weeks before.

    Half a lead is added to either count, so that weeks without any are told as well.
    """
    lately, before = weeks[-LATELY:], weeks[-LATELY - BEFORE : -LATELY]
    if len(before) < LATELY or not before.sum():
        return math.nan, math.nan, math.nan
    spread = max(1.0, float(before.var(ddof=1) / before.mean()))
    now, then = lately.sum() + 0.5, before.sum() + 0.5
    error = math.sqrt(spread * (1 / now + 1 / then))
    ratio = math.log((now / len(lately)) / (then / len(before)))
    return float(lately.mean()), float(before.mean()), ratio / error


def part(volume: Volume, telling: Telling) -> Part:
    """Told for the weekly meeting."""
    say, number = telling.say, telling.speaker.number
    told = []
    if volume.weeks:
        week = sum(map(sum, volume.weeks)) / len(volume.weeks)
        if week >= HARDLY:
            told.append(say("Marketing handed over %(week)s leads a week.", week=number(week, digits(week))))
    if math.isfinite(volume.errors):
        before = telling.count("the week before", "the %(n)s weeks before", min(BEFORE, len(volume.weeks) - LATELY))
        facts = {"now": number(volume.lately), "then": number(volume.before), "before": before}
        if abs(volume.errors) < Z:
            text = say(
                "In the last four weeks it was %(now)s a week, in %(before)s %(then)s: no more of a change than weeks "
                "have of themselves.",
                **facts,
            )
        elif volume.errors > 0:
            text = say(
                "In the last four weeks it was %(now)s a week, clearly more than the %(then)s of %(before)s.", **facts
            )
        else:
            text = say(
                "In the last four weeks it was %(now)s a week, clearly fewer than the %(then)s of %(before)s.", **facts
            )
        told.append(text)
    told.append(_last_week(volume, telling))
    told.append(_answered(volume, telling))
    return Part(say("Leads handed over"), tuple(told), plots=_plots(volume, telling))


def _last_week(volume: Volume, telling: Telling) -> str:
    facts = {name: telling.speaker.number(n) for name, n in volume.last_week.items()}
    if not telling.handed.history.tracks_acceptance:
        return telling.say("In the last seven days: %(handed)s handed over, %(won)s won.", **facts)
    return telling.say(
        "In the last seven days: %(handed)s handed over, %(accepted)s accepted, %(rejected)s rejected, %(won)s won.",
        **facts,
    )


def _answered(volume: Volume, telling: Telling) -> str:
    say, number = telling.say, telling.speaker.number
    if not telling.handed.history.tracks_acceptance:
        return say(
            "This history does not record which leads sales accepts. Record an acceptance in the CRM, or send it to "
            "the "
            "service as feedback: then this page shows what becomes of marketing's leads before a sale."
        )
    facts = {name: number(volume.answers[name]) for name in ANSWERS}
    told = say("Of all leads of this page sales accepted %(accepted)s and rejected %(rejected)s.", **facts)
    if volume.answers["ended"]:
        text = telling.count("%(n)s ended without either.", "%(n)s ended without either.", volume.answers["ended"])
        told = f"{told} {text}"
    if volume.answers["silent"]:
        text = telling.count(
            "%(n)s got no answer to this day.", "%(n)s got no answer to this day.", volume.answers["silent"]
        )
        told = f"{told} {text}"
    if volume.answers["open"]:
        text = telling.count(
            "%(n)s is still to be answered.", "%(n)s are still to be answered.", volume.answers["open"]
        )
        told = f"{told} {text}"
    return told


def _plots(volume: Volume, telling: Telling) -> tuple[Plot, ...]:
    if not volume.weeks:
        return ()
    say = telling.say
    tracked = telling.handed.history.tracks_acceptance
    names = (say("accepted"), say("rejected"), say("ended without either"), say("no answer"), say("open"))
    colours = (OWN, OTHERS[0], OTHERS[1], OTHERS[3], GRID)
    counts = np.array(volume.weeks)
    ends = pd.DatetimeIndex([telling.handed.until - WEEK * n for n in range(len(counts), 0, -1)]).to_pydatetime()
    with figure_of(10.6, 2.8) as (figure, axes):
        below = np.zeros(len(counts))
        for column, (name, colour) in enumerate(zip(names, colours, strict=True)):
            if not tracked:
                axes[0].bar(ends, counts.sum(axis=1), width=6.0, align="edge", color=OWN)
                break
            if counts[:, column].any():
                axes[0].bar(ends, counts[:, column], 6.0, bottom=below, align="edge", color=colour, label=name)
            below += counts[:, column]
        telling.counts(axes[0], "y")
        telling.days(axes[0])
        axes[0].grid(visible=False, axis="x")
        axes[0].set_title(say("Leads handed over, by week"))
        if tracked:
            axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        words = say("Leads handed over in each week, by what sales answered.")
        return (Plot(svg_of(figure), words),)
