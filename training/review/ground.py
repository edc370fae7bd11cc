"""What was known of the leads when they were handed over: only what the scorer may look at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.facts import Facts
from features.instants import Ints, micros
from models.conditions import Ground
from models.rule_errors import VoicesError
from models.voices import verdicts
from training.review.handed import Handed


def ground_of(handed: Handed) -> Ground | None:
    """The ground of rules on these leads; ``None`` without a scorer.

    Its fields tell what may be looked at: the audit took out what was filled in or overwritten after the outcome, and
    without it nobody can say what was known beforehand.
    """
    if handed.scorer is None:
        return None
    names = {field.name for field in handed.scorer.fields}
    history, never = handed.history, frozenset(handed.definition.never_use)
    blocked = {field.name for field in history.fields} - names - never
    readable = history.without(blocked | never)
    facts = Facts.of_history(readable, readable.fields)
    return Ground(facts, history.fields, handed.scorer.catalog, blocked=blocked, never_use=never)


def at_hand_off(handed: Handed, ground: Ground) -> tuple[Ints, Ints]:
    """The row in the facts of each lead handed over, and the instant of its hand-off."""
    return ground.facts.rows(handed.leads["lead_id"]), micros(handed.leads["handed_off_at"])


def heard(handed: Handed, ground: Ground) -> Mapping[str, np.ndarray] | None:
    """What each team's rule says of every lead handed over; ``None`` where there are no rules, or none that fits."""
    if handed.definition.voices is None:
        return None
    try:
        return verdicts(handed.definition.voices, ground, *at_hand_off(handed, ground))
    except VoicesError:
        return None
