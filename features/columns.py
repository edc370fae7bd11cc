"""Columns of facts about leads: the arrays that both a history and a request become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crm.history import Field, Kind, Known, Milestone
from features.instants import Floats, Ints
from features.timeline import Timeline

NUMBERS = frozenset({Kind.NUMBER, Kind.BOOLEAN, Kind.DATE})
WORDS = frozenset({Kind.CATEGORY, Kind.TITLE, Kind.EMAIL, Kind.TEXT})

CREATED = "created"
MOMENTS = (CREATED, *Milestone)
"""The columns of `Facts.moments`: the creation, and the first time each milestone was reached."""


def readable(fields: Sequence[Field]) -> tuple[list[Field], list[Field]]:
    """The fields that may become features: those kept as numbers, and those kept as words."""
    usable = [f for f in fields if f.known != Known.AFTER_OUTCOME]
    return [f for f in usable if f.kind in NUMBERS], [f for f in usable if f.kind in WORDS]


@dataclass(frozen=True, slots=True)
class Overwritten:
    """The values of one attribute that were overwritten: ``old[i]`` held until ``timeline.at[i]``."""

    timeline: Timeline
    old: Floats | NDArray[np.int32]


@dataclass(frozen=True)
class Columns:
    """Columns of facts about leads ``0 … n - 1``.

    ``numbers`` holds numbers, booleans (1, 0) and dates (whole microseconds), missing is NaN. ``codes`` points into
    ``words``: 0 is missing, ``i`` is ``words[column][i - 1]``. Both have one more column, always missing, for fields
    that are not there. ``moments`` are the columns of `MOMENTS`, `NAT` where unknown. ``account`` numbers the accounts
    that have a buying group from 0; ``accounts`` stands for none. ``kind`` points into ``kinds`` and runs along
    ``activities``. The arrays may be shared with the history: nobody writes to them.
    """

    lead_ids: Sequence[str]
    number_names: tuple[str, ...]
    numbers: Floats
    word_names: tuple[str, ...]
    codes: NDArray[np.int32]
    words: tuple[Sequence[str], ...]
    moments: Ints
    activities: Timeline
    kind: NDArray[np.int32]
    kinds: tuple[str, ...]
    account: Ints
    accounts: int
    overwritten: dict[str, Overwritten] = field(default_factory=dict)
