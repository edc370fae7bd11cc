"""One lead as mentions and stories look at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.spec import Availability, Feature
from models.sentences import COUNTED_DAYS


@dataclass(frozen=True, slots=True)
class Seen:
    """One lead as it is told of: all its features, the instant, and its own word for a field, empty where not known.

    ``against``: whether what speaks against it is told. What is not known is told only then: it is no merit.
    ``handed_off``: whether it was handed to sales by then; before, some facts do not count even if they are there.
    """

    row: Sequence[float] | npt.NDArray[np.float64]
    as_of: int
    own: Callable[[str], str]
    against: bool = False
    handed_off: bool = True

    def word(self, feature: Feature) -> str:
        """The lead's own word for the field of a feature."""
        return self.own(str(feature.field))

    def may_know(self, feature: Feature) -> bool:
        """Whether a missing value is one that nobody told us, not one that does not count yet."""
        return self.handed_off or feature.available is not Availability.AT_HANDOFF

    def tells_silence(self, days: float) -> bool:
        """Whether it is the silence since an activity so many days ago that is told, not the activity."""
        return self.against and days >= COUNTED_DAYS


Say = Callable[[float, Seen], str]
"""A feature's value, NaN where missing, to its words."""
