"""Strongest single signal by far: honest or not, one field carries the score; a person should say why."""

from __future__ import annotations

from typing import Any

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import area_by_chance
from training.audit.view import Outcome, View
from training.audit.wording import level_rates, most_severe, percent

_FEWEST_FIELDS = 2


def look(view: View) -> list[Finding] | NotApplicable:
    """Compare how much of each outcome the strongest remaining field explains with what the next one does."""
    if len(view.candidates) < _FEWEST_FIELDS:
        return NotApplicable("fewer than two fields are left to compare")
    if not view.strengths:
        return NotApplicable("no outcome has both sorts of leads")
    found = [finding for outcome in view.outcomes if (finding := _judge(view, outcome))]
    return most_severe(found)


def _judge(view: View, outcome: Outcome) -> Finding | None:
    explained = [
        (view.strengths[outcome.name, column.name].explained, column)
        for column in view.candidates
        if (outcome.name, column.name) in view.strengths
    ]
    if len(explained) < _FEWEST_FIELDS:
        return None
    (first, column), (second, runner_up) = sorted(explained, key=lambda pair: -pair[0])[:2]
    settings = view.settings
    y = outcome.y[outcome.known]
    if view.strengths[outcome.name, column.name].area <= area_by_chance(y, view.alpha(2 * len(view.columns))):
        return None
    if first < settings.dominance_share or first < settings.dominance * second:
        return None
    rates, levels = level_rates(column, outcome)
    words = (
        f"Alone it explains {percent(first)} of “{outcome.name}” (log-loss, on leads it was not learnt "
        f"from), the next field "
        f"`{runner_up.name}` {percent(max(0.0, second))}. {outcome.name.capitalize()}: {rates}."
    )
    question = f"Why does `{column.name}` say so much more than any other field, and is it known when a lead is scored?"
    facts: dict[str, Any] = {
        "outcome": outcome.name,
        "explained": first,
        "next": runner_up.name,
        "next_explained": second,
        "levels": levels,
    }
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)


CHECK = Check(
    code="strongest-by-far",
    title="The strongest single signal by far",
    explanation="A score that hangs on one field stands and falls with it. Often the field is honest; often it was "
    "written late. Only somebody who knows the process can tell.",
    look=look,
)
