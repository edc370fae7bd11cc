"""Brings rows to the ledger: onto local disk at once, from there to the database by a thread of its own."""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from crm.errors import AccordError
from serving.ledger import aside
from serving.ledger.database import RefusedDataError
from serving.ledger.delivery import Delivery, Entry, Row
from serving.ledger.erasure import barred, erased_among
from serving.ledger.lines import DamagedLineError, decode, encode
from serving.ledger.schema import require
from serving.ledger.scrub import scrub
from serving.ledger.segments import Claimed
from serving.ledger.spool import Spool

BATCH = 500
"""Rows in one transaction."""

_GATHER = 0.05  # seconds between the first row of a turn and the turn: more rows come in one transaction
_IDLE = 2.0  # seconds between two looks for what processes left that ended, and whether the database is there
_FIRST, _LONGEST = 0.25, 5.0  # seconds between two tries on a database that does not take anything
_STOPS_WITHIN = 5.0
_REFUSED = (RefusedDataError, ValueError, TypeError, LookupError, ArithmeticError, sa.exc.StatementError)
"""Errors of a row, not of the database: trying again does not help."""

_Line = tuple[bytes, Entry]


class Counts(Protocol):
    """Where it is counted what became of rows."""

    def delivered(self, table: str, rows: int) -> None:
        """Rows are in the database."""

    def lost(self, rows: int) -> None:
        """Rows are nowhere."""

    def set_aside(self, reason: str, rows: int) -> None:
        """Rows are in a file for a person: ``refused`` by the database, or ``damaged``."""


class SpoolingRecorder:
    """The recorder of a process (see `serving.desk.Recorder`). What other processes left in its spool it delivers too.

    Args:
        spool: where rows are kept until the database has them.
        delivery: what brings them there.
        counts: where it is counted.
        gather: seconds to wait for more rows before a turn.
        longest: seconds between two tries on a database that is down, at most.
    """

    def __init__(
        self, spool: Spool, delivery: Delivery, counts: Counts, *, gather: float = _GATHER, longest: float = _LONGEST
    ) -> None:
        self._spool = spool
        self._delivery = delivery
        self._counts = counts
        self._gather = gather
        self._longest = longest
        self._log = structlog.get_logger("serving.ledger")
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._pause = 0.0
        self._next_try = 0.0
        self._up: bool | None = None
        self._aside: set[bytes] = set()
        self._at_work = threading.Lock()

    def write(self, table: str, rows: Sequence[Row], *, sure: bool = False) -> bool:
        """See `serving.desk.Recorder.write`."""
        try:
            lines = [encode(table, row) for row in rows]
        except (TypeError, ValueError, OverflowError, RecursionError) as error:  # a fault of ours
            self._log.error("ledger_rows_lost", rows=len(rows), table=table, error=type(error).__name__)
            self._counts.lost(len(rows))
            return False
        kept = self._spool.write(lines, sure=sure)
        self._wake.set()
        return kept

    def flush(self, seconds: float) -> bool:
        """See `serving.desk.Recorder.flush`."""
        until = time.monotonic() + seconds
        waiting = self._spool.waiting()
        while waiting:
            if time.monotonic() > until:
                return False
            self._wake.set()
            self._hurry.set()
            time.sleep(0.01)
            waiting = self._spool.waiting(waiting)
        return True

    @property
    def backlog(self) -> int:
        """Rows in the spool, of whichever process."""
        return self._spool.backlog()

    @property
    def up(self) -> bool:
        """Whether the database took what it was given last."""
        return bool(self._up)

    def start(self) -> None:
        """Starts to deliver."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Delivers what there is, if the database is there, and stops. What is left stays on disk for the next."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        self._wake.set()
        self._hurry.set()
        if thread is not None:
            thread.join(_STOPS_WITHIN)
        self._spool.close()

    def turn(self) -> bool:
        """Delivers all that nobody holds; gives whether the database took it.

        A segment that cannot be read or deleted, or whose refused rows find no disk to be set aside on, stays for the
        next turn and holds up no other.
        """
        try:
            if not self._up:
                require(self._delivery.database)
            self._spool.retry()
            self._spool.roll()
            for claimed in self._spool.claims():
                try:
                    self._segment(claimed)
                except OSError as error:
                    self._spool.stuck(claimed.path, error)
            self._memory()
            self._ping()
        except (AccordError, OSError) as error:
            self._is_down(error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, scoring goes on and the rows stay
            where = traceback.extract_tb(error.__traceback__)[-1]
            self._is_down(error, at=f"{where.filename}:{where.lineno} {where.name}")
            return False
        self._is_up()
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._next_try - time.monotonic()
            if pause > 0:  # the database is down: what waits in memory may still go to disk
                self._stopping.wait(min(pause, _FIRST))
                self._spool.retry()
                continue
            if self._wake.wait(_IDLE if self._up else _FIRST):
                self._hurry.wait(self._gather)  # somebody who waits is not kept waiting for more rows
            self._wake.clear()
            self._hurry.clear()
            self.turn()
        if self._up:
            self.turn()

    def _segment(self, claimed: Claimed) -> None:
        done = False
        try:
            self._batches(claimed.lines())
            done = True
        finally:
            if done:
                claimed.remove()
                self._aside.clear()
            else:
                claimed.release()

    def _memory(self) -> None:
        """What the disk did not take goes to the database from memory."""
        left: list[tuple[bytes, int]] = []
        try:
            while taken := self._spool.take():
                left.append(taken)
                with suppress(OSError):  # a row to be set aside, and no disk for it: the others go on
                    self._batches(iter(taken[0].splitlines(keepends=True)))
                    left.pop()
        finally:
            for taken in reversed(left):
                self._spool.back(taken)

    def _batches(self, lines: Iterator[bytes]) -> None:
        while batch := list(islice(lines, BATCH)):
            with self._at_work:  # whoever forgets an erased lead waits for one transaction, not for all that is left
                self._batch(batch)

    def _batch(self, lines: Iterable[bytes]) -> None:
        told: list[_Line] = []
        damaged: list[tuple[str, bytes]] = []
        for line in lines:
            try:
                told.append((line, decode(line)))
            except DamagedLineError as error:
                damaged.append((str(error), line))
        if told:
            self._deliver(told)
        for reason, line in damaged:
            self._set_aside("damaged", reason, line)

    def _deliver(self, lines: Sequence[_Line]) -> None:
        try:
            done = self._delivery.deliver([entry for _, entry in lines])
        except _REFUSED as error:
            require(self._delivery.database)  # tables of another version refuse what ours would not
            if len(lines) == 1:
                self._set_aside("refused", str(error).splitlines()[0], lines[0][0])
                return
            half = len(lines) // 2
            self._deliver(lines[:half])
            self._deliver(lines[half:])
            return
        self._count(done)
        if any(table == "erasures" for _, (table, _) in lines):
            self._forget()
            scrub(self._delivery.database, 0.0)  # where somebody reads now, the next erasure or restart does it

    def _count(self, done: Counter[str]) -> None:
        for table, rows in done.items():
            self._counts.delivered(table, rows)

    def _set_aside(self, kind: str, reason: str, line: bytes) -> None:
        if line in self._aside:  # its segment is delivered again, after an outage
            return
        row = aside.Aside(f"{kind}: {reason}", line.decode(errors="backslashreplace").rstrip("\n"))
        with self._delivery.database.reading() as connection:
            if erased_among(connection, row.leads()):
                return
        aside.put(self._spool.folder, row)
        self._aside.add(line)
        self._counts.set_aside(kind, 1)
        self._log.error("ledger_row_set_aside", reason=kind, folder=str(self._spool.folder / aside.FOLDER))

    def forget(self) -> None:
        """See `serving.desk.Recorder.forget`."""
        with self._at_work:
            self._forget()

    def _forget(self) -> None:
        kept = aside.read(self._spool.folder)
        erased = barred(self._delivery.database, {lead for row in kept for lead in row.leads()}).erased
        if erased:
            aside.forget(self._spool.folder, lambda row: any(lead in erased for lead in row.leads()))

    def _ping(self) -> None:
        with self._delivery.database.reading() as connection:
            connection.execute(sa.select(1))

    def _is_up(self) -> None:
        if not self._up:
            self._log.info("ledger_up", place=self._delivery.database.place)
        self._up = True
        self._pause = self._next_try = 0.0

    def _is_down(self, error: Exception, **more: Any) -> None:
        if self._up is not False:
            told = error.message if isinstance(error, AccordError) else type(error).__name__
            place = self._delivery.database.place
            self._log.error("ledger_down", place=place, error=told, spool=str(self._spool.folder), **more)
        self._up = False
        self._pause = min(self._longest, max(_FIRST, self._pause * 2))
        self._next_try = time.monotonic() + self._pause
