"""Filled in after the outcome: young open leads against decided ones that came in at the same time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Flags, Floats
from training.audit.view import View
from training.audit.wording import percent, quoted
from training.funnel import NEVER

_COHORTS = 20
_FEWEST_EACH = 5
_BLOCK_GAP = 0.5
_ASK_GAP = 0.3
_NEARLY_NEVER = 0.1
_OWN_VALUES = 0.1


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare how each field is filled, and with what, among open and decided leads of the same cohorts.

    Both kinds are compared within cohorts of creation, weighted as Mantel and Haenszel do, so that a field that was
    introduced last month does not look as if it were filled late.
    """
    if view.steps is None:
        return NotApplicable("the export has no times: nobody can tell which leads were still open")
    decided = view.steps.final != NEVER
    cohort = _cohorts(view.order.rank)
    weights, variance = _weights(cohort, decided)
    if not weights.any():
        return NotApplicable("no cohort has both open and decided leads enough to compare")
    found = []
    for column in view.columns:
        decided_mix, open_mix = (_mix(column, cohort, side, weights) for side in (decided, ~decided))
        finding = _judge(view, column, decided_mix, open_mix, variance)
        if finding:
            found.append(finding)
    return found


def _cohorts(rank: Floats) -> np.ndarray:
    place = np.argsort(np.argsort(rank, kind="stable"), kind="stable")
    return place * _COHORTS // max(1, len(rank))


def _weights(cohort: np.ndarray, decided: Flags) -> tuple[Floats, float]:
    """The weight of each cohort, 0 where one side has too few leads, and the variance factor of a difference."""
    a = np.bincount(cohort[decided], minlength=_COHORTS).astype("float64")
    b = np.bincount(cohort[~decided], minlength=_COHORTS).astype("float64")
    enough = (a >= _FEWEST_EACH) & (b >= _FEWEST_EACH)
    weights = np.where(enough, a * b / np.maximum(a + b, 1), 0.0)
    if not weights.any():
        return weights, 0.0
    weights = weights / weights.sum()
    used = weights > 0
    return weights, float(np.sum(weights[used] ** 2 * (1 / a[used] + 1 / b[used])))


def _mix(column: Column, cohort: np.ndarray, side: Flags, weights: Floats) -> Floats:
    """The share of each level among one side, as if both sides had the same cohorts; the last is missing."""
    width = len(column.levels) + 1
    codes = np.where(column.codes < 0, width - 1, column.codes)
    table = np.bincount(cohort[side] * width + codes[side], minlength=_COHORTS * width).reshape(_COHORTS, width)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    return np.asarray(weights @ shares)


def _judge(view: View, column: Column, decided: Floats, still_open: Floats, variance: float) -> Finding | None:
    if column.filled.sum() < view.settings.minimum_rows:
        return None
    filled_decided, filled_open = 1 - decided[-1], 1 - still_open[-1]
    spread = float(stats.norm.isf(view.alpha(len(view.columns))) * np.sqrt(variance))
    gap = filled_decided - filled_open
    middle = (filled_decided + filled_open) / 2
    if gap <= spread * np.sqrt(max(0.0, middle * (1 - middle))):
        gap = 0.0
    moved = _moved(column, decided, still_open, variance, spread)
    if max(gap, moved) < _ASK_GAP:
        return None
    facts: dict[str, Any] = {
        "filled_decided": float(filled_decided),
        "filled_open": float(filled_open),
        "moved": moved,
    }
    if gap >= _ASK_GAP:
        words = (
            f"Filled for {percent(filled_decided)} of the decided leads, but only for {percent(filled_open)} of the "
            "open ones that came in at the same time."
        )
        if gap >= _BLOCK_GAP and filled_open <= _NEARLY_NEVER * filled_decided:
            return CHECK.finding(Severity.BLOCK, column.name, words, **facts)
    else:
        names = [*column.levels, "(empty)"]
        grown = [names[int(i)] for i in np.argsort(still_open - decided)[:3]]
        words = (
            f"{percent(moved)} of the decided leads would need another value to look like the open ones that came in "
            f"at the same time; more frequent among the decided: {quoted(grown)}."
        )
    question = f"Does `{column.name}` change while a lead is worked? Then it is not known when the lead is scored."
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)


def _moved(column: Column, decided: Floats, still_open: Floats, variance: float, spread: float) -> float:
    """The total variation between both mixes, less what chance shows on average.

    0 where it is not beyond chance, or where most leads have their own value. Under chance each level's absolute
    difference is half-normal, and levels are taken as independent.
    """
    if column.distinct > _OWN_VALUES * column.filled.sum():
        return 0.0
    share = np.clip((decided + still_open) / 2, 0.0, 1.0)
    by_chance = np.sqrt(2 / np.pi * share * (1 - share) * variance)
    moved = float((np.abs(decided - still_open) - by_chance).sum() / 2)
    noise = spread * float(np.sqrt((1 - 2 / np.pi) * np.sum(share * (1 - share)))) / 2
    return moved if moved > noise else 0.0


CHECK = Check(
    code="filled-after-outcome",
    title="Filled in after the outcome",
    explanation="Open leads show what is known before the outcome. A field that is empty or different for them, though "
    "leads of the same age that are decided have it, was written once the outcome was known.",
    look=look,
)
