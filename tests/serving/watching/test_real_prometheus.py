"""The service, and a real Prometheus that asks it several times a second, with the rules and settings that ship."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import launch
from serving.app import application
from serving.desk import Desk
from serving.doors import Role
from serving.ledger import Ledger, keys
from serving.ledger.checks import append
from serving.ledger.roster import LedgerRoster
from serving.store import put
from tests import prometheus
from tests.serving.conftest import NOW, Running
from tests.serving.test_real_server import free_port
from tests.serving.test_scores_contract import a_lead
from tests.serving.watching.test_alerts import SHIPPED

pytestmark = pytest.mark.slow

YEAR = timedelta(days=365)


class Doorkeeper:
    """ASGI: notes what who asks for the metrics shows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.shown: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/metrics":
            self.shown.add(dict(scope["headers"]).get(b"authorization", b"").decode())
        await self._app(scope, receive, send)


def configured(folder: Path, target: str, key: str) -> Path:
    """What ships, with this target, every wait short, and a look five times a second; nothing else is changed."""
    (folder / "alerts.yaml").write_text(prometheus.shortened((SHIPPED / "alerts.yaml").read_text()))
    rules = (folder / "alerts.yaml").read_text().replace("    interval: 5m", "    interval: 200ms")
    (folder / "alerts.yaml").write_text(rules)
    (folder / "accord.key").write_text(f"{key}\n")
    text = (SHIPPED / "prometheus.example.yaml").read_text()
    for shipped, here in (
        ("127.0.0.1:3000", target),
        ("scrape_interval: 15s", "scrape_interval: 200ms"),
        ("evaluation_interval: 1m", "evaluation_interval: 200ms"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    config = folder / "prometheus.yaml"
    config.write_text(text)
    return config


@contextmanager
def over_http(app: ASGIApp) -> Iterator[str]:
    """Serves an application on this machine from a thread; gives where."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_service_without_a_scorer_and_one_that_is_gone_are_noticed(
    tmp_path: Path, artifacts: Callable[..., Path]
) -> None:
    home, port = tmp_path / "home", free_port()
    home.mkdir()
    ledger = Ledger.open("sqlite:///ledger.db", tmp_path).database
    (_, prometheus_key), (_, admin_key) = (
        keys.create(ledger, role, str(role), datetime.now(UTC), YEAR) for role in (Role.DATA, Role.ADMIN)
    )
    environ = {
        "ACCORD_WATCH_SECONDS": "0.2",
        "ACCORD_WORKERS": "2",
        "ACCORD_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
        "ACCORD_SPOOL": str(tmp_path / "spool"),
    }
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        launch.start(home, port=port, environ=environ, **quiet) as service,
        prometheus.server(configured(tmp_path, f"127.0.0.1:{port}", prometheus_key)) as watching,
    ):
        watching.until(lambda: "AccordNotReady" in watching.firing(), 90)
        assert "AccordDown" not in watching.firing()
        (alert,) = [each for each in watching.alerts() if each["labels"]["alertname"] == "AccordNotReady"]
        assert alert["labels"]["severity"] == "critical"
        assert alert["annotations"]["summary"] == (
            f"The service 127.0.0.1:{port} runs but has no scorer: every request is refused."
        )
        put(artifacts(1), {"version": "12"}, home=home)
        watching.until(lambda: "AccordNotReady" not in watching.firing())
        for _ in range(3):  # until both workers told it, whichever is asked
            watching.has_evaluated()
        headers = {"Authorization": f"Bearer {admin_key}"}
        httpx.post(f"{service.url}/v1/scores", json={"leads": [a_lead()]}, headers=headers).raise_for_status()
        watching.until(lambda: (watching.value("sum(accord_scores_total)") or 0) == 1)
        watching.has_evaluated()
        assert not watching.firing() & {"AccordDown", "AccordGone", "AccordNotReady", "AccordFailing"}
        service.stop()
        watching.until(lambda: "AccordDown" in watching.firing())
        assert "AccordNotReady" not in watching.firing(), "a service that does not answer says nothing of its scorer"


def test_a_broken_promise_in_the_ledger_becomes_an_alert(tmp_path: Path, run: Callable[..., Running]) -> None:
    ledger = Ledger.open("sqlite:///ledger.db", tmp_path)
    well = {"promises": [{"grade": "A", "what": "close", "state": "kept"}], "findings": []}
    append(ledger, well, NOW)
    inside = run(seed=1)
    _, key = keys.create(ledger.database, Role.DATA, "Prometheus", NOW, YEAR)
    roster = LedgerRoster(ledger.database, tmp_path / "spool")
    desk: Desk = replace(inside.desk, ledger=ledger.database, roster=roster)
    assert desk.lookout is not None
    door = Doorkeeper(application(desk))
    with over_http(door) as target, prometheus.server(configured(tmp_path, target, key)) as watching:
        watching.until(lambda: watching.value("accord_promise_broken") == 0)
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"http://{target}/v1/scores", json={"leads": [a_lead()]}, headers=headers).raise_for_status()
        watching.until(lambda: (watching.value("sum(increase(accord_scores_total[1m]))") or 0) > 0)
        watching.has_evaluated()
        assert watching.firing() == {"AccordUnsigned"}, "the scorer of these tests is signed by nobody"
        assert door.shown == {f"Bearer {key}"}, "the key of its file, without the end of the line"

        broken = [{"grade": "A", "what": "close", "state": "broken"}]
        found = [{"code": "scores_moved", "alarm": True}]
        append(ledger, {"promises": broken, "findings": found}, NOW - timedelta(days=3))
        desk.lookout.look()
        raised = {"AccordUnsigned", "AccordPromiseBroken", "AccordDrift", "AccordCheckOld"}
        watching.until(lambda: watching.firing() == raised)
        said = {alert["labels"]["alertname"]: alert["annotations"]["summary"] for alert in watching.alerts()}
        assert said["AccordPromiseBroken"] == "Grade A does not keep its promise: the share that is closed."
        assert said["AccordCheckOld"].startswith("The last check was run 3d 0h 0m 0s ago")

        append(ledger, well, NOW)
        desk.lookout.look()
        watching.until(lambda: watching.firing() == {"AccordUnsigned"})
