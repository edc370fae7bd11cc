"""An account that dominates: one company's leads or wins shape the whole score."""

from __future__ import annotations

import pandas as pd

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import View
from training.audit.wording import percent


def look(view: View) -> list[Finding] | NotApplicable:
    """Count leads, and each outcome, by account."""
    accounts = view.history.leads["account_id"].reset_index(drop=True)
    if accounts.notna().sum() < view.settings.minimum_rows:
        return NotApplicable("hardly any lead belongs to an account")
    groups = [("leads", accounts)]
    groups += [(f"{o.name} leads", accounts[o.known & (o.y == 1)]) for o in view.outcomes]
    found = [finding for what, ids in groups if (finding := _judge(view, what, ids))]
    return found[:1]


def _judge(view: View, what: str, ids: pd.Series) -> Finding | None:
    counted = ids.value_counts()
    if counted.empty or len(ids) < view.settings.minimum_rows:
        return None
    account, most = str(counted.index[0]), int(counted.iloc[0])
    low, high = wilson(most, len(ids))
    if low < view.settings.dominant_account:
        return None
    words = (
        f"Account “{account}” has {most:,} of {len(ids):,} {what} ({percent(most / len(ids))}, {percent(low)} to "
        f"{percent(high)}); the next has {int(counted.iloc[1]) if len(counted) > 1 else 0:,}."
    )
    question = f"Is “{account}” a customer like the others, or a partner, a test or your own company?"
    numbers = {"account": account, "of": what, "count": most, "total": len(ids), "interval": [low, high]}
    return CHECK.finding(Severity.ASK, None, words, question=question, **numbers)


CHECK = Check(
    code="dominant-account",
    title="One account dominates",
    explanation="When one customer has a large part of the leads or wins, the score describes that customer, and all "
    "others are measured by how much they resemble it.",
    look=look,
)
