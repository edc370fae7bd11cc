"""The last ``accord check`` in memory and in the metrics: read in a thread of its own, never while somebody waits."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Any, Self

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.ledger.checks import latest
from serving.ledger.database import Database
from serving.ledger.ledger import Ledger

EVERY_SECONDS = 30.0
"""Between two looks into the ledger: a check is run once a day."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is watched of a check that was run at ``at``.

    ``broken``: whether a promise is, by grade and what was promised; those not judged yet are left out. ``found``: how
    many findings, by kind and severity: ``alarm`` (asks for action) or ``note``. Kinds are words of ours, never
    something of a lead.
    """

    at: datetime
    broken: Mapping[tuple[str, str], bool]
    found: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, at: datetime, document: Mapping[str, Any]) -> Self:
        """From the document that `serving.ledger.checks` tells of.

        Raises `KeyError`, `TypeError` or `ValueError` where it is none.
        """
        states = {(_word(p["grade"]), _word(p["what"])): _State(p["state"]) for p in document["promises"]}
        broken = {promise: state is _State.BROKEN for promise, state in states.items() if state is not _State.YOUNG}
        severities = {True: "alarm", False: "note"}
        return cls(at, broken, Counter((_word(f["code"]), severities[f["alarm"]]) for f in document["findings"]))


class _State(StrEnum):
    KEPT = "kept"
    YOUNG = "young"
    BROKEN = "broken"


def newest(database: Database) -> Check | None:
    """The check that was kept last, ``None`` before the first. Raises where it cannot be read."""
    kept = latest(Ledger(database))
    return None if kept is None else Check.of(*kept)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a word was expected, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look into the ledger found: the last check, or that none was ever run."""

    check: Check | None


class Lookout:
    """Looks for the last check from `start` to `stop`.

    A ledger out of reach changes nothing: what was seen last stays and grows older, which is an alert of its own.
    """

    def __init__(self, newest: Callable[[], Check | None], *, every: float = EVERY_SECONDS) -> None:
        self._newest = newest
        self._every = every
        self._seen: Seen | None = None
        self._reads = True
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("serving.lookout")

    @property
    def seen(self) -> Seen | None:
        """What was seen last; ``None`` while nothing could be read yet."""
        return self._seen

    def start(self) -> None:
        """Begins to look, at once and without waiting for the database."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="lookout", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops looking; what was seen stays. A look that hangs ends with the process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=1)

    def look(self) -> None:
        """Reads the last check; where it cannot be read, says so once and keeps what was seen before."""
        try:
            self._seen = Seen(self._newest())
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the ledger, the metrics go on
            if self._reads:
                self._log.warning("check_unreadable", error=type(error).__name__, detail=str(error)[:300])
            self._reads = False
        else:
            self._reads = True

    def _watch(self) -> None:
        self.look()
        while not self._stop.wait(self._every):
            self.look()


class LastCheck(Collector):
    """What was seen, as metrics at ``now``.

    Nothing while the ledger could not be read yet; an endless age where it knows of no check.
    """

    def __init__(self, seen: Seen | None, now: datetime) -> None:
        self._seen = seen
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """The age of the check, the promises it looked at, and its findings."""
        if self._seen is None:
            return
        check = self._seen.check
        age = inf if check is None else (self._now - check.at).total_seconds()
        yield GaugeMetricFamily("accord_check_age_seconds", "Since the last check; +Inf for never.", value=age)
        if check is not None:
            yield _broken(check)
            yield _found(check)


def _broken(check: Check) -> Metric:
    family = GaugeMetricFamily("accord_promise_broken", "1 where a promise is broken.", labels=["grade", "what"])
    for (grade, what), broken in check.broken.items():
        family.add_metric([grade, what], float(broken))
    return family


def _found(check: Check) -> Metric:
    family = GaugeMetricFamily("accord_check_findings", "Findings of the last check.", labels=["kind", "severity"])
    for (kind, severity), count in check.found.items():
        family.add_metric([kind, severity], count)
    return family
