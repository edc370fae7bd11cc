"""Personal or protected attributes: what the law or fairness keeps out of a score, found in the values."""

from __future__ import annotations

import re

import numpy as np

from crm.history import Kind
from training.audit.checks.lexicon import FIRST_NAMES, IDENTIFYING_NAMES, PATTERNS, PROTECTED, PROTECTED_NAMES
from training.audit.checks.vocabulary import reads_like
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted
from training.funnel import DAY, microseconds

_FEWEST = 10
_NEARLY_ALL = 0.8
_NAMES = 0.3
_MOSTLY_DIFFERENT = 0.3
_DIFFERENT_NAMES = 10
_YOUNGEST, _OLDEST = 14.0, 100.0
_YEAR = 365.25
_SPREAD = 10.0
_REDUCED = {Kind.EMAIL: "the type of its domain", Kind.TITLE: "a seniority", Kind.TEXT: "its presence"}


def look(view: View) -> list[Finding] | NotApplicable:
    """Read the values of each field, then its name."""
    if not view.columns:
        return NotApplicable("the history has no fields")
    return [finding for column in view.columns if (finding := _judge(view, column))]


def _judge(view: View, column: Column) -> Finding | None:
    if column.field.kind in _REDUCED:
        reduced = _REDUCED[column.field.kind]
        words = f"Declared {column.field.kind}: only {reduced} becomes a feature, never the words themselves."
        return CHECK.finding(Severity.NOTE, column.name, words, found=str(column.field.kind))
    if column.filled.sum() < _FEWEST:
        return None
    return _by_values(view, column) or _by_name(column)


def _by_values(view: View, column: Column) -> Finding | None:
    if column.field.kind is Kind.DATE:
        return _birth_dates(view, column)
    if column.number is not None:
        return None
    for what, pattern in PATTERNS.items():
        share, levels = _reading(column, pattern)
        if share >= _NEARLY_ALL:
            return _block(column, what, share, [f"{len(levels):,} different"])
    for what, words in PROTECTED.items():
        share, levels = _in_words(column, words)
        if share >= _NEARLY_ALL and len(levels) > 1:
            return _block(column, what, share, levels)
    share, levels = _names(column)
    if share >= _NAMES and len(levels) >= _DIFFERENT_NAMES and not column.field.actor:
        return _block(column, "first names of people", share, [f"{len(levels):,} different"])
    return None


def _reading(column: Column, pattern: re.Pattern[str]) -> tuple[float, list[str]]:
    reading = reads_like(column, pattern)
    return reading.share, reading.levels


def _in_words(column: Column, words: frozenset[str]) -> tuple[float, list[str]]:
    counts = column.counts(column.filled)[:-1]
    chosen = [i for i, level in enumerate(column.levels) if level.strip().casefold().rstrip(".") in words]
    return float(counts[chosen].sum() / counts.sum()), [column.levels[i] for i in chosen]


def _names(column: Column) -> tuple[float, list[str]]:
    counts = column.counts(column.filled)[:-1]
    chosen = [
        i
        for i, level in enumerate(column.levels)
        if (parts := level.casefold().replace("-", " ").split()) and len(parts) <= 4 and parts[0] in FIRST_NAMES  # noqa: PLR2004
    ]
    return float(counts[chosen].sum() / counts.sum()), [column.levels[i] for i in chosen]


def _birth_dates(view: View, column: Column) -> Finding | None:
    assert column.number is not None  # noqa: S101 - dates have numbers
    export = microseconds(view.history.exported_at) / DAY
    age = (export - column.number[column.filled]) / _YEAR
    ages = [f"ages {np.quantile(age, 0.05):.0f} to {np.quantile(age, 0.95):.0f}"]
    share = float(((age >= _YOUNGEST) & (age <= _OLDEST)).mean())
    if share < _NEARLY_ALL or float(np.quantile(age, 0.9) - np.quantile(age, 0.1)) < _SPREAD or column.field.of_account:
        return None
    return _block(column, "dates of birth", share, ages)


def _block(column: Column, what: str, share: float, examples: list[str]) -> Finding:
    words = f"{percent(share)} of its filled values are {what} ({quoted(examples)})."
    return CHECK.finding(Severity.BLOCK, column.name, words, found=what, share=share)


def _by_name(column: Column) -> Finding | None:
    plain = re.sub(r"[^a-zà-ÿ]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.field.column).casefold())
    differs = column.distinct >= _MOSTLY_DIFFERENT * column.filled.sum()
    named = PROTECTED_NAMES.search(plain) or (IDENTIFYING_NAMES.search(plain) if differs else None)
    if not named:
        return None
    words = f"Its name contains “{named[0]}”; its values do not show what they are."
    question = f"Does `{column.name}` describe a person's protected trait or identify a person? Then take it out."
    return CHECK.finding(Severity.ASK, column.name, words, question=question, found=named[0])


CHECK = Check(
    code="personal-or-protected",
    title="Personal or protected attribute",
    explanation="Names, addresses and numbers of people teach nothing that holds for the next person and must not "
    "spread. Sex, age, origin, belief, health or family must not decide how somebody is treated.",
    look=look,
)
