"""Personal or protected attributes: what the law or fairness keeps out of a score, found in the values."""

from __future__ import annotations

import re

import numpy as np

from crm.history import Kind
from training.audit.checks.lexicon import COLOURS, FIRST_NAMES, IDENTIFYING_NAMES, NEUTRAL, PATTERNS, PROTECTED, plain
from training.audit.checks.traits import named, words_of
from training.audit.checks.vocabulary import reads_like
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted
from training.funnel import DAY, microseconds

_FEWEST = 10
_NEARLY_ALL = 0.8
_SOME = 0.3
_NAMES = 0.3
_BIRTH = {"dates of birth", "numbers of social security"}
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


def of_protected_traits(view: View) -> list[Column]:
    """The fields that describe a protected trait, not only a person, kept or not."""
    judged = [(column, _judge(view, column)) for column in view.columns]
    return [column for column, finding in judged if finding is not None and finding.numbers.get("trait")]


def _judge(view: View, column: Column) -> Finding | None:
    if column.field.kind in _REDUCED:
        return _of_reduced(column)
    if column.filled.sum() < _FEWEST:
        return None
    return _by_values(view, column) or _by_name(column)


def _of_reduced(column: Column) -> Finding:
    """Addresses, job titles and texts are reduced; but presence and length of a trait's words tell the trait."""
    if column.filled.sum() >= _FEWEST and column.field.kind is Kind.TEXT and (told := _in_traits(column)):
        return told
    if column.filled.sum() >= _FEWEST and (called := named(column)) and called[1]:
        return _called(column, called[0])
    reduced = _REDUCED[column.field.kind]
    words = f"Declared {column.field.kind}: only {reduced} becomes a feature, never the words themselves."
    return CHECK.finding(Severity.NOTE, column.name, words, found=str(column.field.kind))


def _by_values(view: View, column: Column) -> Finding | None:
    if column.field.kind is Kind.DATE:
        return _birth_dates(view, column)
    if column.number is not None:
        return None
    for what, pattern in PATTERNS.items():
        share, levels = _reading(column, pattern)
        if share >= _NEARLY_ALL:
            return _block(column, what, share, [f"{len(levels):,} different"], trait=what in _BIRTH)
    if told := _in_traits(column):
        return told
    share, levels = _names(column)
    if share >= _NAMES and len(levels) >= _DIFFERENT_NAMES and not column.field.actor:
        return _block(column, "first names of people", share, [f"{len(levels):,} different"])
    return None


def _reading(column: Column, pattern: re.Pattern[str]) -> tuple[float, list[str]]:
    reading = reads_like(column, pattern)
    return reading.share, reading.levels


def _in_traits(column: Column) -> Finding | None:
    for what, words in PROTECTED.items():
        share, levels = _in_words(column, words)
        if share >= _NEARLY_ALL and len(levels) > 1 and not {plain(level) for level in levels} <= COLOURS:
            return _block(column, what, share, levels, trait=True)
    return None


def _in_words(column: Column, words: frozenset[str]) -> tuple[float, list[str]]:
    """The share in these words, beside those that say nothing either way, and the levels."""
    counts = column.counts(column.filled)[:-1]
    plainly = [plain(level) for level in column.levels]
    chosen = [i for i, level in enumerate(plainly) if level in words]
    neutral = [i for i, level in enumerate(plainly) if level in NEUTRAL]
    told = counts.sum() - counts[neutral].sum()
    if counts[chosen].sum() < _SOME * counts.sum():
        return 0.0, []
    return float(counts[chosen].sum() / told), [column.levels[i] for i in chosen]


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
    return _block(column, "dates of birth", share, ages, trait=True)


def _block(column: Column, what: str, share: float, examples: list[str], *, trait: bool = False) -> Finding:
    words = f"{percent(share)} of its filled values are {what} ({quoted(examples)})."
    return CHECK.finding(Severity.BLOCK, column.name, words, found=what, share=share, trait=trait)


def _by_name(column: Column) -> Finding | None:
    called = named(column)
    if called and called[1]:
        return _called(column, called[0])
    differs = column.distinct >= _MOSTLY_DIFFERENT * column.filled.sum()
    identifying = IDENTIFYING_NAMES.search(words_of(column.field.column)) if differs else None
    word = called[0] if called else identifying[0] if identifying else None
    if word is None:
        return None
    words = f"Its name contains “{word}”; its values do not show what they are."
    question = f"Does `{column.name}` describe a person's protected trait or identify a person? Then take it out."
    return CHECK.finding(Severity.ASK, column.name, words, question=question, found=word)


def _called(column: Column, word: str) -> Finding:
    words = (
        f"Its name says “{word}”, a protected trait, and its values ({quoted(list(column.levels[:4]))}) do not speak "
        "against it. If it is something else, say what it is, as the definition's reason to keep it."
    )
    return CHECK.finding(Severity.BLOCK, column.name, words, found=f"named “{word}”", trait=True)


CHECK = Check(
    code="personal-or-protected",
    title="Personal or protected attribute",
    explanation="Names, addresses and numbers of people teach nothing that holds for the next person and must not "
    "spread. Sex, age, origin, belief, health or family must not decide how somebody is treated.",
    look=look,
)
