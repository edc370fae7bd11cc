"""How the ledger is read for a request: what was written last may arrive first, threads of its own, and 503 if down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from anyio import CapacityLimiter, to_thread

from crm.errors import UnavailableError
from serving.desk import Desk
from serving.ledger.database import Database
from serving.problems import Kind, Problem

T = TypeVar("T")

THREADS = 4
"""Requests that read the ledger at once; others wait, and none of them takes the thread that scores."""

FLUSH_SECONDS = 0.25
"""How long a reader waits for what this service wrote last."""

_RETRY = {"Retry-After": "5"}


@runtime_checkable
class Flushes(Protocol):
    """A recorder that can be asked to hurry."""

    def flush(self, seconds: float) -> object:
        """Waits until what was written so far is in the ledger, but no longer than this."""


class Reader:
    """Reads the ledger for a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._limiter = CapacityLimiter(THREADS)

    def ledger(self) -> Database:
        """The ledger. Raises `Problem` where the service was told of none."""
        if self._desk.ledger is None:
            raise Problem(Kind.NO_LEDGER, "Nothing is recorded here, so nothing can be read back.")
        return self._desk.ledger

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Does the work in a thread. Raises `Problem` where the database does not answer; scoring goes on."""
        try:
            return await to_thread.run_sync(self._flushed, work, args, limiter=self._limiter)
        except UnavailableError:
            detail = "What was given and reported cannot be read now; scores are given and recorded all the same."
            raise Problem(Kind.LEDGER_DOWN, detail, headers=_RETRY) from None

    def _flushed(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        recorder: object = self._desk.recorder
        if isinstance(recorder, Flushes):
            recorder.flush(FLUSH_SECONDS)
        return work(*args)

    def barred(self, lead_id: str) -> object:
        """Why nothing may be told of a lead; ``None`` where it may."""
        return None if self._desk.roster is None else self._desk.roster.barred(lead_id)
