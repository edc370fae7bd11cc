"""Runs the service over a project's promoted scorers."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from accord.agreement import ledger_of
from accord.console import say
from accord.exits import RefusedError
from accord.project import Opened
from accord.promotion import hand_over
from accord.shelf import in_service
from crm.errors import UnavailableError
from serving.launch import Server, start
from serving.ledger.database import absolute
from serving.ledger.keys import listed
from serving.nearby import is_loopback
from serving.settings import variable


def run(
    opened: Opened, *, host: str | None, port: int | None, workers: int | None, ready: Callable[[str], None]
) -> int:
    """Serves until Ctrl+C or SIGTERM and gives the service's exit code; ``ready`` is told the address.

    The champion is brought from the registry first. Where the registry is down, what the service had is served: scoring
    goes on. Raises `RefusedError` where nothing has been promoted, or where no key would keep anybody out.
    """
    try:
        hand_over(opened)
    except UnavailableError as error:
        say(f"The registry does not answer ({error.where}): serving what was promoted before.")
    if in_service(opened) is None:
        remedy = "Train and promote one: accord train, accord promote."
        raise RefusedError("There is nothing to serve.", reasons=("No scorer has been promoted yet.",), remedy=remedy)
    settings = opened.settings.serving
    host = host or settings.host
    say(openness(opened, host))
    environment = {
        variable("ledger_url"): absolute(opened.ledger_url, opened.folder),
        variable("spool"): str(opened.state.spool),
        variable("workers"): str(workers or settings.workers),
        variable("max_leads"): str(settings.max_leads),
        variable("max_body_bytes"): str(settings.max_body_bytes),
        variable("ledger_url"): absolute(opened.ledger_url, opened.folder),
        variable("spool"): str(opened.state.spool),
    }
    server = start(
        opened.state.bento,
        port=port or settings.port,
        host=host,
        environ=environment,
        stdout=sys.stderr,
    )
    with server, _sigterm_ends(server):
        server.wait_ready()
        ready(server.url)
        return server.wait()


def openness(opened: Opened, host: str) -> str:
    """Whether a service on this address will ask for keys, in words.

    As soon as one key was made keys are asked for, whether it still opens anything or not. Raises `RefusedError` where
    the service would keep nobody out.
    """
    try:
        known = listed(ledger_of(opened).database)
    except UnavailableError as error:
        return f"The ledger does not answer ({error.where}): keys are asked for as it was known last."
    if known:
        now = datetime.now(UTC)
        valid = sum(key.closed(now) is None for key in known)
        none = "" if valid else " Nobody gets in: make one with accord keys create."
        return f"Keys are asked for; {valid} of {len(known)} open something.{none}"
    if is_loopback(host):
        remedy = "make a key (accord keys create) before others are to get in."
        return f"Open without keys on {host}, to this machine alone: {remedy}"
    raise RefusedError(
        "Nobody would be kept out.",
        reasons=(f"The service is to listen on {host}, and no key was ever made.",),
        remedy='Make one, such as: accord keys create --role marketing --name "HubSpot". Or serve on 127.0.0.1.',
    )


@contextlib.contextmanager
def _sigterm_ends(server: Server) -> Iterator[None]:
    """While this holds, a SIGTERM to us goes to the service, and we end when it has ended."""
    before = signal.signal(signal.SIGTERM, lambda *_: server.process.send_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
