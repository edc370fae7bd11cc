"""A mixed load against the real service: ``python -m benchmarks load --minutes 30 [--postgresql]``.

Locust's users score leads one by one and in batches of fifty, report outcomes, read the list and single leads, on a
ledger that knows the leads already. Printed: requests, errors, p50 and p99 by route; the memory of the service at the
start, at each tenth and at the end, and whether it grows, by a line fitted after the first tenth; the backlog of rows
that the ledger does not have yet; and whether every score answered is in the ledger once.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil
import sqlalchemy as sa

from benchmarks.rest import fitted, free_port, open_leads, request
from crm.simulation import Company, simulate
from models import artifact
from models.scorer import Scorer
from serving import launch
from serving.ledger import schema
from serving.ledger.database import Database, database
from serving.ledger.tables import scores, standings
from serving.store import put

FLAT = 0.05
"""A memory that a fitted line sees grow by less than this share over the run is flat."""

PAST = 4
"""Scores that each lead was given before the load begins, a day apart."""

BACKLOG = "accord_ledger_backlog_rows"
HERE = Path(__file__).parent


def main() -> int:
    """Runs the load; the exit code is 1 where anything failed or was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--small", action="store_true", help="some seconds, to see that it runs")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--leads", type=int, default=4000, help="leads of the simulated company")
    parser.add_argument("--postgresql", action="store_true", help="a real PostgreSQL, started for this")
    options = parser.parse_args()
    seconds = 20.0 if options.small else options.minutes * 60
    with tempfile.TemporaryDirectory() as name, _database(Path(name), postgresql=options.postgresql) as url:
        folder = Path(name)
        ledger = database(url, folder)
        schema.upgrade(ledger)
        stored, scorer, x, leads = _company(folder, 1500 if options.small else options.leads)
        _seed(ledger, scorer, x, [lead["lead_id"] for lead in leads], stored)
        before = _count(ledger)
        environ = {"ACCORD_LEDGER_URL": url, "ACCORD_SPOOL": str(folder / "spool")}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with launch.start(folder / "bento", port=free_port(), environ=environ, **quiet) as server:
            server.wait_ready()
            return _measure(server, ledger, before, folder, leads, seconds, options.users)


def _measure(
    server: launch.Server,
    ledger: Database,
    before: int,
    folder: Path,
    leads: list[dict[str, Any]],
    seconds: float,
    users: int,
) -> int:
    routes = _routes(server.url)
    (folder / "plan.json").write_text(json.dumps({"leads": leads, "routes": routes}))
    print(f"{users} users, {seconds / 60:.1f} minutes, {ledger.engine.dialect.name}, {len(leads)} leads")
    watch = Watch(server)
    with watch:
        _locust(server.url, folder, seconds, users)
    errors = _report_requests(folder / "load_stats.csv", folder / "load_failures.csv")
    watch.report()
    lost = _report_ledger(server, ledger, before)
    return int(errors > 0 or lost)


def _locust(url: str, folder: Path, seconds: float, users: int) -> None:
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), "--headless", "--host", url]
    command += ["-u", str(users), "-r", str(users), "-t", f"{round(seconds)}s", "--csv", str(folder / "load")]
    command += ["--only-summary", "--exit-code-on-error", "0", "--loglevel", "ERROR"]
    environ = {**os.environ, "ACCORD_LOAD": str(folder)}
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        raise SystemExit(done.returncode)


def _routes(url: str) -> list[str]:
    """The routes that this service has; what is left out of the scenario is said."""
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=10) as reply:  # noqa: S310 - our own address
        paths = json.load(reply)["paths"]
    there = [f"{method.upper()} {path}" for path, item in paths.items() for method in item]
    wanted = ("POST /v1/scores", "POST /v1/feedback", "GET /v1/leads/{lead_id}", "GET /v1/shortlist")
    for route in wanted:
        if route not in there:
            print(f"left out, as this service does not have it: {route}")
    return [route for route in wanted if route in there]


@dataclass
class Watch:
    """Looks at the service once a second while the load runs: its memory, and the rows that wait."""

    server: launch.Server
    at: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    waiting: list[float | None] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            self._look()

    def _look(self) -> None:
        family = [psutil.Process(self.server.process.pid)]
        family += family[0].children(recursive=True)
        self.at.append(time.monotonic())
        self.held.append(sum(process.memory_info().rss for process in family) / 2**20)
        self.waiting.append(metric(self.server.url, BACKLOG))

    def report(self) -> None:
        """Prints memory and backlog at the start, each tenth and the end, and the slope."""
        at = np.array(self.at) - self.at[0]
        places = np.searchsorted(at, np.linspace(0, at[-1], 11)).clip(max=len(at) - 1)
        print("memory of the service, MiB: " + " ".join(f"{self.held[i]:.0f}" for i in places))
        shown = ["-" if self.waiting[i] is None else f"{self.waiting[i]:.0f}" for i in places]
        print("rows not in the ledger yet: " + " ".join(shown))
        settled = at >= at[-1] / 10
        slope, level = np.polyfit(at[settled], np.array(self.held)[settled], 1)
        grown = slope * (at[-1] - at[settled][0])
        share = grown / (level + slope * at[settled][0])
        said = "flat" if share < FLAT else "NOT flat"
        print(f"  {said}: {slope * 3600:+.1f} MiB an hour by a fitted line, {share:+.1%} over the run")


def metric(url: str, name: str) -> float | None:
    """The sum of a metric over its labels; ``None`` where the service has none of this name."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as reply:  # noqa: S310 - our own address
        lines = reply.read().decode().splitlines()
    found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
    return sum(found) if found else None


def _report_requests(stats: Path, failures: Path) -> int:
    """Prints what locust counted, and gives the number of errors."""
    errors = 0
    with stats.open(newline="") as file:
        for row in csv.DictReader(file):
            p50, p99 = row["50%"], row["99%"]
            print(
                f"  {row['Name']:28s} {int(row['Request Count']):8d} requests  {int(row['Failure Count']):5d} errors"
                f"  p50 {p50:>5s} ms  p99 {p99:>5s} ms  {float(row['Requests/s']):6.1f} a second"
            )
            errors = int(row["Failure Count"])  # the last row is that of all together
    with failures.open(newline="") as file:
        for row in csv.DictReader(file):
            print(f"  {row['Occurrences']} x {row['Name']}: {row['Error'][:300]}")
    return errors


def _report_ledger(server: launch.Server, ledger: Database, before: int) -> bool:
    """Prints whether each score answered is there once; gives whether any is missing or there is one too many."""
    answered = int(metric(server.url, "accord_scores_total") or 0)
    if metric(server.url, BACKLOG) is None:
        print(f"{answered} scores answered; this service records none")
        return False
    until = time.monotonic() + 60
    while metric(server.url, BACKLOG) and time.monotonic() < until:
        time.sleep(0.2)
    there = _count(ledger) - before
    print(f"{answered} scores answered, {there} rows more in the ledger, each id once")
    return there != answered


def _count(ledger: Database) -> int:
    with ledger.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(scores)).scalar_one())


@contextmanager
def _database(folder: Path, *, postgresql: bool) -> Iterator[str]:
    if not postgresql:
        with nullcontext():
            yield f"sqlite:///{folder / 'ledger.db'}"
        return
    from tests import postgres  # noqa: PLC0415 - its binaries are there for Linux only

    with postgres.server() as address, postgres.fresh(address, "load") as url:
        yield url


def _company(folder: Path, size: int) -> tuple[str, Scorer, np.ndarray, list[dict[str, Any]]]:
    """The simulated company's scorer, in the store; features of leads, and open leads as a CRM sends them."""
    history = simulate(Company(leads=size, leaks=False), seed=1).history
    scorer, x = fitted(history, 100, 15)
    artifact.save(scorer, folder / "scorer")
    tag = put(folder / "scorer", {"version": "1"}, home=folder / "bento")
    leads = [json.loads(request(history, lead_id))["leads"][0] for lead_id in open_leads(history)]
    return tag.partition(":")[2], scorer, x, [lead | {"as_of": None} for lead in leads]


def _seed(ledger: Database, scorer: Scorer, x: np.ndarray, lead_ids: list[str], stored: str) -> None:
    """Some scores of each lead from the days before, and where it stands: a ledger that has been in use."""
    now = datetime.now(UTC)
    given = []
    for day in range(PAST):
        rows = np.resize(np.roll(np.arange(len(x)), day), len(lead_ids))
        told = scorer.score_matrix(x[rows], np.zeros(len(rows), bool), reasons=0)
        for i, lead_id in enumerate(lead_ids):
            at = now - timedelta(days=PAST - day)
            given.append(
                {
                    "id": f"{day:04x}{i:028x}",
                    "lead_id": lead_id,
                    "given_at": at,
                    "as_of": at,
                    "score": int(told.score[i]),
                    "grade": str(told.grade[i]),
                    "p_accept": float(told.p_accept[i]),
                    "p_close": float(told.p_close[i]),
                    "enough_information": bool(told.enough_information[i]),
                    "reasons": "[]",
                    "features": x[rows[i]].astype("<f8").tobytes(),
                    "catalog": scorer.catalog.hash,
                    "model_version": "1",
                    "stored_version": stored,
                    "definition_version": scorer.definition.version,
                    "about": "{}",
                    "caller": "local",
                    "request_id": "before",
                }
            )
    kept = ("given_at", "as_of", "score", "grade", "p_accept", "p_close", "lead_id")
    latest = [
        {"score_id": row["id"], "owner": ("Zoé", "Max")[i % 2], **{name: row[name] for name in kept}}
        for i, row in enumerate(given[-len(lead_ids) :])
    ]
    with ledger.writing() as connection:
        connection.execute(sa.insert(scores), given)
        connection.execute(sa.insert(standings), latest)


if __name__ == "__main__":
    sys.exit(main())
