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
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import psutil
import sqlalchemy as sa

from benchmarks.jumping import answered
from benchmarks.rest import free_port
from serving import launch
from serving.ledger import schema
from serving.ledger.database import Database, database
from serving.ledger.segments import SUFFIX
from serving.ledger.tables import scores
from serving.store import put
from tests import postgres
from tests.serving.scorers import saved

CLIENTS = 6
WAIT = 60.0
_LEADS_OF = (1, 1, 1, 2, 5, 20)


@dataclass
class Clients:
    """Threads that ask one after the other, and again where a connection was cut, as every client does.

    ``answered`` counts, by lead, the replies with a score of it; each request has leads of its own, so that what is
    answered once must be in the ledger once.
    """

    urls: list[str]
    answered: Counter[str] = field(default_factory=Counter)
    doubtful: set[str] = field(default_factory=set)
    asked: int = 0
    cut: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _client(self, number: int) -> None:
        draw, turn = np.random.default_rng(number), 0
        with httpx.Client(timeout=30) as client:
            while not self._stop.is_set():
                turn += 1
                size = int(draw.choice(_LEADS_OF))
                leads = [f"c{number}-{turn}-{i}" for i in range(size)]
                self._ask(client, self.urls[turn % len(self.urls)], leads)
                with self._lock:
                    self.asked += 1

    def _ask(self, client: httpx.Client, url: str, leads: list[str]) -> None:
        """Asks until there is an answer. A lead whose connection was cut is asked for under another name."""
        for again in itertools.count():
            names = [f"{lead}-{again}" for lead in leads]
            body = {"leads": [{"lead_id": name, "attributes": {"source": "webinar"}} for name in names]}
            begun = time.monotonic()
            try:
                reply = client.post(f"{url}/v1/scores", json=body)
            except httpx.HTTPError:
                with self._lock:
                    self.cut += 1
                    self.doubtful.update(names)
                if self._stop.is_set():
                    self.wrong.append("no answer until the end")
                    return
                time.sleep(0.05)
                continue
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if reply.status_code != httpx.codes.OK or len(reply.json()["scores"]) != len(names):
                    self.wrong.append(reply.text[:200])
                else:
                    self.answered.update(names)
            return


@contextlib.contextmanager
def service(home: Path, port: int, url: str, spool: Path, log: Path) -> Iterator[launch.Server]:
    """A service that records; its log goes to a file."""
    environ = {"ACCORD_LEDGER_URL": url, "ACCORD_SPOOL": str(spool)}
    with log.open("ab") as out, launch.start(home, port=port, environ=environ, stdout=out, stderr=out) as server:
        server.wait_ready(180.0)
        yield server


def found(place: Database) -> Counter[str]:
    """How many scores of each lead the ledger holds."""
    query = sa.select(scores.c.lead_id, sa.func.count()).group_by(scores.c.lead_id)
    with place.reading() as connection:
        return Counter({row[0]: row[1] for row in connection.execute(query)})


def waiting(*spools: Path) -> int:
    """Rows in these spools."""
    rows = 0
    for path in itertools.chain.from_iterable(spool.glob(f"*{SUFFIX}") for spool in spools):
        with contextlib.suppress(FileNotFoundError):
            rows += path.read_bytes().count(b"\n")
    return rows


def told(what: str, clients: Clients, place: Database, *spools: Path) -> None:
    """Counts in the middle of a scenario."""
    with clients._lock:  # noqa: SLF001 - our own
        answered = clients.answered.total()
    try:
        there = str(found(place).total())
    except Exception as error:  # noqa: BLE001 - the database is down, which is the point
        there = f"does not answer ({type(error).__name__})"
    rows = waiting(*spools)
    print(f"  {what}: {answered} scores answered, in the ledger {there}, waiting on disk {rows}", flush=True)


def settle(place: Database, clients: Clients, *spools: Path) -> bool:
    """Waits until everything is delivered; prints and judges what is there."""
    until = time.monotonic() + WAIT
    while (waiting(*spools) or clients.answered.keys() - found(place).keys()) and time.monotonic() < until:
        time.sleep(0.1)
    there = found(place)
    missing = [lead for lead in clients.answered if not there[lead]]
    twice = [lead for lead, rows in there.items() if rows > 1]
    unasked = [lead for lead in there if lead not in clients.answered and lead not in clients.doubtful]
    print(
        f"  after: {clients.asked} requests asked and answered ({clients.cut} connections cut or refused, "
        f"slowest answer {clients.slowest:.2f} s)\n"
        f"         {clients.answered.total()} scores answered, {there.total()} in the ledger "
        f"({sum(lead in clients.doubtful for lead in there)} of them of cut connections), waiting {waiting(*spools)}\n"
        f"         missing {len(missing)}, twice {len(twice)}, never asked for {len(unasked)}, "
        f"answered wrongly {len(clients.wrong)}"
    )
    good = not (missing or twice or unasked or clients.wrong or waiting(*spools))
    print("  held" if good else f"  BROKEN {missing[:3]} {twice[:3]} {clients.wrong[:3]}")
    return good


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
                parent = psutil.Process(server.process.pid)
                family = (parent, *parent.children(recursive=True))
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.send_signal(signal.SIGKILL)
                server.process.wait()
                psutil.wait_procs(family, timeout=10)
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
    answered(here.home, url, here.spool, now, clients.answered, here.seconds * 3)
    clients.asked = len({lead.rpartition("-")[0] for lead in clients.answered})
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
