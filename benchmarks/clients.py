"""Clients that ask for scores while things break, and the count of what they were answered against the ledger."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import numpy as np
import sqlalchemy as sa

from serving.ledger.database import Database
from serving.ledger.segments import SUFFIX
from serving.ledger.tables import scores

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

    def total(self) -> int:
        """Scores answered until now."""
        with self._lock:
            return self.answered.total()

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
    answered = clients.total()
    try:
        there = str(found(place).total())
    except Exception as error:  # noqa: BLE001 - the database is down, which is the point
        there = f"does not answer ({type(error).__name__})"
    rows = waiting(*spools)
    print(f"  {what}: {answered} scores answered, in the ledger {there}, waiting on disk {rows}", flush=True)


def settle(place: Database, clients: Clients, *spools: Path) -> bool:
    """Waits until everything is delivered; prints and judges what is there. Nothing answered is nothing shown."""
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
    good = bool(clients.answered) and not (missing or twice or unasked or clients.wrong or waiting(*spools))
    print("  held" if good else f"  BROKEN {missing[:3]} {twice[:3]} {clients.wrong[:3]}")
    return good
