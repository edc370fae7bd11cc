"""One thing at two moments: two categories that draw on the same values and often differ."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd

from crm.history import Kind
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import most_severe, percent, quoted

_FEWEST_SHARED = 8  # fewer are scales of answers, which many fields share
_MOST_LEVELS = 500
_MOST_OF_ONE, _HALF_OF_OTHER = 0.9, 0.5
_RELATED = 0.2
_DIFFER = 0.1


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare the categories two by two by their vocabularies; words are not read, so any language or code will do."""
    columns = [
        c
        for c in view.candidates
        if c.field.kind is Kind.CATEGORY and not c.field.actor and _FEWEST_SHARED <= len(c.levels) <= _MOST_LEVELS
    ]
    if len(columns) < 2:  # noqa: PLR2004 - a pair
        return NotApplicable(f"fewer than two categories have {_FEWEST_SHARED} values or more")
    found: list[Finding] = []
    for one, other in combinations(columns, 2):
        shared = set(one.levels) & set(other.levels)
        less, more = sorted((_covered(one, shared), _covered(other, shared)))
        if len(shared) >= _FEWEST_SHARED and less >= _HALF_OF_OTHER and more >= _MOST_OF_ONE:
            found += _judge(view, one, other, shared)
    return most_severe(found)


def _covered(column: Column, shared: set[str]) -> float:
    """The share of the filled rows whose value is one of these."""
    counts = column.counts(column.filled)[:-1]
    return float(counts[[level in shared for level in column.levels]].sum() / max(1.0, counts.sum()))


def _kappa(left: pd.Series, right: pd.Series, differ: float) -> float:
    """Cohen's kappa: how far two fields agree beyond what their frequencies alone would give."""
    p, q = left.value_counts(normalize=True), right.value_counts(normalize=True)
    by_chance = float(p.mul(q, fill_value=0.0).sum())
    return (1 - differ - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _judge(view: View, one: Column, other: Column, shared: set[str]) -> list[Finding]:
    both = one.filled & other.filled
    if both.sum() < view.settings.minimum_rows:
        return []
    left, right = one.raw[both], other.raw[both]
    differ = float((left.to_numpy() != right.to_numpy()).mean())
    if differ < _DIFFER or _kappa(left, right, differ) < _RELATED:
        return []
    facts: dict[str, Any] = {"shared": len(shared), "differ": differ, "both": int(both.sum())}
    found = []
    for column, twin in ((one, other), (other, one)):
        words = (
            f"It draws on the same {len(shared)} values as `{twin.name}` (such as {quoted(sorted(shared), most=3)}), "
            f"and differs from it on {percent(differ)} of the {int(both.sum()):,} leads that have both."
        )
        question = f"Is `{column.name}` or `{twin.name}` the later state of the same thing, overwritten as it goes on?"
        found.append(CHECK.finding(Severity.ASK, column.name, words, question=question, other=twin.name, **facts))
    return found


CHECK = Check(
    code="one-thing-at-two-moments",
    title="The same thing as another field, at another moment",
    explanation="Two fields with one vocabulary often hold the first and the last state of one thing. The last one is "
    "overwritten until the export, so for old leads it was written after the moment at which they are to be scored.",
    look=look,
)
