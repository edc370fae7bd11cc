"""How long-running work says how far it is; only the command line draws it."""

from __future__ import annotations

from collections.abc import Callable

Step = Callable[[str, float], None]
"""Called with the name of the stage and the fraction of the whole that is done, 0 to 1."""


def silent(stage: str, done: float) -> None:
    """Say nothing."""


def within(step: Step, start: float, end: float) -> Step:
    """A step for a part of the work: its 0 to 1 are ``start`` to ``end`` of the whole.

    >>> said = []
    >>> within(lambda stage, done: said.append((stage, done)), 0.5, 0.9)("fit", 0.5)
    >>> said
    [('fit', 0.7)]
    """

    def part(stage: str, done: float) -> None:
        step(stage, start + (end - start) * done)

    return part
