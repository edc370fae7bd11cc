"""Runs the service over a project's promoted scorers."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator

from accord.console import say
from accord.exits import RefusedError
from accord.project import Opened
from accord.promotion import hand_over
from accord.shelf import in_service
from crm.errors import UnavailableError
from serving.launch import Server, start
from serving.ledger.database import absolute
from serving.settings import variable


def run(
    opened: Opened, *, host: str | None, port: int | None, workers: int | None, ready: Callable[[str], None]
) -> int:
    """Serves until Ctrl+C or SIGTERM and gives the service's exit code; ``ready`` is told the address.

    The champion is brought from the registry first. Where the registry is down, what the service had is served: scoring
    goes on. Raises `RefusedError` where nothing has been promoted.
    """
    try:
        hand_over(opened)
    except UnavailableError as error:
        say(f"The registry does not answer ({error.where}): serving what was promoted before.")
    if in_service(opened) is None:
        remedy = "Train and promote one: accord train, accord promote."
        raise RefusedError("There is nothing to serve.", reasons=("No scorer has been promoted yet.",), remedy=remedy)
    settings = opened.settings.serving
    environment = {
        variable("workers"): str(workers or settings.workers),
        variable("max_leads"): str(settings.max_leads),
        variable("max_body_bytes"): str(settings.max_body_bytes),
        variable("ledger_url"): absolute(opened.ledger_url, opened.folder),
        variable("spool"): str(opened.state.spool),
    }
    server = start(
        opened.state.bento,
        port=port or settings.port,
        host=host or settings.host,
        environ=environment,
        stdout=sys.stderr,
    )
    with server, _sigterm_ends(server):
        server.wait_ready()
        ready(server.url)
        return server.wait()


@contextlib.contextmanager
def _sigterm_ends(server: Server) -> Iterator[None]:
    """While this holds, a SIGTERM to us goes to the service, and we end when it has ended."""
    before = signal.signal(signal.SIGTERM, lambda *_: server.process.send_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
