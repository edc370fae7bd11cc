"""Attributes as known then: numbers, booleans, categories, and what is left of titles, e-mail addresses and texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Self

import numpy as np

from crm.history import Milestone
from features.facts import Facts
from features.instants import NAT, Floats, Ints
from features.part import Fill, Placed
from features.rewind import Codes, Numbers
from features.spec import Availability, Family, Feature, FeatureKind
from features.words import domain_type, seniority

_READ: dict[Family, Callable[[str], str]] = {
    Family.ATTRIBUTE: str,
    Family.SENIORITY: seniority,
    Family.DOMAIN: domain_type,
}


class NumberAttributes:
    """Numbers and booleans: the columns themselves."""

    timeless: ClassVar[bool] = True

    def __init__(self, placed: Placed) -> None:
        self._out = np.array([i for i, _ in placed])
        self._names = [str(feature.field) for _, feature in placed]
        self._mask = HandoffMask(placed)

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family == Family.ATTRIBUTE and p[1].kind == FeatureKind.NUMBER]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        return partial(self._fill, facts, Numbers(facts, self._names))

    def _fill(self, facts: Facts, numbers: Numbers, lead: Ints, as_of: Ints, out: Floats) -> None:
        out[:, self._out] = numbers.at(lead, as_of)
        self._mask.apply(facts, lead, as_of, out)


class WordAttributes:
    """Words of any kind, each looked up in a table from the facts' vocabulary to the feature's value."""

    timeless: ClassVar[bool] = True

    def __init__(self, placed: Placed) -> None:
        self._out = np.array([i for i, _ in placed])
        self._features = [feature for _, feature in placed]
        self._names = [str(feature.field) for feature in self._features]
        self._read = [_reader(feature) for feature in self._features]
        self._missing = [0.0 if f.family == Family.PRESENCE else np.nan for f in self._features]
        self._mask = HandoffMask(placed)

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        families = (Family.SENIORITY, Family.DOMAIN, Family.PRESENCE)
        mine = [
            (i, f)
            for i, f in placed
            if f.family in families or (f.family == Family.ATTRIBUTE and f.kind == FeatureKind.CATEGORY)
        ]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        words = dict(zip(facts.word_names, facts.words, strict=True))
        table: list[float] = []
        begins: list[int] = []
        for name, read, missing in zip(self._names, self._read, self._missing, strict=True):
            begins.append(len(table))
            table.append(missing)
            table.extend(map(read, words.get(name, ())))
        return partial(self._fill, facts, Codes(facts, self._names), np.array(begins), np.array(table, np.float64))

    def _fill(
        self, facts: Facts, codes: Codes, begins: Ints, table: Floats, lead: Ints, as_of: Ints, out: Floats
    ) -> None:
        out[:, self._out] = table.take(codes.at(lead, as_of) + begins)
        self._mask.apply(facts, lead, as_of, out)


class HandoffMask:
    """Makes what is only known from the hand-off on missing before it."""

    def __init__(self, placed: Placed) -> None:
        self._out = np.array([i for i, f in placed if f.available == Availability.AT_HANDOFF], np.int64)

    def apply(self, facts: Facts, lead: Ints, as_of: Ints, out: Floats) -> None:
        """Masks these columns of ``out`` in place."""
        if not len(self._out):
            return
        handed_off = facts.moment(Milestone.HANDED_OFF)[lead]
        early = np.flatnonzero((handed_off == NAT) | (handed_off > as_of))
        if len(early):
            out[early[:, None], self._out] = np.nan


def _reader(feature: Feature) -> Callable[[str], float]:
    if feature.family == Family.PRESENCE:
        return _length if feature.measure == "length" else _given
    code = {level: float(i) for i, level in enumerate(feature.levels or ())}
    return partial(_level, code, float(len(code) - 1), _READ[feature.family])


def _level(code: dict[str, float], other: float, reduce: Callable[[str], str], word: str) -> float:
    return code.get(reduce(word), other)


def _length(word: str) -> float:
    return float(len(word))


def _given(_word: str) -> float:
    return 1.0
