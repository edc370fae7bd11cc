"""Value changed after the outcome: what the CRM's own record of changes says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

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

    A field that is corrected now and then is corrected after outcomes too. What the outcome writes comes at several
    times the usual pace, in the week after it or over the whole time since: lead-days before the outcome are the
    measure of the usual one.
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
    before, week, since = _lead_days(view, view.steps)
    found = []
    for column in view.columns:
        days = dated.loc[(dated["field"] == column.name).to_numpy()]
        early, late = int((days["days"] < 0).sum()), days[days["days"] >= 0]
        alpha = view.alpha(2 * len(view.columns))
        faster = max(
            times_as_often(int((late["days"] <= _SOON).sum()), week, early, before, alpha),
            times_as_often(len(late), since, early, before, alpha),
        )
        found += _judge(view, column.name, late, decided, faster)
    return found


def times_as_often(after: int, exposed_after: float, before: int, exposed_before: float, alpha: float) -> float:
    """How many times as often something happens after as before, per day; 1 where chance could give as much.

    Given their sum, counts of two equal rates are binomial with the share of the exposure (Przyborowski and Wilenski).
    """
    if exposed_after <= 0 or exposed_before <= 0:
        return 1.0
    share = exposed_after / (exposed_after + exposed_before)
    if stats.binom.sf(after - 1, after + before, share) > alpha:
        return 1.0
    return float((after / exposed_after) / ((before + 1) / exposed_before))


def _from_outcome(steps: Funnel, changes: pd.DataFrame) -> pd.DataFrame:
    """The changes of decided leads, with how many days after the outcome; negative before it."""
    row = steps.lead_id.get_indexer(pd.Index(changes["lead_id"]))
    at = instants(changes["changed_at"])
    final = np.where(row >= 0, steps.final[row], NEVER)
    known = (final != NEVER) & (at != NEVER)
    return changes.loc[known, ["lead_id", "field"]].assign(days=(at - final)[known] / DAY)


def _lead_days(view: View, steps: Funnel) -> tuple[float, float, float]:
    """Days that decided leads spent before their outcome, in the week after it, and from it to the export."""
    decided = (steps.final != NEVER) & (steps.created != NEVER)
    final = steps.final[decided] / DAY
    since = np.maximum(microseconds(view.history.exported_at) / DAY - final, 0.0)
    before = np.maximum(final - steps.created[decided] / DAY, 0.0)
    return float(before.sum()), float(np.minimum(since, _SOON).sum()), float(since.sum())


def _judge(view: View, name: str, late: pd.DataFrame, decided: int, faster: float) -> list[Finding]:
    leads = late["lead_id"].nunique()
    if leads < max(_NOTE_SHARE * decided, view.settings.minimum_rows / 3):
        return []
    share = leads / decided
    low, high = wilson(leads, decided)
    median = float(late["days"].median())
    words = (
        f"Overwritten at or after the outcome for {leads:,} of {decided:,} decided leads "
        f"({percent(share)}, {percent(low)} to {percent(high)}), half of them within {median:.1f} days. {_pace(faster)}"
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


def _pace(faster: float) -> str:
    if faster < _FASTER:
        return "Changes come at the same pace before it."
    often = f"{faster:.0f}" if faster < _HUNDRED else "over a hundred"
    return f"Changes come {often} times as often as before it."


CHECK = Check(
    code="changed-after-outcome",
    title="Overwritten after the outcome",
    explanation="A value that is overwritten once a lead is decided tells what came of it. Where every change is "
    "recorded the old value can be restored, but a record that starts late or misses imports cannot be told from a "
    "full one.",
    look=look,
)
