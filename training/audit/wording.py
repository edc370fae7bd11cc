"""How evidence is said: numbers in words, and the one finding to show where a check has several about a field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from training.audit.columns import Column
from training.audit.finding import Finding, Severity
from training.audit.statistics import wilson
from training.audit.view import Outcome

_GRAVITY = {Severity.BLOCK: 0, Severity.ASK: 1, Severity.NOTE: 2}
_LONGEST = 40


def percent(share: float) -> str:
    """A share in words; small ones and nearly whole ones are not rounded away.

    >>> percent(0.4637), percent(0.0004), percent(1.0), percent(0.9996)
    ('46 %', '0.04 %', '100 %', '99.96 %')
    """
    edge = min(abs(share), abs(1 - share))
    digits = 0 if edge >= 0.1 or edge < 1e-12 else 1 if edge >= 0.01 else 2  # noqa: PLR2004
    return f"{100 * share:.{digits}f} %"


def group(leads: int, outcomes: int) -> dict[str, Any]:
    """A group of leads and its outcome rate with a 95 % interval, for machines."""
    low, high = wilson(outcomes, leads)
    return {"leads": leads, "outcomes": outcomes, "rate": outcomes / leads if leads else None, "interval": [low, high]}


def gravity(finding: Finding) -> int:
    """0 for the gravest."""
    return _GRAVITY[finding.severity]


def most_severe(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest finding of each field; of equals, the first."""
    best: dict[str | None, Finding] = {}
    for finding in findings:
        known = best.get(finding.field)
        if known is None or gravity(finding) < gravity(known):
            best[finding.field] = finding
    return list(best.values())


def quoted(values: Sequence[str], most: int = 6) -> str:
    """Values in quotation marks, long ones cut, at most so many of them.

    >>> quoted(["a", "b", "c"], most=2)
    '“a”, “b” and 1 more'
    """
    shown = ", ".join(f"“{v if len(v) <= _LONGEST else v[: _LONGEST - 1] + '…'}”" for v in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"


def level_rates(column: Column, outcome: Outcome, most: int = 6) -> tuple[str, list[dict[str, Any]]]:
    """The most telling levels of a field with their outcome rates, in words and for machines.

    Telling is how many outcomes a level has more or fewer than the base rate lets expect.
    """
    leads = column.counts(outcome.known)
    wins = column.counts(outcome.known & (outcome.y == 1))
    names = [*column.levels, "(empty)"]
    surplus = abs(wins - leads * outcome.base)
    chosen = [int(i) for i in surplus.argsort(kind="stable")[::-1][:most] if leads[i] > 0]
    chosen.sort(key=lambda i: -wins[i] / leads[i])
    numbers = [{"value": names[i], **group(int(leads[i]), int(wins[i]))} for i in chosen]
    words = ", ".join(f"{quoted([names[i]])} {percent(wins[i] / leads[i])} of {int(leads[i]):,}" for i in chosen)
    return words, numbers
