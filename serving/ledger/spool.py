"""The spool: rows on local disk between the service and the ledger's database, whether that is up or not.

What `Spool.write` has put there outlives the end of the process, however it ends; with ``sure`` also that of the
machine. Where the disk takes nothing, rows wait in memory up to a limit, and beyond it they are lost, which is counted
and told aloud. Writing never raises: the score is given in any case.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from serving.ledger.segments import SUFFIX, Claimed, Segment, claim

SEGMENT_BYTES = 8 * 1024 * 1024
"""A segment that is larger is closed, so that an outage leaves files that are delivered and deleted one by one."""

MEMORY_BYTES = 64 * 1024 * 1024
"""So much waits in memory at most while the disk takes nothing: some 30,000 scores."""

_CHUNK_BYTES = 256 * 1024
"""What waits is kept in pieces of this size, so that even much of it is on disk in some hundredths of a second."""

MEMORY = "memory"
"""Stands for what waits in memory among the names of segments."""

RETRY_SECONDS = 0.5
"""Between two tries on a disk that takes nothing."""


class Spool:
    """The spool of this process in a folder that several may share. Safe to use from several threads.

    Args:
        folder: on a local disk; made with its first segment, closed to other users.
        segment_bytes: see `SEGMENT_BYTES`.
        memory_bytes: see `MEMORY_BYTES`.
        lost: told how many rows were lost.
        retry: seconds between two tries on a disk that takes nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        memory_bytes: int = MEMORY_BYTES,
        lost: Callable[[int], None] = lambda _: None,
        retry: float = RETRY_SECONDS,
    ) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._memory_bytes = memory_bytes
        self._lost = lost
        self._retry = retry
        self._log = structlog.get_logger("serving.ledger")
        self._lock = threading.Lock()
        self._segment: Segment | None = None
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._waiting_bytes = 0
        self._next_try = 0.0
        self._counted: dict[Path, tuple[int, int]] = {}
        self._counting = threading.Lock()
        self._stuck: set[Path] = set()

    def write(self, lines: Sequence[bytes], *, sure: bool = False) -> bool:
        """Takes lines over, in order. Gives whether they are on disk, with ``sure`` synced: waiting for the disk."""
        if not lines:
            return True
        with self._lock:
            on_disk = self._drain() and self._append(b"".join(lines), len(lines))
            if not on_disk:
                self._keep(b"".join(lines), len(lines))
            segment = self._segment
            wanted = segment.want() if sure and segment is not None else 0
        if not on_disk or segment is None:
            return False
        return not sure or self._sync(segment, wanted)

    def retry(self) -> bool:
        """Writes what waits in memory, if the disk takes it now. Gives whether nothing waits any more."""
        with self._lock:
            return self._drain()

    def roll(self) -> None:
        """Lets go of what was written until now, so that it can be delivered."""
        with self._lock:
            self._drain()
            segment, self._segment = self._segment, None
        if segment is not None:
            with suppress(OSError):  # told to whoever wanted it synced
                segment.close()

    def claims(self) -> Iterator[Claimed]:
        """The segments that nobody holds, ours and those of processes that ended, in order.

        One that cannot be opened, such as another user's, is told once and holds up no other. Raises `OSError` where
        the folder itself cannot be read.
        """
        paths = self._paths()
        self._stuck &= set(paths)
        for path in paths:
            try:
                claimed = claim(path)
            except OSError as error:
                self.stuck(path, error)
                continue
            if claimed is not None:
                yield claimed

    def stuck(self, path: Path, error: OSError) -> None:
        """Tells, once, that a segment cannot be delivered although the database is there."""
        if path not in self._stuck:
            self._stuck.add(path)
            self._log.error("spool_segment_stuck", path=str(path), error=error.strerror)

    def take(self) -> tuple[bytes, int] | None:
        """The first of what waits in memory, for who can deliver it without a disk: give it `back` if not."""
        with self._lock:
            if not self._waiting:
                return None
            taken = self._waiting.popleft()
            self._waiting_bytes -= len(taken[0])
            return taken

    def back(self, taken: tuple[bytes, int]) -> None:
        """Puts back what `take` gave, as it would have been without."""
        with self._lock:
            self._waiting.appendleft(taken)
            self._waiting_bytes += len(taken[0])

    @property
    def in_memory(self) -> int:
        """Rows that wait in memory."""
        with self._lock:
            return sum(rows for _, rows in self._waiting)

    def backlog(self) -> int:
        """Rows that are not delivered: in memory, and on disk, written by any process."""
        with self._counting:
            known, self._counted = self._counted, {}
            for path in self._paths():
                with suppress(OSError):
                    self._counted[path] = _counted(path, *known.get(path, (0, 0)))
            return self.in_memory + sum(rows for _, rows in self._counted.values())

    def waiting(self, of: frozenset[str] | None = None) -> frozenset[str]:
        """Names of what holds rows that are not delivered: segments, of any process, and `MEMORY`; none that is stuck.

        With ``of``, names of what is left of those: what was written since does not matter. Of what waited in memory
        nobody knows which segment it went to, so then every one counts.
        """
        memory = frozenset({MEMORY} if self.in_memory else ())  # before the segments: rows go from here to there
        found = memory | {path.name for path in self._paths() if path not in self._stuck}
        return found if of is None or MEMORY in of else found & of

    def close(self) -> None:
        """Tries once more to write what waits in memory, and lets go of everything. What is lost now is told."""
        with self._lock:
            self._next_try = 0.0
            if not self._drain():
                self._lose(sum(rows for _, rows in self._waiting))
                self._waiting.clear()
                self._waiting_bytes = 0
        self.roll()

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))

    def _append(self, data: bytes, rows: int) -> bool:
        try:
            if self._segment is not None and (self._segment.torn or self._segment.size >= self._segment_bytes):
                full, self._segment = self._segment, None
                full.close()
            if self._segment is None:
                self._segment = Segment.create(self.folder)
            self._segment.append(data, rows)
        except OSError as error:
            if not self._next_try:
                self._log.error("spool_takes_nothing", folder=str(self.folder), error=error.strerror)
            self._next_try = time.monotonic() + self._retry
            return False
        if self._next_try:
            self._next_try = 0.0
            self._log.info("spool_takes_rows_again", folder=str(self.folder))
        return True

    def _drain(self) -> bool:
        """Writes what waits in memory, in order. Gives whether nothing waits any more."""
        if self._segment is not None and self._segment.gone:
            self._rescue(self._segment)
        if self._next_try and time.monotonic() < self._next_try:
            return False
        while self._waiting:
            data, rows = self._waiting[0]
            if not self._append(data, rows):
                return False
            self._waiting.popleft()
            self._waiting_bytes -= len(data)
        return True

    def _keep(self, data: bytes, rows: int) -> None:
        if self._waiting_bytes + len(data) > self._memory_bytes:
            self._lose(rows)
            return
        self._waiting_bytes += len(data)
        if self._waiting and len(self._waiting[-1][0]) + len(data) <= _CHUNK_BYTES:
            before, counted = self._waiting.pop()
            data, rows = before + data, counted + rows
        self._waiting.append((data, rows))

    def _lose(self, rows: int) -> None:
        self._log.error("ledger_rows_lost", rows=rows)
        self._lost(rows)

    def _rescue(self, segment: Segment) -> None:
        """Takes back what is in a segment whose file somebody deleted: it is still ours to read."""
        self._segment = None
        self._log.error("spool_deleted", folder=str(self.folder), rows=segment.rows)
        try:
            content = segment.content()
        except OSError:
            self._lose(segment.rows)
        else:
            if content:
                self._waiting.appendleft((content, segment.rows))
                self._waiting_bytes += len(content)
        with suppress(OSError):
            segment.close()

    def _sync(self, segment: Segment, size: int) -> bool:
        try:
            segment.sync(size)
        except OSError as error:
            self._log.error("spool_not_synced", folder=str(self.folder), error=error.strerror)
            return False
        return True


def _counted(path: Path, size: int, rows: int) -> tuple[int, int]:
    """How long a segment is and how many rows it holds; ``size`` and ``rows`` are what was counted before."""
    now = path.stat().st_size
    if now < size:  # what did not fit was taken back
        size, rows = 0, 0
    if now > size:
        with path.open("rb") as file:
            file.seek(size)
            content = file.read(now - size)
        rows += content.count(b"\n")
        size += len(content)
    return size, rows
