"""Commits what several callers want written in one transaction, so that each does not pay for a disk of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import sqlalchemy as sa

from serving.ledger.database import Database

T = TypeVar("T")

TOGETHER = 64
"""Pieces of work in one transaction."""

_STOPS_WITHIN = 5.0


@dataclass(frozen=True)
class _Piece:
    work: Callable[[sa.Connection], Any]
    done: Future[Any]


class Clerk:
    """Does pieces of work in the order in which they came, as many as wait in one transaction, in a thread of its own.

    A piece that fails is rolled back by itself; what the others wrote is committed. A piece's result is given only when
    it is on the database's disk.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: SimpleQueue[_Piece | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts to work."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="clerk", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends after the work that waits."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(_STOPS_WITHIN)

    def do(self, work: Callable[[sa.Connection], T]) -> Future[T]:
        """The result of this work, once it is committed; or the error, `UnavailableError` where there is no database.

        A piece whose future is cancelled before its turn is not done.
        """
        piece = _Piece(work, Future())
        self._waiting.put(piece)
        return piece.done

    def _run(self) -> None:
        while (piece := self._waiting.get()) is not None:
            pieces, ends = [piece], False
            while len(pieces) < TOGETHER and not ends:
                try:
                    more = self._waiting.get_nowait()
                except Empty:
                    break
                ends = more is None
                pieces += [] if more is None else [more]
            self._together([p for p in pieces if p.done.set_running_or_notify_cancel()])
            if ends:
                return

    def _together(self, pieces: list[_Piece]) -> None:
        try:
            with self._database.writing() as connection:
                found = [_alone(connection, piece) for piece in pieces]
        except Exception as error:  # noqa: BLE001 - nothing was committed: each caller is told
            for piece in pieces:
                piece.done.set_exception(error)
            return
        for piece, result, failed in found:
            if failed is None:
                piece.done.set_result(result)
            else:
                piece.done.set_exception(failed)


def _alone(connection: sa.Connection, piece: _Piece) -> tuple[_Piece, Any, Exception | None]:
    """Does one piece within a savepoint. Raises only where the connection itself is gone."""
    try:
        with connection.begin_nested():
            return piece, piece.work(connection), None
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - it is this piece's caller's error
        return piece, None, error
