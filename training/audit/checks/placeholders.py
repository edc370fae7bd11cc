"""Placeholders: words and numbers that stand for missing, as read from the export, and any that are left."""

from __future__ import annotations

from typing import Any

from crm.history import Kind
from crm.placeholders import sentinel_numbers, words_in
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted

_ASK_SHARE = 0.01


def look(view: View) -> list[Finding] | NotApplicable:
    """Report the placeholders that reading made missing, and look for those still in the tables."""
    if not view.columns:
        return NotApplicable("the history has no fields")
    return _treated(view) + [finding for column in view.columns if (finding := _left(column))]


def _treated(view: View) -> list[Finding]:
    told = view.placeholders
    if told is None:
        return []
    found = []
    for (table, name), rows in told.groupby(["table", "column"], sort=False):
        count = int(rows["rows"].sum())
        values = [str(value) for value in rows["value"]]
        words = f"{quoted(values)} on {count:,} rows of the {table} was read as missing."
        numbers = {"rows": count, "values": values, "table": table, "treated": True}
        found.append(CHECK.finding(Severity.NOTE, str(name), words, **numbers))
    return found


def _left(column: Column) -> Finding | None:
    if column.field.kind is Kind.NUMBER:
        values = [f"{number:g}" for number in sentinel_numbers(column.raw)]
        rows = int(column.raw.isin([float(value) for value in values]).sum())
    elif column.number is None:
        values = words_in(column.raw)
        rows = int(column.raw.isin(values).sum())
    else:
        return None
    if not values:
        return None
    share = rows / len(column.raw)
    words = f"{quoted(values)} on {rows:,} leads ({percent(share)}) looks like a word or number for “missing”."
    numbers: dict[str, Any] = {"rows": rows, "values": values, "share": share, "treated": False}
    if share < _ASK_SHARE:
        return CHECK.finding(Severity.NOTE, column.name, words, **numbers)
    question = f"Does this mean that `{column.name}` is missing? Then add it to the mapping's placeholders."
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **numbers)


CHECK = Check(
    code="placeholders",
    title="Words or numbers that mean “missing”",
    explanation="“Select”, “unknown” or 999 are what a form holds when nobody answered. Taken at their word they "
    "become a segment of their own, and a number shifts every average.",
    look=look,
)
