"""Too few outcomes: not enough leads of either sort to learn from."""

from __future__ import annotations

from typing import Any

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import wilson
from training.audit.view import Outcome, View
from training.audit.wording import percent


def look(view: View) -> list[Finding] | NotApplicable:
    """Count, for each outcome, the leads that have it and those known not to."""
    return [finding for outcome in view.outcomes if (finding := _judge(view, outcome))]


def _judge(view: View, outcome: Outcome) -> Finding | None:
    settings = view.settings
    known = int(outcome.known.sum())
    yes = int(outcome.y[outcome.known].sum())
    fewer = min(yes, known - yes)
    if fewer >= settings.few_outcomes_ask:
        return None
    low, high = wilson(yes, known)
    words = (
        f"Of {view.size:,} leads {known:,} have a known outcome: {yes:,} were {outcome.name}, {known - yes:,} not. "
        f"The rate is known only as {percent(low)} to {percent(high)}."
    )
    facts: dict[str, Any] = {
        "outcome": outcome.name,
        "leads": view.size,
        "known": known,
        "outcomes": yes,
        "interval": [low, high],
    }
    if fewer < settings.few_outcomes_block:
        return CHECK.finding(Severity.BLOCK, None, words, **facts)
    question = "Is there an older or fuller export? If not, expect wide intervals and read grades as hints."
    return CHECK.finding(Severity.ASK, None, words, question=question, **facts)


CHECK = Check(
    code="too-few-outcomes",
    title="Too few outcomes",
    explanation="What can be learnt is limited by the rarer of the two outcomes, not by the number of leads.",
    look=look,
)
