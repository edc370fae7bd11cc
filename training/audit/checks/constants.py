"""Constants and twins: fields that say nothing, and fields that say what another field says."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted

_NEARLY_ALL = 0.999
_A_VALUE_PER_LEAD = 0.95


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for fields with one value, fields never filled, and pairs whose values map one to one."""
    if not view.columns:
        return NotApplicable("the history has no fields")
    constant = [finding for column in view.columns if (finding := _constant(column))]
    named = {finding.field for finding in constant}
    return constant + _twins([c for c in view.columns if c.name not in named])


def _constant(column: Column) -> Finding | None:
    filled = int(column.filled.sum())
    if filled == 0:
        return CHECK.finding(Severity.NOTE, column.name, "It is empty for every lead.", filled=0, distinct=0)
    counted = column.raw.value_counts()
    share = float(counted.iloc[0] / filled)
    if share < _NEARLY_ALL:
        return None
    words = f"{percent(share)} of the {filled:,} filled values are {quoted([str(counted.index[0])])}."
    return CHECK.finding(Severity.NOTE, column.name, words, filled=filled, distinct=column.distinct, share=share)


def _twins(columns: list[Column]) -> list[Finding]:
    """Fields that are empty together and whose values map one to one are one field under two names.

    Values are compared through their codes in order of first appearance, which are equal exactly then; a hash finds
    the pairs without comparing all with all. A value per lead maps to anything, so such fields are left out.
    """
    first: dict[int, Column] = {}
    found = []
    for column in columns:
        if column.distinct > _A_VALUE_PER_LEAD * column.filled.sum():
            continue
        codes = pd.factorize(column.raw)[0]
        key = hash(codes.tobytes())
        twin = first.setdefault(key, column)
        if twin is not column and np.array_equal(codes, pd.factorize(twin.raw)[0]):
            words = (
                f"Each of its {column.distinct:,} values goes with exactly one value of `{twin.name}`, on every lead."
            )
            found.append(CHECK.finding(Severity.NOTE, column.name, words, twin=twin.name, distinct=column.distinct))
    return found


CHECK = Check(
    code="constants-and-twins",
    title="Says nothing, or what another field says",
    explanation="A field with one value cannot tell leads apart. Two fields that say the same share one effect between "
    "them, and the reasons shown with a score become arbitrary.",
    look=look,
)
