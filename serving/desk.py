"""What every route works with: the scorer in service, settings, clock, and the ledger where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Literal, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from serving.doors import Role
from serving.ledger.database import Database
from serving.ledger.keys import Shown
from serving.lookout import Lookout, newest
from serving.metrics import Metrics
from serving.problems import Kind, Problem
from serving.scoring import Served
from serving.settings import Settings
from serving.takeover import Incumbent

T = TypeVar("T")

Row = Mapping[str, Any]
"""A row of a table of the ledger, by column."""

Barred = Literal["erased", "objected"]
"""Why a lead is not scored."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the ``id`` of a key (``local`` without keys), and what it opens."""

    id: str
    role: Role


def caller_of(request: Request) -> Caller:
    """Who asks, as `serving.access` found out before it let the request in."""
    caller = request.state.caller
    assert isinstance(caller, Caller)  # noqa: S101 - every door that asks for a key says who passed
    return caller


class Recorder(Protocol):
    """Brings rows to the ledger, each once, whether its database is there or not."""

    @property
    def backlog(self) -> int:
        """Rows that the database does not have yet."""

    @property
    def up(self) -> bool:
        """Whether the database takes rows."""

    def write(self, table: str, rows: Sequence[Row], *, sure: bool = False) -> bool:
        """Takes rows over; gives whether they are on disk and so outlive the end of this process.

        With ``sure`` they outlive the end of the machine too: that waits for the disk, so call it aside. Never raises,
        never waits for the database. Where it gives ``False`` rows are still delivered if this process lives on.
        """

    def flush(self, seconds: float) -> bool:
        """Waits, so many seconds at most, until the database has what was written so far, by whichever worker.

        Gives whether it has. What is written meanwhile is not waited for. Call it aside.
        """

    def forget(self) -> None:
        """Takes what was set aside of erased leads out for good. Call it aside; raises `AccordError`, `OSError`."""

    def start(self) -> None:
        """Starts to deliver."""

    def stop(self) -> None:
        """Delivers what can be delivered now, and stops; the rest stays on disk for the next process."""


class Roster(Protocol):
    """What the service must know of the ledger at every request, kept in memory: keys, and leads never to be scored."""

    @property
    def asks(self) -> bool | None:
        """Whether keys are asked for, as they are once one was made; ``None`` where that is not known."""

    def look_up(self, shown: str, now: datetime) -> Shown:
        """What a key that was shown is worth."""

    def barred(self, lead_id: str) -> Barred | None:
        """Why this lead may not be scored; ``None`` where it may."""

    def bar(self, lead_id: str, why: Barred) -> None:
        """Bars a lead at once, before the ledger has it. Raises `UnavailableError` where that could not be kept."""

    def start(self) -> None:
        """Starts to keep up with the ledger."""

    def stop(self) -> None:
        """Stops; what is known stays."""


@dataclass(frozen=True)
class Desk:
    """What every route works with.

    Args:
        incumbent: who is in service.
        settings: limits.
        metrics: where everything is counted.
        clock: now, with a zone: what an absent ``as_of`` means, and what a model's age is measured against.
        ledger: its database; ``None`` where the service was told of none: then nothing is recorded or read back.
        recorder: brings rows there; ``None`` without a ledger.
        roster: keys, and who is not to be scored; ``None`` without a ledger.
    """

    incumbent: Incumbent
    settings: Settings
    metrics: Metrics
    clock: Callable[[], datetime]
    ledger: Database | None = None
    recorder: Recorder | None = None
    roster: Roster | None = None
    _one_at_a_time: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))

    @cached_property
    def lookout(self) -> Lookout | None:
        """Looks for the last check in the ledger; ``None`` without one. It runs with the application's lifespan."""
        return None if self.ledger is None else Lookout(partial(newest, self.ledger))

    def in_service(self) -> Served:
        """The scorer in service. Raises `Problem` where there is none yet."""
        served = self.incumbent.served
        if served is None:
            detail = "No scorer has been promoted here yet: train one (accord train), then promote it (accord promote)."
            raise Problem(Kind.NO_SCORER, detail, headers={"Retry-After": "5"})
        return served

    def books(self) -> tuple[Database, Recorder]:
        """The ledger and what brings rows there. Raises `Problem` where the service was told of none."""
        if self.ledger is None or self.recorder is None:
            detail = "This service was told of no ledger (ACCORD_LEDGER_URL): nothing is kept or read back."
            raise Problem(Kind.NO_LEDGER, detail)
        return self.ledger, self.recorder

    async def aside(self, aside: bool, work: Callable[..., T], *args: Any) -> T:
        """Does short work at once, and long work in the one thread for it, so that health checks and others get in."""
        return await to_thread.run_sync(work, *args, limiter=self._one_at_a_time) if aside else work(*args)
