"""Attributes as they stood at an instant: what was overwritten later is undone."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from features.columns import Overwritten
from features.facts import Facts
from features.instants import Floats, Ints

V = TypeVar("V", Floats, NDArray[np.int32])


def rewound(current: V, overwritten: Overwritten, lead: Ints, as_of: Ints) -> V:
    """The values at ``as_of``: the old value of the first change after it, or the current one where there is none.

    A change at exactly ``as_of`` is already made, as in `crm.past.values_at`.
    """
    timeline = overwritten.timeline
    position = timeline.position(lead, as_of[:, None])[:, 0]
    undone = position < timeline.first[lead + 1]
    return np.where(undone, overwritten.old.take(position, mode="clip"), current).astype(current.dtype)


class Numbers:
    """Several number, boolean or date fields, in the given order; fields that the facts do not have are missing."""

    def __init__(self, facts: Facts, names: list[str]) -> None:
        self._columns = _places(names, facts.number_names)
        self._numbers = facts.numbers
        self._changed = [(i, facts.overwritten[name]) for i, name in enumerate(names) if name in facts.overwritten]

    def at(self, lead: Ints, as_of: Ints) -> Floats:
        """The values: float64[n, fields]."""
        values = self._numbers.take(lead, axis=0).take(self._columns, axis=1)
        for i, overwritten in self._changed:
            values[:, i] = rewound(values[:, i], overwritten, lead, as_of)
        return values


class Codes:
    """Several fields of words, in the given order, as codes into ``facts.words``; 0 is missing."""

    def __init__(self, facts: Facts, names: list[str]) -> None:
        self._columns = _places(names, facts.word_names)
        self._codes = facts.codes
        self._changed = [(i, facts.overwritten[name]) for i, name in enumerate(names) if name in facts.overwritten]

    @property
    def changed(self) -> bool:
        """Whether any value was ever overwritten, so that an earlier instant can give another one."""
        return bool(self._changed)

    def at(self, lead: Ints, as_of: Ints) -> NDArray[np.int32]:
        """The codes: int32[n, fields]."""
        codes = self._codes.take(lead, axis=0).take(self._columns, axis=1)
        for i, overwritten in self._changed:
            codes[:, i] = rewound(codes[:, i], overwritten, lead, as_of)
        return codes


def _places(names: list[str], known: tuple[str, ...]) -> Ints:
    """Columns by name; the last column, always missing, stands for what is not there."""
    place = {name: i for i, name in enumerate(known)}
    return np.array([place.get(name, len(known)) for name in names], np.int64)
