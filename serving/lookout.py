"""The last ``accord check`` in memory and in the metrics: read in a thread of its own, never while somebody waits."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Protocol

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.ledger.checks import Check

EVERY_SECONDS = 30.0
"""Between two looks into the ledger: a check is run once a day."""


class Latest(Protocol):
    """Gives the check that was kept last, ``None`` before the first; raises where it cannot be read."""

    def __call__(self) -> Check | None:
        """Reads the ledger."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look into the ledger found: the last check, or that none was ever run."""

    check: Check | None


class Lookout:
    """Looks for the last check from `start` to `stop`.

    A ledger out of reach changes nothing: what was seen last stays and grows older, which is an alert of its own.
    """

    def __init__(self, latest: Latest, *, every: float = EVERY_SECONDS) -> None:
        self._latest = latest
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
            self._seen = Seen(self._latest())
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
