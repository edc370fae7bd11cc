"""Starts the service in a process of its own, for the command line, the demo, tests and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crm.errors import UnavailableError

SERVICE = "serving.service:LeadScore"
HOST = "127.0.0.1"
PORT = 3000

_ROOT = Path(__file__).resolve().parent.parent
"""Where our packages are: the server's folder, so that nothing in the caller's folder is taken for one of them."""


@dataclass
class Server:
    """A running service. Stops with its context: requests in flight are answered first."""

    process: subprocess.Popen[bytes]
    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ready(self) -> bool:
        """Whether a scorer is in service."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as reply:  # noqa: S310 - our own address
                return bool(reply.status == 200)  # noqa: PLR2004 - HTTP's word for it
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Waits until `ready`. Raises `UnavailableError` when the server ended or the time is up."""
        until = time.monotonic() + seconds
        while not self.ready():
            if self.process.poll() is not None:
                raise UnavailableError(
                    f"The service ended with exit code {self.process.returncode} before it was ready.",
                    where=self.url,
                    remedy="Its last lines above say why.",
                )
            if time.monotonic() > until:
                raise UnavailableError(
                    f"The service was not ready after {seconds:.0f} seconds.",
                    where=f"{self.url}/readyz",
                    remedy="Promote a scorer first (accord promote), or look at the service's log.",
                )
            time.sleep(0.05)

    def wait(self) -> int:
        """Waits until the service ends, by itself or by Ctrl+C, and gives its exit code."""
        while True:
            try:
                return self.process.wait()
            except KeyboardInterrupt:  # the terminal told the service too
                continue

    def stop(self, seconds: float = 35.0) -> int:
        """Asks the service to end, which it does after the requests in flight; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


def start(
    home: Path,
    *,
    port: int = PORT,
    host: str = HOST,
    bento: str = SERVICE,
    folder: Path = _ROOT,
    python: str = sys.executable,
    environ: Mapping[str, str] | None = None,
    **how: Any,
) -> Server:
    """Starts the service over the scorers of a BentoML home, and gives it back without waiting for it.

    Args:
        home: the BentoML home, such as ``.accord/bento`` of a project; its newest ``lead-score`` is served.
        port: where to listen.
        host: on which address; only this machine can reach the default.
        bento: what to serve: the service of this installation, or the folder of a built Bento.
        folder: the folder to run in.
        python: the interpreter, which must have BentoML.
        environ: settings beside those of this process, see `serving.settings`.
        how: passed to `subprocess.Popen`, such as ``stdout``.

    Raises:
        UnavailableError: something else listens there already.
    """
    _free(host, port)
    command = [python, "-m", "bentoml", "serve", bento, "--host", host, "--port", str(port)]
    settings = {"BENTOML_HOME": str(home.resolve()), "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings, **(environ or {})}, **how)  # noqa: S603
    return Server(process, f"http://{host}:{port}")


def _free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UnavailableError(
                "The service cannot listen here.",
                where=f"{host}:{port}",
                got=error.strerror,
                remedy=f"Stop what listens there, or choose another port, such as --port {port + 1}.",
            ) from None
