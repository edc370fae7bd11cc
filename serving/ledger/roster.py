"""The roster: keys and barred leads in memory, a second behind the ledger at most, and never without an answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from crm.errors import AccordError, UnavailableError
from serving.ledger.database import Database
from serving.ledger.erasure import lead_hash
from serving.ledger.keys import Shown, look_up
from serving.ledger.known import NONE, Known, known_of
from serving.ledger.known_files import KnownFiles
from serving.ledger.schema import require

FIRST_LOOK_SECONDS = 3.0
"""How long a start waits for the database before it goes on with what is on disk."""

_READ_ANEW = 60
"""Every so many looks all is read, whatever the counts say: somebody may have put another database in place."""


class LedgerRoster:
    """The ledger's keys and barred leads, read again every second in a thread of its own.

    While the database is down the last known state holds. A service that starts then takes the state from ``folder``,
    where there is one; with neither it knows nothing (`asks` is ``None``) until the database answers.
    """

    def __init__(
        self,
        database: Database,
        folder: Path | None = None,
        *,
        every: float = 1.0,
        looked: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``looked`` is told ``done`` or ``failed`` after each look at the database."""
        self._database = database
        self._files = None if folder is None else KnownFiles(folder, database.place)
        self._every = every
        self._tell = looked
        self._known: Known | None = None
        self._lock = threading.Lock()  # of changes to _known, and of the files
        self._ready = False  # whether the tables were seen to be there
        self._looks = 0
        self._reached: bool | None = None
        self._first = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("serving.roster")

    @property
    def asks(self) -> bool | None:
        """Whether keys are asked for, as they are once one was made; ``None`` where that is not known."""
        known = self._known
        return None if known is None else bool(known.keys)

    def look_up(self, shown: str, now: datetime) -> Shown:
        """What a key that was shown is worth. Nothing is, where nothing is known."""
        known = self._known
        return look_up(shown, {} if known is None else known.keys, now)

    def barred(self, lead_id: str) -> Literal["erased", "objected"] | None:
        """Why this lead may not be scored; ``None`` where it may. Raises `UnavailableError` where that is not known."""
        known = self._state()
        if not (known.erased or known.objected):
            return None
        hashed = lead_hash(known.pepper, lead_id)
        if hashed in known.erased:
            return "erased"
        return "objected" if hashed in known.objected else None

    def bar(self, lead_id: str, why: Literal["erased", "objected"]) -> None:
        """Bars a lead at once here, and on this machine within a second, before the database has it.

        Raises `UnavailableError` where the ledger was never reached, or the disk does not take it; it is barred in this
        process all the same in the latter case.
        """
        with self._lock:
            known = self._state()
            hashed = lead_hash(known.pepper, lead_id)
            mine = frozenset({hashed})
            self._known = known.barring(mine, NONE) if why == "erased" else known.barring(NONE, mine)
            if self._files is not None:
                try:
                    self._files.bar(known, hashed, why)
                except OSError as error:
                    raise UnavailableError(
                        "A barred lead could not be kept on disk.",
                        where=str(self._files.folder),
                        got=error.strerror,
                        remedy="Make room there, or give the service another folder; then send it again.",
                    ) from None

    def start(self) -> None:
        """Takes what is on disk, then looks at the database until `stop`; waits for the first look, not for long."""
        if self._files is not None:
            with self._lock:
                self._known = self._files.read()
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="roster", daemon=True)
        self._thread.start()
        self._first.wait(FIRST_LOOK_SECONDS)

    def stop(self) -> None:
        """Stops looking; what is known stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def look(self) -> None:
        """Takes over what the ledger and the other workers of this machine know, and keeps it on disk. Never raises."""
        try:
            found = self._read()
            self._reach(None)
        except Exception as error:  # noqa: BLE001 - whatever ails the database, what is known holds
            found = None
            self._reach(error)
        with self._lock:
            self._take(found)
        self._first.set()

    def _state(self) -> Known:
        if self._known is None:
            raise UnavailableError("The ledger was never reached: who may be scored is not known.")
        return self._known

    def _read(self) -> Known:
        if not self._ready:
            require(self._database)
            self._ready = True
        before, self._looks = self._known, self._looks + 1
        if before is not None and self._looks % _READ_ANEW == 0:
            before = replace(before, rows=())
        return known_of(self._database, before)

    def _take(self, found: Known | None) -> None:
        """What was found, with what was barred meanwhile; the files where that is something new."""
        before, now = self._known, found or self._known
        if now is None:
            return
        if before is not None and before.pepper == now.pepper:
            now = now.barring(before.erased, before.objected)
        if self._files is not None:
            now = self._files.barred_too(now)
        self._known = now
        if self._files is None or found is None or _same(before, now):
            return
        try:
            self._files.write(now)
        except OSError as error:
            self._log.error("roster_not_kept", error=type(error).__name__, detail=error.strerror)

    def _reach(self, error: Exception | None) -> None:
        """Tells of a database that is lost or found, once each."""
        self._tell("done" if error is None else "failed")
        reached = error is None
        if reached == self._reached:
            return
        self._reached = reached
        if error is None:
            self._log.info("ledger_reached", place=self._database.place)
            return
        told = f"{error.message} {error.got or ''}".strip() if isinstance(error, AccordError) else type(error).__name__
        self._log.error("ledger_unreachable", place=self._database.place, detail=told[:300])

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._every)


def _same(before: Known | None, now: Known) -> bool:
    """Whether the files have it already: what is only new rows' counts is nothing new."""
    if before is None or not before.rows:
        return False
    return replace(before, rows=()) == replace(now, rows=())
