"""The outcome written twice: kinds of activity that come with the final milestone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import DAY, NEVER, instants

_HOUR = DAY // 24
_SHARE = 0.8


def look(view: View) -> list[Finding] | NotApplicable:
    """For each kind of activity, count the decided leads that first have it within an hour of their outcome."""
    if view.steps is None:
        return NotApplicable("the export has no times of outcomes")
    table = view.history.activities
    if table.empty:
        return NotApplicable("the history has no activities")
    row = view.steps.lead_id.get_indexer(pd.Index(table["lead_id"]))
    final = np.where(row >= 0, view.steps.final[row], NEVER)
    at = instants(table["occurred_at"])
    decided = (final != NEVER) & (at != NEVER)
    first = pd.DataFrame({"kind": table["kind"].to_numpy(), "lead": row, "at": at, "final": final})[decided]
    first = first.groupby(["kind", "lead"], sort=True).min()
    near = ((first["at"] - first["final"]).abs() <= _HOUR).groupby("kind").agg(["size", "sum"])
    return [
        _finding(str(kind), int(leads), int(close))
        for kind, leads, close in near.itertuples()
        if leads >= view.settings.minimum_rows and close >= _SHARE * leads
    ]


def _finding(kind: str, leads: int, close: int) -> Finding:
    low, high = wilson(close, leads)
    words = (
        f"`{kind}` first came within an hour of the outcome for {close:,} of the {leads:,} decided leads that have it "
        f"({percent(close / leads)}, {percent(low)} to {percent(high)})."
    )
    question = f"Is `{kind}` the outcome written a second time? Then leave it out of the activities."
    return CHECK.finding(
        Severity.ASK, None, words, question=question, kind=kind, leads=leads, near=close, interval=[low, high]
    )


CHECK = Check(
    code="outcome-written-twice",
    title="Activity that comes with the outcome",
    explanation="An activity that is logged when the lead is won or lost says nothing before. Scores use only what "
    "came before they are asked for, but a clock a few minutes off is enough to let it in.",
    look=look,
)
