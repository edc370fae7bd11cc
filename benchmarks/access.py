"""Who gets in, with real servers: two services of two workers over one PostgreSQL ledger, asked over HTTP.

Every door against every kind of key; how long a revoked key still opens; guessing; the ledger going down; what asking
for a key costs. ``python -m benchmarks.access [--small]``.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from serving import launch
from serving.access import Access
from serving.desk import Desk
from serving.doors import DOORS, Role
from serving.ledger import keys, schema
from serving.ledger.database import Database, database
from serving.ledger.roster import LedgerRoster
from serving.metrics import Metrics
from serving.settings import Settings
from serving.store import put
from tests import postgres
from tests.serving.scorers import saved
from tests.serving.test_real_server import free_port

YEAR = timedelta(days=365)
WITHIN = 120.0


def main() -> None:
    """Shows it, and fails where it is not so."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as down:
        folder = Path(name)
        put(saved(folder, "by hand"), {"version": "1"}, home=folder / "home")
        address = down.enter_context(postgres.server())
        ledger = database(address, Path())
        schema.upgrade(ledger)
        with served(folder, address, "one") as one, served(folder, address, "two") as two:
            services = (one, two)
            without_keys(services)
            texts, ids = made(ledger)
            until(lambda: all(asked(url, None) == 401 for url in services))
            doors(one, texts)
            stolen(services, ledger, texts["marketing"], ids["marketing"])
            guessing(two, texts["sales"])
            down.close()
            print("\nPostgreSQL is stopped.")
            time.sleep(3)
            print(
                "  a key, the revoked one, none:", *(asked(two, texts.get(of)) for of in ("sales", "marketing", "none"))
            )
        with served(folder, address, "one") as one:
            said = (asked(one, texts.get(of)) for of in ("sales", "marketing", "none"))
            print("  the same of a service started meanwhile:", *said)
        with served(folder, address, "three", ready=False) as three:
            until(lambda: asked(three, None, "/healthz") == 200)
            print("  a service without the file of the last known state, a key:", asked(three, texts["sales"]))
            print("  its /healthz and /readyz:", asked(three, None, "/healthz"), asked(three, None, "/readyz"))
    cost(2_000 if options.small else 20_000)


@contextmanager
def served(folder: Path, address: str, name: str, *, ready: bool = True) -> Iterator[str]:
    """The address of a running service; its spool and its log have this name."""
    environ = {"ACCORD_WORKERS": "2", "ACCORD_LEDGER_URL": address, "ACCORD_SPOOL": str(folder / f"spool-{name}")}
    with (folder / f"log-{name}").open("ab") as log:
        server = launch.start(folder / "home", port=free_port(), environ=environ, stdout=log, stderr=log)
        with server:
            if ready:
                server.wait_ready(120)
            yield server.url


def asked(url: str, key: str | None, path: str = "/v1/definition", method: str = "GET", **headers: str) -> int:
    """The status of a reply over a connection of its own; 0 where there is none."""
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    try:
        return httpx.request(method, f"{url}{path}", headers=headers, timeout=30).status_code
    except httpx.TransportError:
        return 0


def until(holds: Callable[[], bool]) -> float:
    """Waits until it holds, eight times in a row so that every worker was asked; gives the seconds."""
    began, last = time.monotonic(), 0
    while last < 8:
        last = last + 1 if holds() else 0
        if time.monotonic() - began > WITHIN:
            raise AssertionError("it does not come to hold")
    return time.monotonic() - began


def without_keys(services: tuple[str, str]) -> None:
    """Before the first key."""
    print("No key was made yet.")
    for name, headers in {"from this machine": {}, "through a proxy": {"X-Forwarded-For": "192.0.2.7"}}.items():
        print(f"  {name}:", *(asked(url, None, **headers) for url in services))
    print("  a page of a name that leads here:", *(asked(url, None, Host="rebound.example") for url in services))


def made(ledger: Database) -> tuple[dict[str, str], dict[str, str]]:
    """A key of every kind, and ids of those that are in the ledger."""
    now = datetime.now(UTC)
    found = {str(role): keys.create(ledger, role, f"of {role}", now, YEAR) for role in Role}
    found["revoked"] = keys.create(ledger, Role.ADMIN, "stolen", now, YEAR)
    keys.revoke(ledger, found["revoked"][0].id, now)
    found["expired"] = keys.create(ledger, Role.ADMIN, "old", now - YEAR, timedelta(days=1))
    texts = {name: text for name, (_, text) in found.items()}
    more = {"unknown": f"accord_{'0' * 16}_{'A' * 43}", "malformed": texts["admin"][:-1]}
    return texts | more, {name: key.id for name, (key, _) in found.items()}


def doors(url: str, texts: dict[str, str]) -> None:
    """Every door against every kind of key; fails where a door opens to whom it should not."""
    kinds = ("none", "malformed", "unknown", "expired", "revoked", *map(str, Role))
    print(f"\n{'':<36}", *(f"{kind:>9}" for kind in kinds))
    for door in DOORS:
        path = door.path.replace("{lead_id:path}", "00Q1")
        found = {kind: asked(url, texts.get(kind), path, door.method) for kind in kinds}
        print(f"{door.method + ' ' + door.path:<36}", *(f"{status:>9}" for status in found.values()))
        for kind, status in found.items():
            refused = status in {401, 403, 429}
            if refused is (door.roles is None or kind in door.roles):
                raise AssertionError(f"{door.method} {door.path} with {kind}: {status}")


def stolen(services: tuple[str, str], ledger: Database, text: str, key_id: str) -> None:
    """How long a key still opens after it was revoked."""
    keys.revoke(ledger, key_id, datetime.now(UTC))
    took = until(lambda: all(asked(url, text) == 401 for url in services))
    print(f"\nA revoked key is refused by both services, all workers, after {took:.1f} s (with the time to ask them).")


def guessing(url: str, good: str) -> None:
    """Two hundred keys that fail, from one address."""
    said = Counter(asked(url, f"{good[:24]}{n:043d}") for n in range(200))
    print(f"\n200 guesses at one key over both workers: {dict(said)}; the key itself then: {asked(url, good)}")


def cost(requests: int) -> None:
    """What asking for a key costs, in process, before an application that does nothing."""
    with tempfile.TemporaryDirectory() as name:
        ledger = database(f"sqlite:///{name}/ledger.db", Path())
        schema.upgrade(ledger)
        _, text = keys.create(ledger, Role.ADMIN, "a", datetime.now(UTC), YEAR)
        for n in range(200):
            keys.create(ledger, Role.DATA, f"other {n}", datetime.now(UTC), YEAR)
        roster = LedgerRoster(ledger)
        roster.look()
        incumbent: Any = None
        settings = Settings(rate_per_minute=10**9)
        gate = Access(_nothing, Desk(incumbent, settings, Metrics(), lambda: datetime.now(UTC), roster=roster))
        times = [asyncio.run(_through(gate, requests, key)) for key in (text, None) for _ in range(3)]
    with_key, health = statistics.median(times[:3]), statistics.median(times[3:])
    print(f"\nA key that opens costs {1e6 * (with_key - health) / requests:.0f} µs a request, of 201 keys, in process.")


async def _through(gate: Access, requests: int, key: str | None) -> float:
    headers = [(b"host", b"a")] if key is None else [(b"host", b"a"), (b"authorization", f"Bearer {key}".encode())]
    path = "/healthz" if key is None else "/v1/definition"
    began = time.perf_counter()
    for _ in range(requests):
        await gate({"type": "http", "method": "GET", "path": path, "headers": headers}, _nobody, _nobody)
    return time.perf_counter() - began


async def _nothing(*_: Any) -> None:
    pass


async def _nobody(*_: Any) -> Any:
    raise AssertionError("nothing is read or sent")


if __name__ == "__main__":
    main()
