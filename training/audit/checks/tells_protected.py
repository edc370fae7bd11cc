"""Fields that stand in for a protected attribute: whoever reads them reads it."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from training.audit.checks.personal import of_protected_traits
from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent

_MOST_LEVELS = 40
_LEADS_PER_LEVEL = 10
_BLOCK, _ASK = 0.9, 0.7
_SAME_ORDER = 0.95


def look(view: View) -> list[Finding] | NotApplicable:
    """Hold each remaining field against each protected attribute that was taken out."""
    protected = of_protected_traits(view)
    if not protected:
        return NotApplicable("no field describes a protected trait")
    others = [c for c in view.candidates if c.name not in {p.name for p in protected}]
    found = [finding for column in others for p in protected if (finding := _judge(view, column, p))]
    gravest: dict[str, Finding] = {}
    for finding in sorted(found, key=lambda f: (f.severity is not Severity.BLOCK, -f.numbers["told"])):
        gravest.setdefault(str(finding.field), finding)
    return [gravest[c.name] for c in others if c.name in gravest]


def _judge(view: View, column: Column, protected: Column) -> Finding | None:
    told = _order(view, column, protected)
    if told is None:
        told = _share_told(view, column, protected)
    if told is None or told < _ASK:
        return None
    words = f"It tells `{protected.name}`, a protected attribute, in {percent(told)} of what can be told about it."
    sure = told >= _BLOCK
    question = None if sure else f"Does `{column.name}` stand in for `{protected.name}`? Then take it out."
    severity = Severity.BLOCK if sure else Severity.ASK
    return CHECK.finding(severity, column.name, words, question=question, tells=protected.name, told=told, trait=sure)


def _order(view: View, column: Column, protected: Column) -> float | None:
    """Of two numbers, such as an age and a year of birth: whether they put leads into one order, or its reverse."""
    if column.number is None or protected.number is None:
        return None
    both = column.filled & protected.filled
    if both.sum() < view.settings.minimum_rows or len(np.unique(column.number[both])) < _LEADS_PER_LEVEL:
        return None
    same = abs(float(spearmanr(column.number[both], protected.number[both]).statistic))
    return same if same >= _SAME_ORDER else None


def _share_told(view: View, column: Column, protected: Column) -> float | None:
    """How much better than its commonest value the trait is guessed from the field, 1 being always (Goodman, Kruskal).

    A field that is empty tells something too: a maiden name.
    """
    rows = protected.filled
    width = len(column.levels) + 1
    leads = int(rows.sum())
    if leads < max(view.settings.minimum_rows, _LEADS_PER_LEVEL * width) or width > _MOST_LEVELS:
        return None
    level = np.where(column.codes[rows] < 0, width - 1, column.codes[rows])
    table = np.zeros((width, len(protected.levels)))
    np.add.at(table, (level, protected.codes[rows]), 1.0)
    commonest = table.sum(axis=0).max()
    if commonest >= leads:
        return None
    return float((table.max(axis=1).sum() - commonest) / (leads - commonest))


CHECK = Check(
    code="tells-protected",
    title="Stands in for a protected attribute",
    explanation="A score that may not read somebody's sex, age or origin must not read it from a code or a column that "
    "says the same.",
    look=look,
)
