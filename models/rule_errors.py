"""What is wrong with a rule, said with the condition's place in the file and what may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import Any

from crm.errors import AccordError

Steps = tuple[str | int, ...]
"""Where a condition stands in the file: the keys and places that lead to it."""

_SHOWN = 12  # names that an error lists at most


class RuleError(AccordError):
    """What is wrong with one condition of a rule; ``steps`` lead to it."""

    def __init__(self, message: str, steps: Steps, **more: Any) -> None:
        super().__init__(message, where=path_of(steps), **more)
        self.steps = steps


class RulesError(AccordError):
    """Everything that is wrong with some rules, in the order of the file."""

    def __init__(self, found: Sequence[RuleError]) -> None:
        first = found[0]
        facts = {"got": first.got, "expected": first.expected, "remedy": first.remedy}
        super().__init__(first.message, where=first.where, **facts)
        self.problems = tuple(found)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """The first problem's fields, and all problems."""
        return {**super().as_dict(), "problems": [problem.as_dict() for problem in self.problems]}


class VoicesError(RulesError):
    """Everything that is wrong with the rules of the voices."""


class SegmentsError(RulesError):
    """Everything that is wrong with the rules of marketing's segments."""


def path_of(steps: Steps) -> str:
    """The steps as people read them.

    >>> path_of(("definition", "voices", "sales", "rule", "all", 2, "field"))
    'definition.voices.sales.rule.all[2].field'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def near(name: str, known: Collection[str]) -> str:
    """What may have been meant, or else what there is.

    >>> near("employes", ("account.employees", "source")), near("x", ("b", "a"))
    ("Did you mean 'account.employees'?", 'There are: a, b.')
    """
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(repr(one) for one in close)}?"
    listed = sorted(known)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"There are: {', '.join(listed[:_SHOWN])}{more}."
