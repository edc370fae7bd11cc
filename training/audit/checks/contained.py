"""Filled on the same occasion: a field is filled only where a field that tells the outcome is filled."""

from __future__ import annotations

from typing import Any

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import View
from training.audit.wording import most_severe, percent

_NEARLY_ALWAYS_FILLED = 0.9
_TELLING = 0.7


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for fields whose filled leads are a part of the filled leads of a field taken out before."""
    leaks = [c for c in view.columns if c.name in view.taken_out and 0 < c.fill <= _NEARLY_ALWAYS_FILLED]
    if not leaks:
        return NotApplicable("no field taken out by the checks before is partly empty")
    found = [_judge(view, column, leak) for column in view.candidates for leak in leaks]
    return most_severe(finding for finding in found if finding)


def _judge(view: View, column: Column, leak: Column) -> Finding | None:
    filled = int(column.filled.sum())
    if filled < view.settings.minimum_rows or column.fill > leak.fill:
        return None
    both = int((column.filled & leak.filled).sum())
    low, high = wilson(both, filled, view.alpha(len(view.columns)))
    if low < view.settings.contained_share:
        return None
    words = (
        f"Of the {filled:,} leads where it is filled, {percent(both / filled)} (at least {percent(low)}) also have "
        f"`{leak.name}`, which only {percent(leak.fill)} of all leads have and which tells the outcome."
    )
    facts: dict[str, Any] = {
        "of": leak.name,
        "filled": filled,
        "both": both,
        "share": both / filled,
        "interval": [low, high],
    }
    if _telling(view, column):
        return CHECK.finding(Severity.BLOCK, column.name, words, **facts)
    question = f"Is `{column.name}` written on the same occasion as `{leak.name}`?"
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)


def _telling(view: View, column: Column) -> bool:
    """Whether the field itself says much about an outcome, by its values or by being there."""
    for outcome in view.outcomes:
        strength = view.strengths.get((outcome.name, column.name))
        if strength and max(strength.area_filled, strength.area) >= _TELLING:
            return True
    return False


CHECK = Check(
    code="filled-with-telltale",
    title="Filled on the same occasion as a field that tells the outcome",
    explanation="Where one field was written after the outcome, a field that is never filled without it was written by "
    "the same hand at the same time. If it also says much about the outcome, it is as little to be trusted.",
    look=look,
)
