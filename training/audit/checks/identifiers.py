"""Identifiers: fields with a value of their own for nearly every lead, or a serial number."""

from __future__ import annotations

import numpy as np

from crm.history import Kind
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.order import serial_numbers
from training.audit.statistics import rank_correlation
from training.audit.view import View
from training.audit.wording import percent, quoted

_DISTINCT = 0.9
_FEWEST = 50
_PERSONAL_KINDS = (Kind.EMAIL, Kind.TITLE, Kind.TEXT, Kind.DATE)


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for words that are nearly all different, and for serial numbers."""
    columns = [c for c in view.columns if c.field.kind not in _PERSONAL_KINDS and c.filled.sum() >= _FEWEST]
    if not columns:
        return NotApplicable(f"no category or number is filled for {_FEWEST} leads or more")
    return [finding for column in columns if (finding := _judge(view, column))]


def _judge(view: View, column: Column) -> Finding | None:
    if column.number is None:
        return _all_different(column)
    if column.field.of_account:
        return None
    numbers = serial_numbers(column.raw)
    if numbers is None:
        return None
    along = rank_correlation(numbers[column.filled], view.order.rank[column.filled])
    rows = rank_correlation(numbers[column.filled], np.flatnonzero(column.filled).astype("float64"))
    words = (
        f"{column.distinct:,} distinct whole numbers on {int(column.filled.sum()):,} leads; their rank "
        f"correlation with the order of rows is {rows:+.2f}"
    )
    if view.order.is_time:
        words += f", with creation time {along:+.2f}"
    return CHECK.finding(
        Severity.BLOCK, column.name, f"{words}.", distinct=column.distinct, with_rows=rows, with_order=along
    )


def _all_different(column: Column) -> Finding | None:
    filled = int(column.filled.sum())
    owners = column.distinct / filled
    if owners < _DISTINCT or column.field.of_account:
        return None
    examples = [str(v) for v in column.raw[column.filled].iloc[:2]]
    words = f"{column.distinct:,} different values on {filled:,} leads ({percent(owners)}), such as {quoted(examples)}."
    return CHECK.finding(Severity.BLOCK, column.name, words, distinct=column.distinct, filled=filled)


CHECK = Check(
    code="identifier",
    title="An identifier, not a fact about the lead",
    explanation="A value that belongs to one lead teaches nothing about the next. A number that runs with time only "
    "says when the lead came, which the score learns properly from dates.",
    look=look,
)
