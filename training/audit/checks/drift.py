"""Drift: fields whose values differ between the oldest and the newest leads."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Flags, Floats, stability
from training.audit.view import View
from training.audit.wording import percent, quoted

_PART = 0.25
_FEWEST = 200
_MOST_LEVELS = 30


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare the oldest and newest quarter of the leads field by field with the population stability index."""
    if view.size * _PART < _FEWEST:
        return NotApplicable(f"fewer than {_FEWEST} leads in a quarter of the history")
    if not view.order.is_time and view.order.words.startswith("the order of rows"):
        return NotApplicable("the export has no times and no serial number: nobody can tell old leads from new ones")
    place = np.argsort(np.argsort(view.order.rank, kind="stable"), kind="stable")
    oldest, newest = place < view.size * _PART, place >= view.size * (1 - _PART)
    found = [_judge(view, column, oldest, newest) for column in view.candidates]
    return [finding for finding in found if finding]


def _judge(view: View, column: Column, oldest: Flags, newest: Flags) -> Finding | None:
    before, after, names = _pooled(column, oldest, newest)
    index, chance = stability(before, after)
    if index < view.settings.drift_note or chance > view.alpha(len(view.columns)):
        return None
    p, q = before / before.sum(), after / after.sum()
    most = int(np.abs(q - p).argmax())
    first, last = ("oldest", "newest") if view.order.is_time else ("first", "last")
    words = (
        f"Population stability index {index:.2f} (large from {view.settings.drift_note:g}) between the {first} "
        f"and the {last} quarter by {view.order.words}; "
        f"most for {quoted([names[most]])}: {percent(p[most])}, then {percent(q[most])}."
    )
    numbers: dict[str, Any] = {"index": index, "value": names[most], "before": float(p[most]), "after": float(q[most])}
    return CHECK.finding(Severity.NOTE, column.name, words, **numbers)


def _pooled(column: Column, oldest: Flags, newest: Flags) -> tuple[Floats, Floats, list[str]]:
    """Counts by level in both parts; all but the most frequent levels are one, missing is one of its own."""
    before, after = column.counts(oldest), column.counts(newest)
    names = [*column.levels, "(empty)"]
    order = np.argsort(-(before[:-1] + after[:-1]), kind="stable")
    kept, rest = order[:_MOST_LEVELS], order[_MOST_LEVELS:]
    tables = [np.concatenate([t[kept], [t[rest].sum()], t[-1:]]) for t in (before, after)]
    return tables[0], tables[1], [*(names[int(i)] for i in kept), "(others)", "(empty)"]


CHECK = Check(
    code="drift",
    title="Other values among new leads than among old ones",
    explanation="What was learnt on last year's leads holds for next month's only as far as they resemble each other. "
    "A field that shifts may mean a new campaign, a new form, or a change in how it is filled.",
    look=look,
)
