from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.accord.conftest import TINY

Run = Callable[..., Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The demo as a person starts it, on a small company, with an empty home."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "demo").mkdir()
    (folder / "demo/accord.yaml").write_text(TINY, encoding="utf-8")
    command = [sys.executable, "-m", "accord", "demo", "--port", str(free_port()), "--json"]
    environment = {**os.environ, "HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, (folder / "log").read_text()
        yield process, json.loads(said)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()


@pytest.mark.slow
def test_the_demo_answers_the_request_it_prints_and_ends_cleanly(
    demo: tuple[subprocess.Popen[str], dict[str, str]],
) -> None:
    process, told = demo
    assert "url" in told, told
    assert httpx.get(f"{told['url']}/readyz").status_code == 200
    curl = shlex.split(told["curl"].replace("\\\n", " "))
    header, body = curl[curl.index("-H") + 1], curl[curl.index("-d") + 1]
    answer = httpx.post(curl[2], content=body, headers=dict([header.split(": ")])).json()
    (score,) = answer["scores"]
    assert answer["errors"] == []
    assert answer["model"]["version"] == "1"
    assert 0 < score["p_close"] <= score["p_accept"] <= 1
    assert score["reasons"]
    assert score["ignored_fields"] == []
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    with socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.1", int(told["url"].rpartition(":")[2]))) != 0


def test_a_port_that_is_taken_is_told_with_what_to_do(promoted: Path, accord: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = accord("serve", "--project", promoted, "--port", taken.getsockname()[1], code=4).stderr
    assert "cannot listen here" in said
    assert "--port" in said


class Pretended:
    """A service that is ready at once and ends by itself."""

    url = "http://127.0.0.1:1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait_ready(self) -> None:
        pass

    def wait(self) -> int:
        return 0


def test_what_was_promoted_is_served_while_the_registry_is_down(
    promoted: Path, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def start(home: Path, **how: Any) -> Pretended:
        asked.update(how, home=home)
        return Pretended()

    monkeypatch.setattr("accord.service.start", start)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    result = accord("serve", "--project", promoted, "--workers", 2, "--json")
    assert "serving what was promoted before" in result.stderr
    assert json.loads(result.stdout) == {"url": "http://127.0.0.1:1"}
    assert asked["home"] == promoted.resolve() / ".accord/bento"
    assert (asked["host"], asked["port"]) == ("127.0.0.1", 3000)
    assert asked["environ"]["ACCORD_WORKERS"] == "2"
    assert asked["environ"]["ACCORD_MAX_LEADS"] == "1000"


def test_nothing_is_served_before_something_is_promoted(trained: Path, accord: Run) -> None:
    said = accord("serve", "--project", trained, code=1).stderr
    assert "No scorer has been promoted yet" in said
