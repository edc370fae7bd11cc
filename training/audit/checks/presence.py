"""Presence tells the outcome: whether a field is filled at all gives the outcome away."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import Outcome, View
from training.audit.wording import group, most_severe, percent


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare the outcome rate of leads where a field is filled with that of leads where it is empty."""
    found = []
    asked = 0
    for outcome in view.outcomes:
        for column in view.columns:
            sides = _sides(column, outcome)
            if min(sides[0][0], sides[1][0]) >= view.settings.minimum_rows:
                asked += 1
                found += _judge(view, column, outcome, *sides)
    if not asked:
        return NotApplicable("no field is both filled and empty often enough to compare")
    return most_severe(found)


Side = tuple[int, int]  # leads, outcomes among them


def _sides(column: Column, outcome: Outcome) -> tuple[Side, Side]:
    filled, y = column.filled[outcome.known], outcome.y[outcome.known]
    return (int(filled.sum()), int(y[filled].sum())), (int((~filled).sum()), int(y[~filled].sum()))


def _judge(view: View, column: Column, outcome: Outcome, filled: Side, empty: Side) -> list[Finding]:
    settings = view.settings
    wins, rest = filled[1] + empty[1], filled[0] + empty[0] - filled[1] - empty[1]
    if min(wins, rest) < settings.minimum_rows // 3:
        return []
    gap = filled[1] / wins - (filled[0] - filled[1]) / rest
    if chance_of_gap(filled, empty) > view.alpha(len(view.columns) * len(view.outcomes)):
        return []
    facts: dict[str, Any] = {
        "outcome": outcome.name,
        "filled": group(*filled),
        "empty": group(*empty),
        "base_rate": outcome.base,
        "gap": gap,
    }
    words = (
        f"Where it is filled, {_rate(filled, outcome.name)}; where it is empty, {_rate(empty, outcome.name)}. "
        f"It is filled for {percent(filled[1] / wins)} of the {outcome.name} and for "
        f"{percent((filled[0] - filled[1]) / rest)} of the others."
    )
    by_filled = decides(view, outcome.base, *filled)
    by_empty = decides(view, outcome.base, *empty) and abs(gap) >= settings.presence_ask
    if by_filled or by_empty or abs(gap) >= settings.presence_block:
        return [CHECK.finding(Severity.BLOCK, column.name, words, **facts)]
    if abs(gap) >= settings.presence_ask:
        question = (
            f"Who fills `{column.name}`, and when: the lead on a form, or sales once they have spoken? "
            "If sales, take it out or declare when it is known."
        )
        return [CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)]
    if abs(gap) >= settings.presence_note:
        return [CHECK.finding(Severity.NOTE, column.name, words, **facts)]
    return []


def decides(view: View, base: float, leads: int, outcomes: int) -> bool:
    """Whether a group of leads nearly all have, or nearly all lack, the outcome, and not by chance.

    At most `decided_share` of what the base rate lets expect deviates, and that expectation is large enough for its
    absence to be significant: the chance of none where ``m`` are expected is about ``exp(-m)``.
    """
    needed = -np.log(view.alpha(4 * len(view.columns)))
    for expected, seen in ((leads * base, outcomes), (leads * (1 - base), leads - outcomes)):
        if expected >= needed and seen <= view.settings.decided_share * expected:
            return True
    return False


def chance_of_gap(filled: Side, empty: Side) -> float:
    """The chance of a gap as large without any connection: Pearson's chi-square, continuity-corrected."""
    table = [[filled[1], filled[0] - filled[1]], [empty[1], empty[0] - empty[1]]]
    return float(stats.chi2_contingency(table).pvalue)


def _rate(side: Side, name: str) -> str:
    low, high = wilson(side[1], side[0])
    return f"{percent(side[1] / side[0])} ({percent(low)} to {percent(high)}) of {side[0]:,} leads were {name}"


CHECK = Check(
    code="presence-tells-outcome",
    title="Its mere presence tells the outcome",
    explanation="A field that is filled only once a lead is won or lost gives the outcome away by being there. On new "
    "leads it is always empty, so a score that leans on it fails in use.",
    look=look,
)
