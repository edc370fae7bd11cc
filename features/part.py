"""A part of a catalog: features that are computed together, prepared once per catalog and once per facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from features.facts import Facts
from features.instants import Floats, Ints
from features.spec import Feature

Placed = Sequence[tuple[int, Feature]]
"""Features with their columns in the matrix."""

Fill = Callable[[Ints, Ints, Floats], None]
"""``fill(lead, as_of, out)`` writes the part's columns of ``out``, one row a snapshot; ``lead`` rises."""


class Part(Protocol):
    """Features computed together, compiled from their specs."""

    timeless: ClassVar[bool]
    """Whether it can be computed for a snapshot without a time; if not, its columns are missing there."""

    def bind(self, facts: Facts) -> Fill:
        """Prepares what depends on the facts but on no snapshot."""
