"""Dates from later: a date attribute that lies after the lead's creation, or on the day of its outcome."""

from __future__ import annotations

from typing import Any

import numpy as np

from crm.history import Kind
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import DAY, NEVER

_ON_THE_OUTCOME = 0.5
_LATER = 0.1
_A_DAY = 1.0


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare the dates among the attributes with each lead's creation and outcome."""
    if view.steps is None:
        return NotApplicable("the export has no times to compare dates with")
    dates = [c for c in view.columns if c.field.kind is Kind.DATE and c.filled.sum() >= view.settings.minimum_rows]
    if not dates:
        return NotApplicable("no attribute is a date filled often enough")
    return [finding for column in dates if (finding := _judge(view, column))]


def _judge(view: View, column: Column) -> Finding | None:
    assert view.steps is not None  # noqa: S101 - `look` has made sure
    assert column.number is not None  # noqa: S101 - dates have numbers
    created, final = view.steps.created / DAY, view.steps.final / DAY
    later = column.number > created + _A_DAY
    decided = column.filled & (view.steps.final != NEVER)
    near = np.abs(np.where(decided, column.number, np.inf) - final) <= _A_DAY
    share = float(later[column.filled].mean())
    near_share = float(near[decided].mean()) if decided.any() else 0.0
    facts: dict[str, Any] = {"later": share, "on_the_outcome": near_share, "filled": int(column.filled.sum())}
    words = (
        f"{percent(share)} of its {int(column.filled.sum()):,} dates lie more than a day after the lead's creation, "
        f"and {percent(near_share)} of those of decided leads within a day of the outcome."
    )
    if near_share >= _ON_THE_OUTCOME and share >= _LATER:
        return CHECK.finding(Severity.BLOCK, column.name, words, **facts)
    if share < _LATER:
        return None
    question = f"Is `{column.name}` a plan known at hand-off, or the day on which something happened later?"
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)


CHECK = Check(
    code="dates-from-later",
    title="Dates from after the lead came in",
    explanation="A date after the lead's creation was written after it, unless it is a plan. One on the day of the "
    "outcome is the outcome.",
    look=look,
)
