"""Rows that the ledger's database refuses, and lines that were torn: kept in a file with the reason, for a person."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from serving.ledger.segments import FILE_MODE, FOLDER_MODE, write_whole

FOLDER = "aside"
FILE = "rows.jsonl"


class Aside(msgspec.Struct, frozen=True):
    """A row set aside: why, and the line as it was in the spool."""

    reason: str
    line: str


def put(spool: Path, reason: str, line: bytes) -> None:
    """Adds a line to the file in the spool's folder. Raises `OSError` where the disk takes nothing."""
    row = msgspec.json.encode(Aside(reason, line.decode(errors="backslashreplace").rstrip("\n"))) + b"\n"
    with _held(spool) as fd:
        size = os.fstat(fd).st_size
        try:
            write_whole(fd, row)
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise


def read(spool: Path) -> list[Aside]:
    """What was set aside, in order."""
    path = spool / FOLDER / FILE
    if not path.exists():
        return []
    return [msgspec.json.decode(row, type=Aside) for row in path.read_bytes().splitlines()]


def forget(spool: Path, which: Callable[[Aside], bool]) -> int:
    """Takes out for good what is ``which``; gives how many."""
    if not (spool / FOLDER / FILE).exists():
        return 0
    with _held(spool) as fd:
        rows = [msgspec.json.decode(row, type=Aside) for row in _content(fd).splitlines()]
        kept = [row for row in rows if not which(row)]
        if len(kept) < len(rows):
            os.ftruncate(fd, 0)
            write_whole(fd, b"".join(msgspec.json.encode(row) + b"\n" for row in kept))
            os.fsync(fd)
        return len(rows) - len(kept)


def _content(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


@contextmanager
def _held(spool: Path) -> Iterator[int]:
    folder = spool / FOLDER
    folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    fd = os.open(folder / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)
