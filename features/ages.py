"""Ages: of dates, of the lead, since its hand-off; and the lead's own progress through the funnel."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Self

import numpy as np

from features.attributes import HandoffMask
from features.columns import MOMENTS
from features.facts import Facts
from features.instants import Floats, Ints, age
from features.part import Fill, Placed
from features.rewind import Numbers
from features.spec import Family


class DateAges:
    """Days since the date in an attribute; missing where the date lies after the snapshot.

    A date after the snapshot was either not yet written then, or is a plan; the export cannot tell the two apart.
    """

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed) -> None:
        self._out = np.array([i for i, _ in placed])
        self._names = [str(feature.field) for _, feature in placed]
        self._mask = HandoffMask(placed)

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family == Family.AGE]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        return partial(self._fill, facts, Numbers(facts, self._names))

    def _fill(self, facts: Facts, dates: Numbers, lead: Ints, as_of: Ints, out: Floats) -> None:
        out[:, self._out] = age(dates.at(lead, as_of), as_of[:, None])
        self._mask.apply(facts, lead, as_of, out)


class Moments:
    """Days since the lead's creation, hand-off and acceptance, and whether the latter two have come yet."""

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed) -> None:
        self._out = np.array([i for i, _ in placed])
        self._moment = np.array([MOMENTS.index(str(feature.measure)) for _, feature in placed])
        flags = [feature.family == Family.PROGRESS for _, feature in placed]
        self._flags = np.flatnonzero(flags)

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family in (Family.LEAD_AGE, Family.PROGRESS)]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        return partial(self._fill, facts)

    def _fill(self, facts: Facts, lead: Ints, as_of: Ints, out: Floats) -> None:
        moments = facts.moments.take(lead, axis=0).take(self._moment, axis=1)
        days = age(moments, as_of[:, None])
        days[:, self._flags] = days[:, self._flags] >= 0  # NaN, not come yet, is not
        out[:, self._out] = days
