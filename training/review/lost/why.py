"""Why leads are lost or left without decision, by group and over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.drawing import GRID, OTHERS, OWN, figure_of, svg_of
from training.pages.document import Part, Plot
from training.review.alignment.rejected import pair_said
from training.review.coded import Reasons, bars, crossed, listed
from training.review.coded import measure as coded
from training.review.handed import Handed
from training.review.lost.ended import BY, LOST, UNDECIDED
from training.review.shares import doubts, found, plain
from training.review.telling import DAY, Telling

LATELY = 91
"""Days before the export that are compared with the time before."""

MOST = 5
"""Pairs that are told, and reasons that have a colour of their own."""

_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """A reason named clearly more (or less) often in the last quarter than before."""

    code: str
    lately: float
    before: float


@dataclass(frozen=True, slots=True)
class Why:
    """The reasons of one end, what shifted of late, and ``months[month][code]``; the empty code gives no reason."""

    end: str
    reasons: Reasons
    shifts: tuple[Shift, ...]
    months: dict[str, dict[str, int]]


def measure(handed: Handed, end: str, *, seed: int) -> Why:
    """The reasons of the leads that ended so."""
    ended = handed.leads[(handed.leads["outcome"] == end).to_numpy()].reset_index(drop=True)
    reasons = coded(ended, BY, seed=seed)
    codes = [reason.code for reason in reasons.reasons]
    month = ended["outcome_at"].dt.tz_localize(None).dt.to_period("M").astype(str)
    counts = pd.crosstab(month, ended["reason"].fillna("")) if len(ended) else pd.DataFrame()
    months = {str(m): {str(c): int(n) for c, n in row.items()} for m, row in counts.iterrows()}
    return Why(end, reasons, _shifts(ended, codes, handed), months)


def _shifts(ended: pd.DataFrame, codes: list[str], handed: Handed) -> tuple[Shift, ...]:
    """What shifted since leads of every age could be lost: before that only quick losses are to be seen."""
    begun = handed.leads["handed_off_at"].min() + handed.definition.close_days * DAY
    seen = ended["reason"].notna() & (ended["outcome_at"] > begun)
    said = ended[seen.to_numpy()].reset_index(drop=True)
    lately = (said["outcome_at"] > handed.until - LATELY * DAY).to_numpy()
    every = np.ones(len(said), dtype=bool)
    yes = {code: (said["reason"] == code).to_numpy() for code in codes}
    errors = np.array([plain(mine, every, said).gap(lately)[1] for mine in yes.values()])
    clear = found(doubts(errors))
    return tuple(
        Shift(code, float(mine[lately].mean()), float(mine[~lately].mean()))
        for (code, mine), is_clear in zip(yes.items(), clear, strict=True)
        if is_clear
    )


def part(why: Why, telling: Telling) -> Part:
    """Told for the review."""
    say, reasons = telling.say, why.reasons
    title = say("Why they are lost") if why.end == LOST else say("Why nothing is decided")
    if not reasons.ended:
        nothing = {LOST: say("No lead was lost."), UNDECIDED: say("No lead ended without a decision.")}
        return Part(title, (nothing[why.end],))
    if not reasons.reasons:
        return Part(title, (_unsaid(why, telling),), plots=_over_time(why, telling))
    tables = [listed(reasons, why.end, telling)]
    tables += [table for by in reasons.cross if (table := crossed(reasons, by, why.end, telling)) is not None]
    plots = (bars(reasons, why.end, say("Share of those that give a reason"), telling), *_over_time(why, telling))
    return Part(title, tuple(_sentences(why, telling)), plots=plots, tables=tuple(tables))


def _unsaid(why: Why, telling: Telling) -> str:
    n = why.reasons.ended
    if why.end == LOST:
        return telling.count(
            "%(n)s lead was lost, without a reason. Map the reason of a loss in the CRM, or send it with the "
            "feedback as "
            "one of the definition’s coded reasons.",
            "%(n)s leads were lost, none with a reason. Map the reason of a loss in the CRM, or send it with the "
            "feedback "
            "as one of the definition’s coded reasons.",
            n,
        )
    return telling.count(
        "%(n)s lead ended without a decision, and nobody wrote down why. A coded reason can be sent with the feedback.",
        "%(n)s leads ended without a decision, and nobody wrote down why. A coded reason can be sent with the "
        "feedback.",
        n,
    )


def _sentences(why: Why, telling: Telling) -> Iterator[str]:
    say, percent, reasons = telling.say, telling.speaker.percent, why.reasons
    first = reasons.reasons[0]
    named = {"reason": telling.reason(why.end, first.code), "share": telling.ranged(first.share)}
    yield say("Most often named: “%(reason)s”, for %(share)s of those that give a reason.", **named)
    if reasons.unsaid:
        yield telling.count("%(n)s gives no reason.", "%(n)s give no reason.", reasons.unsaid)
    for pair in reasons.pairs[:MOST]:
        yield pair_said(pair, why.end, telling)
    if reasons.cross and not reasons.pairs:
        yield say("No reason stands out in any source, segment or grade beyond what chance makes.")
    for shift in why.shifts:
        yield say(
            "“%(reason)s” is named for %(lately)s in the last three months, before that for %(before)s.",
            reason=telling.reason(why.end, shift.code),
            lately=percent(shift.lately),
            before=percent(shift.before),
        )


def _over_time(why: Why, telling: Telling) -> tuple[Plot, ...]:
    if len(why.months) < _MONTHS:
        return ()
    say = telling.say
    codes = [reason.code for reason in why.reasons.reasons]
    shown, rest = codes[:MOST], codes[MOST:]
    series: list[tuple[str, tuple[str, ...]]] = [(telling.reason(why.end, code), (code,)) for code in shown]
    series += [(say("other reasons"), tuple(rest))] if rest else []
    series += [(say("no reason given"), ("",))] if why.reasons.unsaid else []
    colours = [OWN, *OTHERS[:3], OTHERS[4], OTHERS[3], GRID] if shown else [OTHERS[3]]
    months = pd.period_range(min(why.months), max(why.months), freq="M")
    at = [month.to_timestamp().to_pydatetime() for month in months]
    with figure_of(5.2, 2.9) as (figure, axes):
        below = np.zeros(len(at))
        for (name, mine), colour in zip(series, colours, strict=False):
            counts = np.array([sum(why.months.get(str(m), {}).get(code, 0) for code in mine) for m in months])
            axes[0].bar(at, counts, 24.0, bottom=below, align="edge", color=colour, label=name)
            below += counts
        telling.counts(axes[0], "y")
        telling.days(axes[0], 5)
        axes[0].grid(visible=False, axis="x")
        title = say("Lost, by month") if why.end == LOST else say("Without a decision, by month")
        axes[0].set_title(title)
        if len(series) > 1:
            axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
        return (Plot(svg_of(figure), title),)
