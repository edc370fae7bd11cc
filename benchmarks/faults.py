"""Faults while clients ask for scores: every score that was answered must be in the ledger exactly once.

``python -m benchmarks.faults [--seconds N] [SCENARIO …]``. Real services over a scorer of the tests, real databases,
real clients. Each scenario prints what was asked, answered and found, and fails where a score is missing or twice, or a
request was not answered.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import sqlalchemy as sa

from benchmarks.clients import Clients, settle, told
from benchmarks.jumping import answered
from benchmarks.rest import free_port
from serving import launch
from serving.ledger import schema
from serving.ledger.database import database
from serving.ledger.tables import scores
from serving.store import put
from tests import postgres
from tests.serving.scorers import saved


@contextlib.contextmanager
def service(home: Path, port: int, url: str, spool: Path, log: Path) -> Iterator[launch.Server]:
    """A service that records; its log goes to a file."""
    environ = {"ACCORD_LEDGER_URL": url, "ACCORD_SPOOL": str(spool)}
    with log.open("ab") as out, launch.start(home, port=port, environ=environ, stdout=out, stderr=out) as server:
        server.wait_ready(180.0)
        yield server


@dataclass
class Place:
    """What a scenario works with."""

    folder: Path
    home: Path
    seconds: float

    @property
    def spool(self) -> Path:
        """The service's spool."""
        return self.folder / "spool"

    @property
    def log(self) -> Path:
        """The service's log."""
        return self.folder / "log"

    def sqlite(self) -> str:
        """The address of a ledger in this folder."""
        return f"sqlite:///{self.folder / 'ledger.db'}"


def killed(server: launch.Server) -> None:
    """Kills a service and all its processes (-9): a worker whose parent alone is killed would live on."""
    parent = psutil.Process(server.process.pid)
    family = (parent, *parent.children(recursive=True))
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    server.process.wait()
    psutil.wait_procs(family, timeout=10)


def kill(here: Place) -> bool:
    """Kill -9 of the service and all its processes under load, three times; each time it is started again."""
    url, port = here.sqlite(), free_port()
    place = database(url, here.folder)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(service(here.home, port, url, here.spool, here.log))
        with Clients([server.url]) as clients:
            for number in range(3):
                time.sleep(here.seconds)
                told(f"before kill -9 no. {number + 1}", clients, place, here.spool)
                killed(server)
                told("after it", clients, place, here.spool)
                server = stack.enter_context(service(here.home, port, url, here.spool, here.log))
            time.sleep(here.seconds)
        return settle(place, clients, here.spool)


def restart(here: Place) -> bool:
    """PostgreSQL is stopped under load, stays away, and is started again; twice."""
    with postgres.restartable() as running:
        place = database(running.address, here.folder)
        schema.upgrade(place)
        with service(here.home, free_port(), running.address, here.spool, here.log) as server:
            with Clients([server.url]) as clients:
                for number in range(2):
                    time.sleep(here.seconds)
                    told(f"before stop no. {number + 1}", clients, place, here.spool)
                    running.stop()
                    time.sleep(here.seconds)
                    told("while it is stopped", clients, place, here.spool)
                    running.start()
                    time.sleep(here.seconds)
                    told("started again", clients, place, here.spool)
            return settle(place, clients, here.spool)


def disk(here: Place) -> bool:
    """The disk of the ledger and of its spool fills up under load, and is freed again."""
    small = here.folder / "small"
    small.mkdir()
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", small]
    mounted = subprocess.run(mount, check=False, capture_output=True)
    if mounted.returncode:
        print(f"  skipped: no small disk can be mounted here ({mounted.stderr.decode().strip()})")
        return True
    spool, ballast = small / "spool", small / "ballast"
    url = f"sqlite:///{small / 'ledger.db'}"
    try:
        place = database(url, here.folder)
        with service(here.home, free_port(), url, spool, here.log) as server:
            with Clients([server.url]) as clients:
                time.sleep(here.seconds)
                told("before", clients, place, spool)
                fill(ballast)
                time.sleep(here.seconds)
                told("full", clients, place, spool)
                fill(ballast)
                time.sleep(here.seconds)
                told("still full", clients, place, spool)
                ballast.unlink()
                subprocess.run(["mount", "-o", "remount,size=400m", small], check=True)
                time.sleep(here.seconds)
                told("freed", clients, place, spool)
            return settle(place, clients, spool)
    finally:
        subprocess.run(["umount", small], check=True)


def fill(ballast: Path) -> None:
    """Takes all the room there is, to the last byte."""
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size) == size:
                    pass


def two(here: Place) -> bool:
    """Two services, each with a spool of its own, on one database."""
    with postgres.restartable() as running:
        place = database(running.address, here.folder)
        schema.upgrade(place)
        spools = [here.folder / "spool", here.folder / "other"]
        with (
            service(here.home, free_port(), running.address, spools[0], here.log) as first,
            service(here.home, free_port(), running.address, spools[1], here.log) as second,
        ):
            with Clients([first.url, second.url]) as clients:
                time.sleep(here.seconds * 2)
                told("under load", clients, place, *spools)
            return settle(place, clients, *spools)


def clock(here: Place) -> bool:
    """The service's clock goes back and forth by hours at every request.

    The clock of a machine is not ours to set, so the application runs here, with a clock that jumps, in real threads.
    """
    url = here.sqlite()
    place = database(url, here.folder)
    draw = np.random.default_rng(1)
    lock = threading.Lock()

    def now() -> datetime:
        with lock:
            return datetime.now(UTC) + timedelta(hours=draw.uniform(-48, 0.9))

    clients = Clients([])
    answered(here.home, url, here.spool, now, clients, here.seconds * 3)
    good = settle(place, clients, here.spool)
    with place.reading() as connection:
        order = list(connection.execute(sa.select(scores.c.given_at).order_by(scores.c.id)))
        stands = connection.execute(sa.text("SELECT count(*) FROM standings")).scalar_one()
    back = sum(a.given_at > b.given_at for a, b in itertools.pairwise(order))
    print(f"  {stands} standings of {len(clients.answered)} leads; keys in the order of their times but {back}")
    return good and stands == len(clients.answered)


SCENARIOS: dict[str, Callable[[Place], bool]] = {
    "kill": kill,
    "restart": restart,
    "disk": disk,
    "clock": clock,
    "two": two,
}


def main(arguments: list[str] | None = None) -> None:
    """Runs the scenarios named, or all; ends with 1 where one did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], help="default: all")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load in each part of a scenario")
    parser.add_argument("--small", action="store_true", help="a few seconds each")
    asked = parser.parse_args(arguments)
    seconds = min(asked.seconds, 1.0) if asked.small else asked.seconds
    held: dict[str, Any] = {}
    for name in asked.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        print(f"{name}: {(scenario.__doc__ or '').splitlines()[0]}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            put(saved(place, 1), {"version": "12"}, home=place / "home")
            held[name] = scenario(Place(place, place / "home", seconds))
    print(json.dumps(held))
    sys.exit(0 if all(held.values()) else 1)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
