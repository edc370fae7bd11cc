"""What recording costs a request: the same leads scored with and without a ledger, in turn, in one process.

``python -m benchmarks.recording [--small]``. The application as it runs, asked in process; the spool on disk, and a
thread that brings its rows to an SQLite file meanwhile. Ratios of medians: what else runs on the machine slows both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import structlog
from starlette.applications import Starlette

from benchmarks.scoring import fitted
from crm.simulation import Company, simulate
from models import artifact
from serving.app import application
from serving.desk import Desk
from serving.lead import microseconds
from serving.ledger.database import database
from serving.ledger.delivery import delivery_to
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.spool import Spool
from serving.metrics import Metrics
from serving.scoring import open_scorer
from serving.settings import Settings
from serving.store import Store
from serving.takeover import Incumbent

SIZES = {1: 400, 100: 30}
"""Leads in a request, and how many requests of them a turn has."""

TURNS = 7


def main() -> None:
    """Prints the median time of a request with and without a ledger, and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    small = parser.parse_args().small
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    scorer = fitted(simulate(Company(leads=1500, leaks=False), seed=1), 200, 12)[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        artifact.save(scorer, folder / "scorer")
        store = Store(folder / "models")
        store.put(folder / "scorer", {"version": "1"})
        apps: dict[str, tuple[Starlette, SpoolingRecorder | None]] = {
            "without a ledger": (app_of(store, None, Metrics()), None),
        }
        metrics = Metrics()
        delivery = delivery_to(database(f"sqlite:///{folder / 'ledger.db'}", folder, pooled=True))
        recorder = SpoolingRecorder(Spool(folder / "spool", lost=metrics.lost), delivery, metrics)
        apps["with a ledger"] = (app_of(store, recorder, metrics), recorder)
        recorder.start()
        for leads, requests in SIZES.items():
            compare({kind: app for kind, (app, _) in apps.items()}, leads, requests // (10 if small else 1))
        print(f"every row delivered: {recorder.flush(120)}")
        recorder.stop()


def app_of(store: Store, recorder: SpoolingRecorder | None, metrics: Metrics) -> Starlette:
    """The application over the newest scorer of a store."""
    now = datetime.now(UTC)
    incumbent = Incumbent(store, lambda stored: open_scorer(stored, microseconds(now)), metrics, every=3_600)
    incumbent.start()
    return application(Desk(incumbent, Settings(), metrics, lambda: datetime.now(UTC), recorder=recorder))


def compare(apps: dict[str, Starlette], leads: int, requests: int) -> None:
    """Asks each application in turn for so many requests of so many leads."""
    body = json.dumps({"leads": [{"lead_id": f"l{i}", "attributes": {"source": "web"}} for i in range(leads)]})
    took: dict[str, list[float]] = {kind: [] for kind in apps}
    for turn in range(TURNS + 1):
        for kind, app in apps.items():
            times = asyncio.run(ask(app, body, requests))
            if turn:  # the first warms up
                took[kind] += times
    medians = {kind: float(np.median(times)) * 1000 for kind, times in took.items()}
    for kind, times in took.items():
        print(
            f"{leads:4d} leads {kind:17s} p50 {medians[kind]:7.2f} ms   p99 {np.percentile(times, 99) * 1000:7.2f} ms"
        )
    without, recorded = medians.values()
    print(
        f"{leads:4d} leads: {recorded / without:.2f} times as long, {(recorded - without) / leads * 1000:.0f} us a lead"
    )


async def ask(app: Starlette, body: str, requests: int) -> list[float]:
    """Seconds of each request."""
    took = []
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for _ in range(requests):
            begun = time.perf_counter()
            reply = await client.post("/v1/scores", content=body, headers=headers)
            took.append(time.perf_counter() - begun)
            reply.raise_for_status()
    return took


if __name__ == "__main__":
    main()
