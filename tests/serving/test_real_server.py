"""The service as it runs: BentoML's server in a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth

from crm.errors import AccordError
from serving import launch
from serving.store import Store, put
from tests.serving.test_openapi import unknowable, unrepeated
from tests.serving.test_scores_contract import a_lead

pytestmark = pytest.mark.slow

Artifacts = Callable[..., Path]


@dataclass
class Real:
    server: launch.Server
    home: Path
    log: Path
    client: httpx.Client

    def version(self) -> str:
        reply = self.client.post("/v1/scores", json={"leads": [a_lead()]})
        assert reply.status_code == 200, reply.text
        return str(reply.json()["model"]["version"])

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, artifacts: Artifacts) -> Iterator[Real]:
    folder = tmp_path_factory.mktemp("real")
    home, log = folder / "home", folder / "log"
    put(artifacts(1), {"version": "12"}, home=home)
    environ = {"ACCORD_WORKERS": "2", "ACCORD_WATCH_SECONDS": "0.2"}
    with log.open("wb") as out, launch.start(home, port=free_port(), environ=environ, stdout=out, stderr=out) as server:
        server.wait_ready()
        with httpx.Client(base_url=server.url, timeout=30) as client:
            yield Real(server, home, log, client)


def test_it_answers_over_http(real: Real) -> None:
    assert real.version() == "12"
    assert real.client.get("/readyz").json()["status"] == "ready"
    assert "accord_requests_total" in real.client.get("/metrics").text


def test_our_answers_come_before_bentos_own(real: Real) -> None:
    assert real.client.get("/docs.json").json() == real.client.get("/openapi.json").json()
    for path in ("/", "/schema.json", "/static_content/", "/docs"):
        reply = real.client.get(path)
        assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")


@pytest.fixture
def with_ledger(tmp_path: Path, artifacts: Artifacts) -> Iterator[launch.Server]:
    """A service with a ledger, of its test's own: a fuzzer objects for leads that others score."""
    put(artifacts(1), {"version": "12"}, home=tmp_path / "home")
    environ = {"ACCORD_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}", "ACCORD_SPOOL": str(tmp_path / "spool")}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with launch.start(tmp_path / "home", port=free_port(), environ=environ, **quiet) as server:
        server.wait_ready()
        yield server


def test_a_fuzzer_finds_nothing_against_the_document_at_bentos_address(with_ledger: launch.Server) -> None:
    document = schemathesis.openapi.from_url(f"{with_ledger.url}/docs.json")
    bounded = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    for operation in (result.ok() for result in document.get_all_operations()):

        @given(case=operation.as_strategy())
        @bounded
        def holds(case: schemathesis.Case) -> None:
            for header in ("Authorization", "X-API-Key"):  # made up; no key was made here, and this machine is let in
                case.headers.pop(header, None)
            unrepeated(case).call_and_validate(excluded_checks=[ignored_auth, *unknowable(case.method)])

        holds()


def test_fifty_megabytes_are_refused_and_never_held(real: Real) -> None:
    processes = [
        psutil.Process(real.server.process.pid),
        *psutil.Process(real.server.process.pid).children(recursive=True),
    ]

    def held() -> int:
        return sum(process.memory_info().rss for process in processes)

    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 1_000_000

    before = held()
    headers = {"content-type": "application/json"}
    assert real.client.post("/v1/scores", content=b" " * 50_000_000, headers=headers).status_code == 413
    assert real.client.post("/v1/scores", content=pieces(), headers=headers).status_code == 413
    assert held() - before < 30_000_000
    assert real.version() == "12"


@dataclass
class Load:
    """Clients that ask until told to stop, and what they saw."""

    url: str
    versions: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    answered: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self._stop.is_set():
                try:
                    reply = client.post("/v1/scores", json={"leads": [a_lead(), a_lead("b")]})
                    if reply.status_code != 200 or len(reply.json()["scores"]) != 2:
                        self.failures.append(reply.text)
                    self.versions.add(reply.json()["model"]["version"])
                    self.answered += 1
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))


def test_a_scorer_promoted_under_load_loses_no_request(real: Real, artifacts: Artifacts) -> None:
    with Load(real.server.url) as load:
        put(artifacts(2), {"version": "13"}, home=real.home)
        until = time.monotonic() + 20
        while sum(1 for line in real.logged() if line["event"] == "takeover" and line["model"] == "13") < 2:
            assert time.monotonic() < until, "both workers take it over"
            time.sleep(0.05)
        put(artifacts(1), {"version": "12"}, home=real.home)
        while sum(1 for line in real.logged() if line["event"] == "takeover" and line["model"] == "12") < 4:
            assert time.monotonic() < until, "both workers go back"
            time.sleep(0.05)
        time.sleep(0.3)
    assert load.failures == []
    assert load.versions == {"12", "13"}
    assert load.answered > 50


def test_a_broken_scorer_changes_nothing(real: Real, artifacts: Artifacts) -> None:
    put(artifacts(2), {"version": "66"}, home=real.home)
    store = Store(real.home / "models")
    newest = store.newest()
    assert newest
    # Both workers may have been quicker than us with the whole one; broken, it must not end them either way.
    (store.get(newest).folder / "manifest.json").write_text("{")
    time.sleep(1)
    assert real.version() in ("12", "66")
    put(artifacts(1), {"version": "12"}, home=real.home)


def test_counts_of_all_workers_are_added_up(real: Real) -> None:
    def counted() -> float:
        lines = real.client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("accord_scores_total{"))

    before = counted()
    for _ in range(20):
        with httpx.Client(base_url=real.server.url) as client:  # a connection each, so that both workers are asked
            client.post("/v1/scores", json={"leads": [a_lead()]})
    assert counted() - before == 20


def test_the_servers_log_is_json_and_holds_no_personal_data(real: Real) -> None:
    secret = a_lead("L-secret", attributes={"email": "ada@lovelace.example", "employees": "987654321"})
    real.client.post("/v1/scores", json={"leads": [secret]}, params={"who": "ada@lovelace.example"})
    time.sleep(0.3)
    text = real.log.read_text()
    assert any(line["event"] == "request" and line.get("refused") == 1 for line in real.logged())
    for word in ("ada@", "L-secret", "987654321", "00Q1", "webinar"):
        assert word not in text
    workers_lines = [line for line in text.splitlines() if "[cli]" not in line]
    assert all(line.startswith("{") for line in workers_lines), workers_lines


def test_sigterm_ends_it_after_the_requests_in_flight(tmp_path: Path, artifacts: Artifacts) -> None:
    put(artifacts(1), {"version": "12"}, home=tmp_path)
    with launch.start(tmp_path, port=free_port(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        server.wait_ready()
        family = psutil.Process(server.process.pid).children(recursive=True)
        body = json.dumps({"leads": [a_lead(f"l{i}") for i in range(100)]}).encode()

        def half_before_and_half_after_the_signal() -> Iterator[bytes]:
            yield body[:1000]
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None, "it waits for us"
            yield body[1000:]

        headers = {"content-type": "application/json"}
        content = half_before_and_half_after_the_signal()
        reply = httpx.post(f"{server.url}/v1/scores", content=content, headers=headers, timeout=30)
        assert server.process.wait(timeout=20) == 0
    assert reply.status_code == 200
    assert len(reply.json()["scores"]) == 100
    assert not any(process.is_running() for process in family)


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AccordError, match="cannot listen here"):
            launch.start(tmp_path, port=taken.getsockname()[1])


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    environ = {"ACCORD_MAX_LEADS": "many"}
    with launch.start(
        tmp_path, port=free_port(), environ=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        with pytest.raises(AccordError, match="ended with exit code"):
            server.wait_ready()
        assert server.process.stderr is not None
        assert b"ACCORD_MAX_LEADS" in server.process.stderr.read()
        server.process.stderr.close()
