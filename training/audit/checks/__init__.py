"""The checks, in the order in which they run: those that take fields out come before those that build on it."""

from training.audit.checks import (
    constants,
    contained,
    identifiers,
    latest_event,
    near_perfect,
    presence,
    sales_words,
    strongest,
    too_few,
    waves,
)
from training.audit.finding import Check

CHECKS: tuple[Check, ...] = (
    too_few.CHECK,
    identifiers.CHECK,
    presence.CHECK,
    near_perfect.CHECK,
    contained.CHECK,
    sales_words.CHECK,
    latest_event.CHECK,
    waves.CHECK,
    strongest.CHECK,
    constants.CHECK,
)
