"""A real Prometheus for tests: the programs on the PATH, else those of the Debian package, unpacked and not installed.

The package is fetched once for each user, by its name, with the machine's own apt. Where there is neither, tests skip.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

STARTS_WITHIN = 60.0
NAMES = ("prometheus", "promtool")


@cache
def programs() -> dict[str, Path]:
    """Where ``prometheus`` and ``promtool`` are; skips where they are not to be had."""
    found = {name: Path(path) for name in NAMES if (path := shutil.which(name))}
    return found if len(found) == len(NAMES) else _unpacked()


def promtool(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs promtool; what it says is in ``stdout`` and ``stderr``."""
    command = [programs()["promtool"], *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=300)


def shortened(rules: str, wait: str = "300ms") -> str:
    """The rules with every ``for:`` made this short, and nothing else changed; docs/watching.md tells of it.

    >>> shortened("        for: 10m")
    '        for: 300ms'
    """
    return re.sub(r"^( +for: )\w+$", rf"\g<1>{wait}", rules, flags=re.MULTILINE)


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing."""
        return list(self._asked("/api/v1/alerts")["alerts"])

    def firing(self) -> set[str]:
        """The names of those that fire."""
        return {alert["labels"]["alertname"] for alert in self.alerts() if alert["state"] == "firing"}

    def value(self, expression: str) -> float | None:
        """The value of an expression that gives one series, ``None`` where it gives none."""
        result = self._asked("/api/v1/query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else None

    def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Waits until something holds, and fails with what is there instead when it never does."""
        limit = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < limit, self.alerts()
            time.sleep(0.1)

    def has_evaluated(self, times: int = 3) -> None:
        """Waits until every rule was evaluated this often from now on."""
        before = self._evaluations()
        self.until(lambda: bool(before) and all(n >= before.get(g, 0) + times for g, n in self._evaluations().items()))

    def _evaluations(self) -> dict[str, float]:
        text = httpx.get(f"{self.url}/metrics", timeout=10).text
        found = re.findall(r'^prometheus_rule_group_iterations_total\{rule_group="(.*?)"\} (\S+)$', text, re.MULTILINE)
        return {group: float(count) for group, count in found}

    def _asked(self, path: str, **parameters: str) -> dict[str, Any]:
        reply = httpx.get(f"{self.url}{path}", params=parameters, timeout=10).raise_for_status()
        return dict(reply.json()["data"])


@contextmanager
def server(config: Path) -> Iterator[Prometheus]:
    """Starts Prometheus on this machine alone over a configuration; its data lie beside it. Stops it afterwards."""
    port = _free_port()
    command = [
        programs()["prometheus"],
        f"--config.file={config}",
        f"--storage.tsdb.path={config.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = config.parent / "prometheus.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=config.parent)
        try:
            running = Prometheus(f"http://127.0.0.1:{port}")
            _wait(running, process, log)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(running: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            httpx.get(f"{running.url}/-/ready", timeout=5).raise_for_status()
        except httpx.HTTPError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unpacked() -> dict[str, Path]:
    """The programs of the Debian package, from this user's own folder; fetched where it is not there."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.skip("no prometheus and promtool on the PATH, and no apt-get to fetch them with")
    home = Path(tempfile.gettempdir()) / f"accord-prometheus-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.getuid():
        pytest.skip(f"{home} is somebody else's: nothing in it is run")
    ready = home / "unpacked"
    if not ready.exists():
        with tempfile.TemporaryDirectory(dir=home) as folder:
            _fetch(Path(folder))
            try:
                (Path(folder) / "files").rename(ready)
            except OSError:  # another process was quicker
                assert ready.exists()
    return {name: ready / "usr/bin" / name for name in NAMES}


def _fetch(folder: Path) -> None:
    for command in (["apt-get", "download", "prometheus"], ["sh", "-c", "dpkg-deb -x prometheus_*.deb files"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip(f"no prometheus on the PATH, and its package is not to be had: {done.stderr.strip()[-200:]}")
