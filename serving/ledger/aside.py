"""Rows that the ledger's database refuses, and lines that were torn: kept in a file with the reason, for a person."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from serving.ledger.segments import FILE_MODE, make_folder, sync_folder, write_whole

FOLDER = "aside"
FILE = "rows.jsonl"

_NEW = f".{FILE}.new"
_LEAD = re.compile(r'"lead_id": ?("(?:[^"\\]|\\.)*")')


class Aside(msgspec.Struct, frozen=True):
    """A row set aside: why, and the line as it was in the spool."""

    reason: str
    line: str

    def leads(self) -> Iterator[str]:
        """The leads that the line names. A torn line that ends before its lead's key holds nothing of a lead."""
        for found in _LEAD.findall(self.line):
            with suppress(ValueError):  # half a character, too
                yield json.loads(found).encode().decode()


def put(spool: Path, row: Aside) -> None:
    """Adds a row to the file in the spool's folder. Raises `OSError` where the disk takes nothing."""
    with _held(spool) as fd:
        size = os.fstat(fd).st_size
        cut = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        try:
            write_whole(fd, (b"\n" if cut else b"") + _encoded(row))
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise


def read(spool: Path) -> list[Aside]:
    """What was set aside, in order. People open the file, too: a line that is no row of ours is one as it stands."""
    path = spool / FOLDER / FILE
    return _rows(path.read_bytes()) if path.exists() else []


def forget(spool: Path, which: Callable[[Aside], bool]) -> int:
    """Takes out for good what is ``which``; gives how many. Raises `OSError`: then the file is as it was."""
    if not (spool / FOLDER / FILE).exists():
        return 0
    with _held(spool) as fd:
        rows = _rows(os.pread(fd, os.fstat(fd).st_size, 0))
        kept = [row for row in rows if not which(row)]
        if len(kept) < len(rows):
            _replace(spool / FOLDER, b"".join(map(_encoded, kept)))
        return len(rows) - len(kept)


def _encoded(row: Aside) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def _rows(content: bytes) -> list[Aside]:
    return [_row(line) for line in content.splitlines() if line.strip()]


def _row(line: bytes) -> Aside:
    try:
        return msgspec.json.decode(line, type=Aside)
    except (msgspec.DecodeError, ValueError):  # what it says of leads is found once its quotation marks are bare
        return Aside("unreadable", line.decode(errors="backslashreplace").replace('\\"', '"'))


def _replace(folder: Path, content: bytes) -> None:
    """Puts this in the file's place, at once: whatever happens, one of the two is there as a whole."""
    new = folder / _NEW
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    try:
        write_whole(fd, content)
        os.fsync(fd)
    except OSError:
        new.unlink()
        raise
    finally:
        os.close(fd)
    new.replace(folder / FILE)
    sync_folder(folder)


@contextmanager
def _held(spool: Path) -> Iterator[int]:
    """The file, which nobody else holds meanwhile, and which was not replaced while we waited for it."""
    path = spool / FOLDER / FILE
    make_folder(path.parent)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                yield fd
                return
        finally:
            os.close(fd)
