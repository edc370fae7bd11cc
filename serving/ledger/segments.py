"""Segments of the spool: files of lines that one process appends to, and that any process takes over when it has ended.

Who holds the lock of a segment (flock, which ends with the process however it ends) has it to itself: to write to it,
or to deliver what is in it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".segment"
FOLDER_MODE, FILE_MODE = 0o700, 0o600  # they hold personal data

_last = 0
_naming = threading.Lock()


class Segment:
    """A segment that this process writes. Not safe to append to from several threads at once; `sync` is."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.size = 0
        self.rows = 0
        self.torn = False
        self._fd = fd
        self._synced = 0
        self._wanted = 0
        self._closed = False
        self._syncing = threading.Lock()

    @classmethod
    def create(cls, folder: Path) -> Segment:
        """A new segment, ours from before anybody can see it. Raises `OSError`."""
        make_folder(folder)
        path = folder / f"{_name()}{SUFFIX}"
        hidden = folder / f".{path.name}"
        fd = os.open(hidden, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)
        except OSError:
            os.close(fd)
            with suppress(OSError):
                hidden.unlink()
            raise
        return cls(path, fd)

    @property
    def gone(self) -> bool:
        """Whether somebody deleted the file: what is written to it would be lost with us."""
        return os.fstat(self._fd).st_nlink == 0

    def append(self, lines: bytes, rows: int) -> None:
        """Puts whole lines into the page cache, all or none of them. Raises `OSError`.

        Where a part of them can neither be completed nor taken back the segment is ``torn``: what came after would
        be taken for the rest of that line, so nothing may.
        """
        try:
            write_whole(self._fd, lines)
        except OSError:
            self.torn = True
            os.ftruncate(self._fd, self.size)
            self.torn = False
            raise
        self.size += len(lines)
        self.rows += rows

    def want(self) -> int:
        """Says that somebody will `sync` what was appended until now; gives how much that is."""
        self._wanted = self.size
        return self.size

    def sync(self, size: int) -> None:
        """Returns when the first ``size`` bytes outlive the machine, too. Raises `OSError`.

        Of several threads that ask at once, one does it for all. Say `want` before anybody may `close` it.
        """
        with self._syncing:
            if self._synced < size:
                self._sync()

    def content(self) -> bytes:
        """All that was appended."""
        return os.pread(self._fd, self.size, 0)

    def close(self) -> None:
        """Lets go of the file, so that it is delivered; what somebody waits to have synced is synced first."""
        with self._syncing:
            try:
                if self._synced < self._wanted:
                    self._sync()
            finally:
                self._closed = True
                os.close(self._fd)

    def _sync(self) -> None:
        if self._closed:
            raise OSError(errno.EBADF, "closed before it was synced")
        size = self.size
        os.fsync(self._fd)
        if not self._synced:
            sync_folder(self.path.parent)
        self._synced = size


def write_whole(fd: int, content: bytes) -> None:
    """Writes all of it. Raises `OSError`, also where the disk took a part."""
    if os.write(fd, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True, slots=True)
class Claimed:
    """A segment whose writer has let go of it, held by us until `release` or `remove`."""

    path: Path
    fd: int

    def lines(self) -> Iterator[bytes]:
        """Its lines in order, the last one torn perhaps."""
        with os.fdopen(os.dup(self.fd), "rb") as file:
            file.seek(0)
            yield from file

    def release(self) -> None:
        """Lets go of it; it stays."""
        os.close(self.fd)

    def remove(self) -> None:
        """Deletes it: everything in it is elsewhere. Lets go of it in any case. Raises `OSError`."""
        try:
            self.path.unlink(missing_ok=True)
        finally:
            self.release()


def claim(path: Path) -> Claimed | None:
    """The segment, if nobody holds it. Raises `OSError` where it is there and cannot be opened."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    if os.fstat(fd).st_nlink == 0:  # delivered by another between our two steps
        os.close(fd)
        return None
    return Claimed(path, fd)


def _name() -> str:
    """Names sort in the order in which this process made them, also when its clock goes back."""
    global _last  # noqa: PLW0603 - the one order of a process
    with _naming:
        _last = max(_last + 1, time.time_ns())
        return f"{_last:020d}-{secrets.token_hex(4)}"


def make_folder(folder: Path) -> None:
    """Makes a folder that is closed to other users, if it is not there, and one that outlives the machine."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """A new file's name outlives the machine only when its folder is synced."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
