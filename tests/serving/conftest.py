"""What the service's tests share: an application over a store with a scorer, its clock stopped."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from serving.app import application
from serving.desk import Desk
from serving.lead import microseconds
from serving.metrics import Metrics
from serving.scoring import open_scorer
from serving.settings import Settings
from serving.store import Store
from serving.takeover import Incumbent
from tests import postgres
from tests.serving.scorers import saved

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, started once."""
    with postgres.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with postgres.fresh(request.getfixturevalue("postgresql"), f"ledger_{next(_NUMBERS)}") as address:
        yield address


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Gives the folder of a scorer's artifact, made once a seed."""
    folder = tmp_path_factory.mktemp("artifacts")
    made: dict[tuple[Any, ...], Path] = {}

    def of(seed: int | str = 1) -> Path:
        if seed not in made:
            made[seed] = saved(folder, seed)
        return made[seed]

    return of


class Client:
    """Asks an ASGI application in process, one request after the other."""

    def __init__(self, app: ASGIApp, address: tuple[str, int] = ("127.0.0.1", 50_000)) -> None:
        """``address`` is where the requests come from."""
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=address)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000")

    def request(self, method: str, path: str, **what: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **what))

    def get(self, path: str, **what: Any) -> httpx.Response:
        return self.request("GET", path, **what)

    def post(self, path: str, **what: Any) -> httpx.Response:
        return self.request("POST", path, **what)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


@dataclass
class Running:
    """The application in process, with what is behind it."""

    app: Starlette
    client: Client
    store: Store
    incumbent: Incumbent
    desk: Desk

    def post(self, *leads: Any, **more: Any) -> dict[str, Any]:
        """The reply to a request that is answered."""
        reply = self.client.post("/v1/scores", json={"leads": leads, **more})
        assert reply.status_code == 200, reply.text
        return dict(reply.json())


@pytest.fixture
def run(tmp_path: Path, artifacts: Callable[..., Path]) -> Iterator[Callable[..., Running]]:
    """Starts applications; each ends with the test."""
    every_one: list[Running] = []

    def started(
        seed: int | str | None = 1,
        *,
        every: float = 60.0,
        now: datetime = NOW,
        desk: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Running:
        """``desk`` has what the desk holds beside the scorer in service, such as a ``roster``."""
        store = Store(tmp_path / "models")
        if seed is not None:
            store.put(artifacts(seed), {"version": "12"})
        metrics = Metrics()
        incumbent = Incumbent(store, lambda stored: open_scorer(stored, microseconds(now)), metrics, every=every)
        made = Desk(incumbent, Settings(**settings), metrics, lambda: now, **(desk or {}))
        app = application(made)
        incumbent.start()
        every_one.append(Running(app, Client(app), store, incumbent, made))
        return every_one[-1]

    yield started
    for running in every_one:
        running.client.close()
        running.incumbent.stop()
