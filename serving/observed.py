"""Around every request: its time, its status, its id, one line in the log, and an answer even where we failed.

Nothing of a lead is ever logged: no body, no address beyond the known routes, no message of an exception.
"""

from __future__ import annotations

import re
import secrets
import traceback
from time import perf_counter
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.doors import address_of
from serving.metrics import Metrics
from serving.problems import Kind, Problem

QUIET = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged only when they fail."""

REQUEST_ID = b"x-request-id"
GUARDS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""No cache keeps a reply that a key was asked for, and no browser takes one for something else."""

_GIVEN_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
_OK_BELOW = 400


class Observed:
    """ASGI middleware, the outermost of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.get_logger("serving.requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and tells of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        seen = _Seen(send, _request_id(scope))
        scope.setdefault("state", {})["request_id"] = seen.request_id
        try:
            await self._app(scope, receive, seen.send)
        except Exception as error:  # noqa: BLE001 - whatever failed, the caller gets a problem document
            self._log.error("failed", request_id=seen.request_id, **_trace(error))
            scope.setdefault("state", {})["problem"] = Kind.FAILED.slug
            if not seen.status:
                problem = Problem(Kind.FAILED, f"Our fault, not yours. Name {seen.request_id} when you report it.")
                await problem.response()(scope, receive, seen.send)
        finally:
            self._tell(scope, seen, perf_counter() - started)

    def _tell(self, scope: Scope, seen: _Seen, seconds: float) -> None:
        route = address_of(scope["path"])
        state: dict[str, Any] = scope.get("state") or {}
        self._metrics.answered(route, seen.status, seconds)
        if "problem" in state:
            self._metrics.problem(state["problem"])
        if route in QUIET and seen.status < _OK_BELOW:
            return
        asked_by = {"caller": state["caller"].id} if "caller" in state else {}
        told = {**asked_by, **state.get("told", {}), **({"problem": state["problem"]} if "problem" in state else {})}
        self._log.info(
            "request",
            request_id=seen.request_id,
            route=route,
            status=seen.status,
            ms=round(seconds * 1000, 2),
            **told,
        )


class _Seen:
    """Sends what it is given, with the request's id, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (REQUEST_ID, self.request_id.encode()), *GUARDS]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own, where it is a plain key that cannot hold an address or a name; else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID and _GIVEN_ID.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(8)


def _trace(error: Exception) -> dict[str, Any]:
    """Where it failed, without the message, which may quote a lead."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return {"error": type(error).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
