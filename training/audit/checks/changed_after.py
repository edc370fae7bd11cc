"""Value changed after the outcome: what the CRM's own record of changes says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import View
from training.audit.wording import percent
from training.funnel import DAY, NEVER, Funnel, instants, microseconds

_NOTE_SHARE = 0.02
_BLOCK_SHARE = 0.2
_SOON = 7.0
_FASTER = 3.0
_HUNDRED = 100.0


def look(view: View) -> list[Finding] | NotApplicable:
    """Count, for each field, the decided leads whose value was overwritten at or after their outcome.

    A field that is corrected now and then is corrected after outcomes too. What the outcome writes comes in the week
    after it, at several times the usual pace: lead-days before the outcome are the measure of the usual one.
    """
    changes = view.history.changes
    if changes.empty:
        return NotApplicable("the export records no changes of values")
    if view.steps is None:
        return NotApplicable("the export has no times of outcomes")
    decided = int((view.steps.final != NEVER).sum())
    if decided < view.settings.minimum_rows:
        return NotApplicable(f"only {decided} leads are decided")
    dated = _from_outcome(view.steps, changes)
    before, after = _lead_days(view, view.steps)
    found = []
    for column in view.columns:
        days = dated[dated["field"] == column.name]
        late = days[days["days"] >= 0]
        soon = (late["days"] <= _SOON).sum() / max(after, 1.0)
        usual = ((days["days"] < 0).sum() + 1) / max(before, 1.0)
        found += _judge(view, column.name, late, decided, float(soon / usual))
    return found


def _from_outcome(steps: Funnel, changes: pd.DataFrame) -> pd.DataFrame:
    """The changes of decided leads, with how many days after the outcome; negative before it."""
    row = steps.lead_id.get_indexer(pd.Index(changes["lead_id"]))
    at = instants(changes["changed_at"])
    final = np.where(row >= 0, steps.final[row], NEVER)
    known = (final != NEVER) & (at != NEVER)
    return changes.loc[known, ["lead_id", "field"]].assign(days=(at - final)[known] / DAY)


def _lead_days(view: View, steps: Funnel) -> tuple[float, float]:
    """Days that decided leads spent before their outcome, and in the week after it."""
    decided = (steps.final != NEVER) & (steps.created != NEVER)
    final = steps.final[decided] / DAY
    export = microseconds(view.history.exported_at) / DAY
    before = np.maximum(final - steps.created[decided] / DAY, 0.0)
    return float(before.sum()), float(np.clip(export - final, 0.0, _SOON).sum())


def _judge(view: View, name: str, late: pd.DataFrame, decided: int, faster: float) -> list[Finding]:
    leads = late["lead_id"].nunique()
    if leads < max(_NOTE_SHARE * decided, view.settings.minimum_rows / 3):
        return []
    share = leads / decided
    low, high = wilson(leads, decided)
    median = float(late["days"].median())
    often = f"{faster:.1f}" if faster < _HUNDRED else "over a hundred"
    words = (
        f"Overwritten at or after the outcome for {leads:,} of {decided:,} decided leads "
        f"({percent(share)}, {percent(low)} to {percent(high)}), half of them within {median:.1f} days. In the week "
        f"after the outcome changes come {often} times as often as before it."
    )
    facts: dict[str, Any] = {
        "leads": leads,
        "decided": decided,
        "share": share,
        "interval": [low, high],
        "median_days": median,
        "times_as_often": faster,
    }
    if faster < _FASTER:
        return [CHECK.finding(Severity.NOTE, name, words, **facts)]
    if share >= _BLOCK_SHARE:
        return [CHECK.finding(Severity.BLOCK, name, words, **facts)]
    question = f"Does the export hold all changes of `{name}`? Then scores use the value before; if not, take it out."
    return [CHECK.finding(Severity.ASK, name, words, question=question, **facts)]


CHECK = Check(
    code="changed-after-outcome",
    title="Overwritten after the outcome",
    explanation="A value that is overwritten once a lead is decided tells what came of it. Where every change is "
    "recorded the old value can be restored, but a record that starts late or misses imports cannot be told from a "
    "full one.",
    look=look,
)
