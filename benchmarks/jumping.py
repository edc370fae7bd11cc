"""The application in this process, with a clock of one's own, asked over HTTP by several threads."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import httpx
import structlog
import uvicorn

from benchmarks.clients import Clients
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

CLIENTS = 4


def answered(home: Path, url: str, spool: Path, now: Callable[[], datetime], into: Clients, seconds: float) -> None:
    """Asks for scores for so many seconds; counts what was answered by lead, and what went wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    metrics = Metrics()
    incumbent = Incumbent(Store(home / "models"), lambda s: open_scorer(s, microseconds(now())), metrics, every=60)
    delivery = delivery_to(database(url, spool, pooled=True))
    recorder = SpoolingRecorder(Spool(spool, lost=metrics.lost), delivery, metrics)
    app = application(Desk(incumbent, Settings(), metrics, now, delivery.database, recorder))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.02)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        _ask(address, into, time.monotonic() + seconds)
        server.should_exit = True
        thread.join()


def _ask(address: str, into: Clients, until: float) -> None:
    lock = threading.Lock()

    def client(number: int) -> None:
        turn = 0
        with httpx.Client(timeout=30) as asking:
            while time.monotonic() < until:
                turn += 1
                names = [f"c{number}-{turn}-{i}" for i in range(3)]
                reply = asking.post(f"{address}/v1/scores", json={"leads": [{"lead_id": name} for name in names]})
                with lock:
                    into.asked += 1
                    if reply.is_success:
                        into.answered.update(score["lead_id"] for score in reply.json()["scores"])
                    if not reply.is_success or len(reply.json()["scores"]) != len(names):
                        into.wrong.append(reply.text[:200])

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
