"""The scorer in service, and how a newly promoted one takes its place without losing a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from serving.metrics import Metrics
from serving.scoring import Served
from serving.store import Stored

RETRY_SECONDS = 30.0
"""A scorer that could not be taken over is tried again after this: it may have been the disk."""


class Scorers(Protocol):
    """Where scorers come from: `serving.store.Store`."""

    def newest(self) -> str | None:
        """The newest version."""

    def get(self, version: str) -> Stored:
        """One version."""

    def versions(self) -> list[str]:
        """All versions, the newest first."""


class Incumbent:
    """Holds the one reference to the scorer in service, and looks for a newer one in a thread of its own.

    The newest scorer is loaded and tried beside the one in service, then the reference is replaced: a request keeps
    the scorer it began with, and none waits. A scorer that cannot be loaded is reported and the one in service stays;
    a service that starts onto a broken newest scorer takes the newest that works.
    """

    def __init__(
        self, scorers: Scorers, opened: Callable[[Stored], Served], metrics: Metrics, *, every: float = 0.5
    ) -> None:
        self._scorers = scorers
        self._opened = opened
        self._metrics = metrics
        self._every = every
        self._served: Served | None = None
        self._refused: dict[str, float] = {}  # version -> seconds until it is tried again
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("serving.takeover")

    @property
    def served(self) -> Served | None:
        """The scorer in service; ``None`` until the first one is found."""
        return self._served

    def start(self) -> None:
        """Takes the newest scorer over and keeps looking for newer ones until `stop`.

        A store out of reach is reported and looked for again: the service lives, and is not ready.
        """
        self._look_and_report()
        self._thread = threading.Thread(target=self._watch, name="takeover", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops looking; the scorer stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def open(self, version: str) -> Served:
        """A version of the store, opened beside the scorer in service. Raises whatever is wrong with it."""
        return self._opened(self._scorers.get(version))

    def look(self) -> None:
        """Takes the newest scorer over if it is not in service yet."""
        newest = self._scorers.newest()
        current = None if self._served is None else self._served.stored.version
        if newest is not None and newest != current and newest not in self._refused:
            self._try(newest)
        if self._served is None:
            self._fall_back()

    def _fall_back(self) -> None:
        for version in self._scorers.versions():
            if self._served is None and version not in self._refused:
                self._try(version)

    def _try(self, version: str) -> None:
        try:
            served = self.open(version)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an artifact, the scorer in service goes on
            self._refused[version] = RETRY_SECONDS
            self._metrics.takeover("failed")
            self._log.error("takeover_failed", version=version, error=type(error).__name__, detail=str(error)[:300])
            return
        before, self._served = self._served, served
        self._metrics.takeover("done")
        self._metrics.expect(served.scorer.grading.names)
        self._log.info(
            "takeover",
            version=version,
            model=served.model.version,
            definition=served.definition.version,
            before=None if before is None else before.model.version,
        )

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self._refused = {v: left - self._every for v, left in self._refused.items() if left > self._every}
            self._look_and_report()

    def _look_and_report(self) -> None:
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - a store out of reach must end neither the start nor the watch
            self._metrics.takeover("failed")
            self._log.error("store_unreachable", error=type(error).__name__, detail=str(error)[:300])
