"""Data that stop coming: streams that have been silent for longer than they ever were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from crm.history import History, Milestone

YEAR = pd.Timedelta(days=365)
LEAST = pd.Timedelta(days=3)
"""A silence shorter than this alarms nobody, however busy a stream is."""

LONGER = 2.0
"""How many times the longest silence of the year before a silence must last."""

FEWEST = 20
"""Events in the year before without which a stream has no rhythm."""


class Stream(StrEnum):
    """What is expected to come."""

    LEADS = "leads"
    HAND_OFFS = "hand_offs"
    ACTIVITIES = "activities"
    ANSWERS = "answers"  # accepted, rejected, won, lost, no decision: from the CRM or as feedback
    SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Silence:
    """A stream whose ``last`` event lies further back than the ``limit`` its own rhythm sets."""

    stream: Stream
    last: pd.Timestamp
    days: float
    limit: float

    @property
    def stopped(self) -> bool:
        """Whether it is silent for too long."""
        return self.days > self.limit

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        told = {"stream": str(self.stream), "last": self.last.isoformat(), "days": self.days, "limit": self.limit}
        return {**told, "stopped": self.stopped}


def silences(history: History, scores: pd.DataFrame, now: pd.Timestamp) -> tuple[Silence, ...]:
    """Every stream that has a rhythm.

    The CRM's are held against the export, since nothing later can be known; the ledger's scores against ``now``.
    """
    found = [silence(stream, at, history.exported_at) for stream, at in _streams(history)]
    found.append(silence(Stream.SCORES, scores["given_at"], now))
    return tuple(each for each in found if each is not None)


def silence(stream: Stream, at: pd.Series, now: pd.Timestamp) -> Silence | None:
    """A stream with events ``at``; ``None`` where it has no rhythm: too few events in the year before its last."""
    times = at[at.notna() & (at <= now)]
    if times.empty:
        return None
    last = times.max()
    year = np.unique(times[(times > last - YEAR).to_numpy()].to_numpy(dtype="datetime64[us]").view(np.int64))
    if len(year) < FEWEST:
        return None
    longest = pd.Timedelta(int(np.diff(year).max()), unit="us")
    limit = max(LONGER * longest, LEAST)
    day = pd.Timedelta(days=1)
    return Silence(stream, last, float((now - last) / day), float(limit / day))


def _streams(history: History) -> Iterator[tuple[Stream, pd.Series]]:
    milestones = history.milestones
    handed = (milestones["milestone"] == Milestone.HANDED_OFF).to_numpy()
    yield Stream.LEADS, history.leads["created_at"]
    yield Stream.HAND_OFFS, milestones.loc[handed, "reached_at"]
    yield Stream.ACTIVITIES, history.activities["occurred_at"]
    yield Stream.ANSWERS, milestones.loc[~handed, "reached_at"]
