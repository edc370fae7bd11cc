"""Near-perfect field: one field alone tells the outcome better than any honest field does."""

from __future__ import annotations

from typing import Any

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Floats, Strength, area_by_chance
from training.audit.view import Outcome, View
from training.audit.wording import level_rates, most_severe, percent


def look(view: View) -> list[Finding] | NotApplicable:
    """Judge each field's area under the ROC curve, over all leads and over those where it is filled."""
    if not view.strengths:
        return NotApplicable("no outcome has both sorts of leads")
    found = []
    for outcome in view.outcomes:
        for column in view.columns:
            strength = view.strengths.get((outcome.name, column.name))
            if strength:
                found += _judge(view, column, outcome, strength)
    return most_severe(found)


def _judge(view: View, column: Column, outcome: Outcome, strength: Strength) -> list[Finding]:
    area = max(
        _beyond_chance(view, strength.area, outcome.y[outcome.known]),
        _beyond_chance(view, strength.area_filled, outcome.y[outcome.known & column.filled]),
    )
    if area < view.settings.doubtful_area:
        return []
    rates, levels = level_rates(column, outcome)
    words = (
        f"Alone, and judged on leads it was not learnt from, it puts {_article(outcome.name)} lead before another one "
        f"in {percent(strength.area)} of all pairs{_where_filled(column, strength)}. "
        f"{outcome.name.capitalize()}: {rates}; {percent(outcome.base)} over all."
    )
    facts: dict[str, Any] = {
        "outcome": outcome.name,
        "area": strength.area,
        "area_filled": strength.area_filled,
        "explained": strength.explained,
        "levels": levels,
    }
    if area >= view.settings.perfect_area:
        return [CHECK.finding(Severity.BLOCK, column.name, words, **facts)]
    question = f"Is `{column.name}` known before anybody works the lead, or does it sum up what came of it?"
    return [CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)]


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _where_filled(column: Column, strength: Strength) -> str:
    if column.filled.all():
        return ""
    return f", in {percent(strength.area_filled)} where it is filled ({percent(column.fill)} of the leads)"


def _beyond_chance(view: View, area: float, y: Floats) -> float:
    """The area, or 0.5 where leads are so few that chance alone could give it."""
    enough = len(y) >= view.settings.minimum_rows and area > area_by_chance(y, view.alpha(4 * len(view.columns)))
    return area if enough else 0.5


CHECK = Check(
    code="near-perfect-field",
    title="One field alone tells the outcome",
    explanation="No single fact known early tells who will buy. A field that does was written, or is worded, after "
    "the outcome was known or nearly so.",
    look=look,
)
