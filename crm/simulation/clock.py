"""The working clock: it runs by day and in the week, and hardly at night and at week-ends; a week is 7 of its days.

Everything in the simulated company happens by this clock, so people sleep and yet all distributions stay exact:
an intensity per working day is an intensity on the calendar, warped. Calendar times are whole seconds from the start.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.int64]
Days = NDArray[np.float64]

HOUR, DAY, WEEK = 3_600, 86_400, 604_800
NEVER = np.int64(2**53)
"""A time that does not come: later than every export, and exact as a float."""

_BY_HOUR = np.array(
    [0.02] * 6 + [0.2, 0.6] + [2.2, 2.6, 2.6, 2.2, 1.2, 2.0, 2.4, 2.4, 2.2, 1.6] + [0.7] * 4 + [0.2, 0.1]
)
_PACE = np.concatenate([_BY_HOUR] * 5 + [0.15 * _BY_HOUR] * 2)
_CALENDAR = np.arange(0, WEEK + HOUR, HOUR, dtype="float64")
_WORKED = np.concatenate([[0.0], np.cumsum(_PACE) / _PACE.sum() * 7.0])


@dataclass(frozen=True)
class Clock:
    """Converts calendar seconds since midnight of the start to working days, and back."""

    start: dt.date

    @property
    def _phase(self) -> int:
        return self.start.weekday() * DAY

    def worked(self, at: Seconds) -> Days:
        """Working days from the Monday before the start to `at`; strictly increasing."""
        week, within = np.divmod(np.asarray(at, dtype="int64") + self._phase, WEEK)
        return np.asarray(7.0 * week + np.interp(within, _CALENDAR, _WORKED))

    def after(self, at: Seconds, days: Days) -> Seconds:
        """The calendar second `days` working days after `at`, never before it; NEVER where either is not finite."""
        target = self.worked(at) + days
        fine = np.isfinite(target) & (np.asarray(at) < NEVER)
        week, within = np.divmod(np.where(fine, target, 0.0), 7.0)
        seconds = np.ceil(week * WEEK + np.interp(within, _WORKED, _CALENDAR)).astype("int64") - self._phase
        return np.where(fine, np.minimum(np.maximum(seconds, at), NEVER), NEVER).astype("int64")
