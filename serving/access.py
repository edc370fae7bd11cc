"""Who may pass: requests are held against the table of `serving.doors`, and nothing that it does not name is reached.

The replies to keys that are missing, malformed, unknown, expired or revoked are one and the same; only our counts
tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.desk import Caller, Desk
from serving.doors import DOORS, Role, door_of
from serving.ledger.keys import Key, Shown
from serving.nearby import is_nearby
from serving.problems import Kind, Problem
from serving.rates import Rates

LOCAL = Caller("local", Role.ADMIN)
"""Whoever asks from this machine while no key was ever made."""

_SCHEME = "bearer"
_KEY = "x-api-key"
_SEE = "See /openapi.json for what there is."
_REMEDY = "Send Authorization: Bearer KEY, or X-API-Key: KEY. Keys are made with: accord keys create."


@dataclass(frozen=True, slots=True)
class _Refusal:
    """``why`` is for our counts, ``problem`` for the caller; ``key_id`` of a key that was ours."""

    why: str
    problem: Problem
    key_id: str | None = None


class Access:
    """ASGI middleware around all routes: a request passes with its `Caller` in the state, or is answered here."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._rates = Rates(desk.settings.rate_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it. Its body is not read here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        door = door_of(scope["method"], scope["path"])
        problem: Problem | None = None
        if door is None:
            problem = nothing_at(scope["path"])
        elif door.roles is not None:
            found = self._caller(door.roles, scope)
            if isinstance(found, Caller):
                state["caller"] = found
            else:
                problem = found.problem
                state["told"] = {"why": found.why, **({"caller": found.key_id} if found.key_id else {})}
                self._desk.metrics.refused(found.why)
        if problem is None:
            await self._app(scope, receive, send)
            return
        state["problem"] = problem.kind.slug
        await problem.response()(scope, receive, send)

    def _caller(self, roles: frozenset[Role], scope: Scope) -> Caller | _Refusal:
        """Who asks, if they may."""
        shown, roster = shown_keys(Headers(scope=scope)), self._desk.roster
        asks = False if roster is None else roster.asks
        if asks is None:
            return _Refusal("ledger", keys_unknown())
        if not shown:
            return LOCAL if not asks and is_nearby(scope) else _Refusal("no_key", _no_key())
        if roster is None or len(shown) > 1:
            return self._failed(scope, "unknown" if roster is None else "malformed")
        return self._holder(roster.look_up(shown.pop(), self._desk.clock()), roles, scope)

    def _holder(self, seen: Shown, roles: frozenset[Role], scope: Scope) -> Caller | _Refusal:
        """Who holds the key that was shown, if it opens this."""
        if seen.key is None or seen.closed is not None:
            return self._failed(scope, seen.closed or "unknown", seen.key)
        wait = self._rates.asked(seen.key.id)
        if wait is not None:
            return _Refusal("rate", _too_many(self._desk.settings.rate_per_minute, wait), seen.key.id)
        if seen.key.role not in roles:
            return _Refusal("role", _wrong_role(roles), seen.key.id)
        return Caller(seen.key.id, seen.key.role)

    def _failed(self, scope: Scope, why: str, key: Key | None = None) -> _Refusal:
        client, key_id = scope.get("client"), None if key is None else key.id
        wait = self._rates.failed(client[0] if client else "")
        if wait is None:
            return _Refusal(why, _no_key(), key_id)
        detail = "Too many keys that open nothing came from this address."
        problem = Problem(Kind.TOO_MANY, detail, headers={"Retry-After": str(wait)}, more={"remedy": _REMEDY})
        return _Refusal("guessing", problem, key_id)


def shown_keys(headers: Headers) -> set[str]:
    """The keys in a request's headers, each once; an ``Authorization`` of another scheme is somebody else's.

    >>> sorted(shown_keys(Headers({"Authorization": "Bearer a", "X-API-Key": "b"})))
    ['a', 'b']
    """
    found = [value.strip() for value in headers.getlist(_KEY)]
    for value in headers.getlist("authorization"):
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() == _SCHEME:
            found.append(rest.strip())
    return set(found)


def nothing_at(path: str) -> Problem:
    """The answer where no door is: to the address, or to the method. It does not repeat what was asked for."""
    methods = {door.method for door in DOORS if door.pattern.fullmatch(path)}
    if not methods:
        return Problem(Kind.NOT_FOUND, f"There is nothing at this address. {_SEE}")
    allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return Problem(Kind.METHOD, f"This address answers to: {allowed}. {_SEE}", headers={"Allow": allowed})


def announce(desk: Desk) -> None:
    """Says in the log whether keys are asked for."""
    log = structlog.get_logger("serving.access")
    asks = False if desk.roster is None else desk.roster.asks
    if asks is None:
        log.error("access", keys="unknown", says="The ledger was never reached: everything but health is refused.")
    elif asks:
        log.info("access", keys="asked", says="Keys are asked for.")
    else:
        says = "Open without keys to this machine alone: make a key (accord keys create) before others are to get in."
        log.warning("access", keys="none", says=says)


def _no_key() -> Problem:
    detail = "This address asks for a key, and none that opens it was sent."
    return Problem(Kind.NO_KEY, detail, headers={"WWW-Authenticate": "Bearer"}, more={"remedy": _REMEDY})


def _wrong_role(roles: frozenset[Role]) -> Problem:
    needed = f"a key for {' or '.join(sorted(roles))}"
    return Problem(Kind.ROLE, f"The key does not open this address: it takes {needed}.", more={"expected": needed})


def _too_many(limit: int, wait: int) -> Problem:
    more = {"limit": limit, "remedy": f"Wait {wait} seconds, and send more leads in one request."}
    detail = f"A key may ask {limit} times a minute."
    return Problem(Kind.TOO_MANY, detail, headers={"Retry-After": str(wait)}, more=more)


def keys_unknown() -> Problem:
    """The answer where keys must be asked for and none is known."""
    detail = "The ledger was never reached, so no key can be told from another."
    return Problem(Kind.KEYS_UNKNOWN, detail, headers={"Retry-After": "5"})
