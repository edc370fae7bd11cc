"""Rows set aside while reading: how much of the export broke a rule, and which."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crm.quarantine import counts
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted

_ASK_SHARE = 0.02


def look(view: View) -> list[Finding] | NotApplicable:
    """Report the quarantine by table and rule, against the rows that were read."""
    told = view.quarantine
    if told is None:
        return NotApplicable("the history was not read from an export")
    history = view.history
    read = {
        "leads": len(history.leads),
        "accounts": len(history.accounts),
        "activities": len(history.activities),
        "milestones": len(history.milestones),
        "changes": len(history.changes),
    }
    return [_finding(row, read.get(row["table"], 0)) for row in counts(told).to_dict("records")] if len(told) else []


def _finding(row: dict[str, object], good: int) -> Finding:
    rows = int(str(row["rows"]))
    share = rows / (good + rows)
    done = "set aside" if row["fate"] == "set_aside" else "read without the value"
    words = f"{rows:,} rows of the {row['table']} ({percent(share)}) were {done}: {row['rule']} in `{row['column']}`"
    words += "." if pd.isna(row["example"]) else f", such as {quoted([str(row['example'])])}."
    numbers: dict[str, Any] = {
        "table": row["table"],
        "rule": row["rule"],
        "column": row["column"],
        "rows": rows,
        "share": share,
    }
    if share < _ASK_SHARE:
        return CHECK.finding(Severity.NOTE, None, words, **numbers)
    question = "Is the mapping right for these rows? The quarantine file has them with their line."
    return CHECK.finding(Severity.ASK, None, words, question=question, **numbers)


CHECK = Check(
    code="rows-set-aside",
    title="Rows set aside while reading",
    explanation="Rows that break a rule are not in the history. When they are many, what is left may not be like the "
    "whole: often one source or one period writes its dates in another way.",
    look=look,
)
