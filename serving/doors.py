"""Which roles open which address: the one place that says so. What is not named here opens to nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Role(StrEnum):
    """What a key is for. Each opens what its holder needs and no more."""

    MARKETING = "marketing"  # the tools that score leads, and the people who hand them over
    SALES = "sales"  # the people who work leads, and their CRM
    DATA = "data"  # data scientists: scores in bulk, and how the service does
    ADMIN = "admin"  # whoever answers for the service: everything


_TEAMS = frozenset({Role.MARKETING, Role.SALES, Role.ADMIN})
_ALL = frozenset(Role)


@dataclass(frozen=True)
class Door:
    """An address and a method; ``roles`` that may pass, ``None`` where no key is asked for."""

    method: str
    path: str
    roles: frozenset[Role] | None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this address; a ``{name}`` stands for one part, a ``{name:path}`` for any."""
        parts = re.split(r"(\{\w+(?::path)?\})", self.path)
        told = [(".+" if ":path" in part else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts]
        return re.compile("".join(told), re.DOTALL)


DOORS = (
    Door("POST", "/v1/scores", _ALL),
    Door("GET", "/v1/definition", _ALL),
    Door("POST", "/v1/feedback", _TEAMS),
    Door("GET", "/v1/leads/{lead_id:path}", _ALL),
    Door("DELETE", "/v1/leads/{lead_id:path}", frozenset({Role.ADMIN})),
    Door("GET", "/v1/shortlist", _TEAMS),
    Door("POST", "/v1/objections", _TEAMS),
    Door("GET", "/metrics", frozenset({Role.DATA, Role.ADMIN})),
    Door("GET", "/healthz", None),
    Door("GET", "/livez", None),
    Door("GET", "/readyz", None),
    Door("GET", "/openapi.json", None),
    Door("GET", "/docs.json", None),
)


def door_of(method: str, path: str) -> Door | None:
    """The door to this address, ``None`` where there is none. A HEAD opens what a GET does."""
    wanted = "GET" if method == "HEAD" else method
    return next((door for door in DOORS if door.method == wanted and door.pattern.fullmatch(path)), None)


def address_of(path: str) -> str:
    """The address as it may be told in logs and metrics: never the part of it that names a lead.

    >>> address_of("/v1/leads/00Q1"), address_of("/wp-admin")
    ('/v1/leads/{lead_id:path}', 'other')
    """
    return next((door.path for door in DOORS if door.pattern.fullmatch(path)), "other")
