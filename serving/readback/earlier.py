"""Scorers of earlier days, from the service's store: they told a score once and can still say why."""

from __future__ import annotations

import threading
from collections import OrderedDict

import structlog

from models.definition import LANGUAGES, Language
from models.movement import Movements
from serving.scoring import Served
from serving.takeover import Incumbent

KEPT = 3
"""Scorers held beside the one in service."""


class Earlier:
    """Opens stored scorers and keeps the few used last. May be asked from several threads."""

    def __init__(self, incumbent: Incumbent) -> None:
        self._incumbent = incumbent
        self._kept: OrderedDict[str, Served] = OrderedDict()
        self._movements: dict[tuple[str, Language], Movements] = {}
        self._lock = threading.Lock()
        self._log = structlog.get_logger("serving.readback")

    def of(self, version: str) -> Served | None:
        """The scorer of this version of the store; ``None`` where it is gone or can no longer be read."""
        current = self._incumbent.served
        if current is not None and current.stored.version == version:
            return current
        with self._lock:
            found = self._kept.pop(version, None) or self._opened(version)
            if found is not None:
                self._kept[version] = found
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return found

    def movements(self, served: Served, language: Language) -> Movements:
        """What explains changes under this scorer; made once, as its phrases take a while."""
        key = (served.stored.version, language)
        with self._lock:
            if key not in self._movements:
                if len(self._movements) > len(LANGUAGES) * KEPT:
                    self._movements.clear()
                self._movements[key] = Movements(served.scorer, language)
            return self._movements[key]

    def _opened(self, version: str) -> Served | None:
        try:
            return self._incumbent.open(version)
        except Exception as error:  # noqa: BLE001 - the store raises as it comes; a scorer that is gone is no fault
            self._log.info("earlier_scorer_gone", version=version, error=type(error).__name__)
            return None
