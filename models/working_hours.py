"""Working hours: when they are, when a promise made now falls due, and how many of them passed between two instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, field_validator, model_validator

from crm.strict import Strict

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST = dt.timedelta(days=3_650)
Micros = NDArray[np.int64]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no time zone of this name; write it as Europe/Paris") from None
    return name


class WorkingHours(Strict):
    """The hours in which people work: these ``days`` from ``start`` to ``end`` in a ``zone``, but not ``closed`` days.

    The order in which days are listed says nothing.

    >>> hours = WorkingHours()
    >>> hours.due(dt.datetime(2026, 3, 6, 16, tzinfo=dt.UTC), 2).isoformat()  # a Friday, an hour before the end
    '2026-03-09T10:00:00+00:00'
    """

    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    days: tuple[Day, ...] = Field(default=("mon", "tue", "wed", "thu", "fri"), min_length=1)
    start: dt.time = dt.time(9)
    end: dt.time = dt.time(17)
    closed: tuple[dt.date, ...] = ()

    @field_validator("days")
    @classmethod
    def _week(cls, days: tuple[Day, ...]) -> tuple[Day, ...]:
        return tuple(day for day in _DAYS if day in days)

    @field_validator("closed")
    @classmethod
    def _year(cls, closed: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
        return tuple(sorted(set(closed)))

    @model_validator(mode="after")
    def _some_time(self) -> WorkingHours:
        if self.start.tzinfo or self.end.tzinfo or self.start >= self.end:
            raise ValueError("a working day starts before it ends, both as 09:00 without a zone")
        return self

    def due(self, at: dt.datetime, hours: float) -> dt.datetime:
        """The instant at which so many working hours have passed since ``at``, in UTC.

        Raises `OverflowError` where ten years do not hold so many.
        """
        left = dt.timedelta(hours=hours)
        for opens, closes in self._open(at, at + _LONGEST):
            if opens + left <= closes:
                return opens + left
            left -= closes - opens
        raise OverflowError("more working hours than ten years hold")

    def between(self, at: dt.datetime, until: dt.datetime) -> float:
        """The working hours from ``at`` to ``until``; negative where ``until`` is the earlier."""
        if until < at:
            return -self.between(until, at)
        spent = sum((closes - opens for opens, closes in self._open(at, until)), dt.timedelta())
        return spent / dt.timedelta(hours=1)

    def elapsed(self, at: Micros, until: Micros) -> NDArray[np.float64]:
        """`between` for many at once: instants in microseconds since 1970 UTC, ``until`` not before ``at``."""
        if not len(at):
            return np.zeros(0)
        first, last = (
            dt.datetime.fromtimestamp(int(end) // 1_000_000 + i, dt.UTC)
            for i, end in enumerate((at.min(), until.max()))
        )
        ends = [(opens.timestamp() * 1e6, closes.timestamp() * 1e6) for opens, closes in self._open(first, last)]
        opens, closes = np.array(ends, dtype="float64").reshape(-1, 2).T
        before = np.append(0.0, np.cumsum(closes - opens))

        def worked(instants: Micros) -> NDArray[np.float64]:
            place = np.searchsorted(opens, instants, side="right") - 1
            inside = np.minimum(instants, closes[place]) - opens[place] if len(opens) else np.zeros(len(instants))
            return np.where(place < 0, 0.0, before[np.maximum(place, 0)] + inside)

        return np.asarray((worked(until) - worked(at)) / 3.6e9)

    def _open(self, at: dt.datetime, until: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The stretches of working time within these instants, in UTC, in order."""
        day, last = at.astimezone(self._zone).date(), until.astimezone(self._zone).date()
        while day <= last:
            if _DAYS[day.weekday()] in self.days and day not in self._closed:
                opens, closes = (
                    dt.datetime.combine(day, clock, self._zone).astimezone(dt.UTC) for clock in (self.start, self.end)
                )
                if max(opens, at) < min(closes, until):
                    yield max(opens, at.astimezone(dt.UTC)), min(closes, until.astimezone(dt.UTC))
            day += dt.timedelta(days=1)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _closed(self) -> frozenset[dt.date]:
        return frozenset(self.closed)
