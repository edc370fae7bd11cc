"""A storm of feedback: many posts, a share of them repeats, from 16 clients in random order, against a real service.

Every report that was acknowledged must be in the ledger once, and no other.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from serving.launch import start
from serving.ledger import schema
from serving.ledger.database import database
from serving.ledger.tables import feedback, standings
from serving.settings import variable
from serving.store import put
from tests import postgres
from tests.serving.scorers import saved
from tests.serving.test_real_server import free_port

CLIENTS = 16
REPEATS = 0.2
OUTCOMES = ("accepted", "rejected", "won", "lost", "no_decision")
REASONS = {"rejected": "no_need", "lost": "price", "no_decision": "silence"}


def main() -> None:
    """Runs the storm on SQLite and on PostgreSQL."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks storm")
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--small", action="store_true", help="a few seconds")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    asked = parser.parse_args()
    for name in ("sqlite", "postgresql"):
        if asked.only in {None, name}:
            with tempfile.TemporaryDirectory() as folder, _ledger(name, Path(folder)) as url:
                _storm(name, url, Path(folder), 2_000 if asked.small else asked.posts)


@contextmanager
def _ledger(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
        return
    with postgres.server() as address:
        yield address


def _storm(name: str, url: str, folder: Path, posts: int) -> None:
    put(saved(folder), {"version": "1"}, home=folder / "bento")
    ledger = database(url, folder)
    schema.upgrade(ledger)
    sent = _posts(posts)
    environ = {
        variable("ledger_url"): url,
        variable("spool"): str(folder / "spool"),
        variable("rate_per_minute"): "10000000",
    }
    with (
        (folder / "log").open("wb") as log,
        start(folder / "bento", port=free_port(), environ=environ, stdout=log, stderr=log) as server,
    ):
        server.wait_ready()
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            told = list(
                pool.map(partial(_send, server.url), range(CLIENTS), [sent[i::CLIENTS] for i in range(CLIENTS)])
            )
        took = time.perf_counter() - began
    statuses = Counter(status for counted, _ in told for status in counted.elements())
    ids = [known for _, mine in told for known in mine]
    with ledger.reading() as connection:
        rows = list(connection.scalars(sa.select(feedback.c.id)))
        leads = connection.scalar(sa.select(sa.func.count()).select_from(standings))
    reports = len({json.dumps(report) for report in sent})
    print(f"{name}: {len(sent):,} posts of {reports:,} reports from {CLIENTS} clients in {took:.0f} s")
    print(f"  answered {statuses.total():,}: {dict(sorted(statuses.items()))}")
    print(
        f"  acknowledged reports {len(set(ids)):,}; "
        f"in the ledger {len(rows):,} rows, {len(set(rows)):,} ids, {leads:,} leads"
    )
    missing, strange = set(ids) - set(rows), set(rows) - set(ids)
    print(f"  acknowledged and not there: {len(missing)}; there and never acknowledged: {len(strange)}")
    if missing or strange or len(rows) != reports or statuses["gave up"]:
        raise SystemExit(1)


def _posts(number: int) -> list[dict[str, Any]]:
    draw = random.Random(1)  # noqa: S311 - the same each time
    own = round(number * (1 - REPEATS))
    reports = [_report(i, draw) for i in range(own)]
    sent = [*reports, *draw.choices(reports, k=number - own)]
    draw.shuffle(sent)
    return sent


def _report(i: int, draw: random.Random) -> dict[str, Any]:
    outcome = draw.choice(OUTCOMES)
    at = f"2026-03-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:00.{i % 1_000_000:06}Z"
    reason = {"reason": REASONS[outcome]} if outcome in REASONS else {}
    return {
        "lead_id": f"L{draw.randrange(1 + 20_000)}",
        "outcome": outcome,
        "occurred_at": at,
        "actor": f"rep{i}",
        **reason,
    }


def _send(url: str, number: int, reports: Sequence[dict[str, Any]]) -> tuple[Counter[str], list[str]]:
    """Posts each report, again where the connection failed; gives what was answered and the ids acknowledged."""
    statuses: Counter[str] = Counter()
    ids = []
    with httpx.Client(base_url=url, timeout=60.0) as client:
        for i, report in enumerate(reports):
            body = {"reports": [report]}
            headers = {"Idempotency-Key": f"{number}-{i}"} if i % 4 == 0 else {}
            for _ in itertools.repeat(None, 20):
                try:
                    reply = client.post("/v1/feedback", json=body, headers=headers)
                except httpx.TransportError:
                    time.sleep(0.2)
                    continue
                if reply.status_code in {200, 202}:
                    (told,) = reply.json()["reports"]
                    statuses[f"{reply.status_code} {told['status']}"] += 1
                    ids.append(str(told["id"]))
                    break
                time.sleep(0.2)
            else:
                statuses["gave up"] += 1
    return statuses, ids


if __name__ == "__main__":
    main()
