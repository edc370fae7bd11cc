"""What the OpenAPI document says of keys: on every address that asks for one, from `serving.doors`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serving.doors import Role, door_of
from serving.openapi.parts import problems
from serving.problems import Kind

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer accord_…"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key, in a header."},
}
"""Either will do."""

_KINDS = (Kind.NO_KEY, Kind.ROLE, Kind.TOO_MANY, Kind.KEYS_UNKNOWN)


def guarded(paths: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The paths with what `serving.access` does: security, and the problems of those who may not pass."""
    return {
        path: {method: _operation(method, path, told) for method, told in item.items()} for path, item in paths.items()
    }


def _operation(method: str, path: str, told: dict[str, Any]) -> dict[str, Any]:
    door = door_of(method.upper(), path)
    if door is None or door.roles is None:
        return told
    opens = f"Takes a key for {', '.join(role for role in Role if role in door.roles)}."
    return {
        **told,
        "description": " ".join(filter(None, [told.get("description"), opens])),
        "security": [{name: []} for name in SCHEMES],
        "responses": _together(told["responses"], problems(*_KINDS)),
    }


def _together(responses: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """All responses by status; one that is told of twice has both reasons."""
    both = {**more, **responses}
    for status in responses.keys() & more.keys():
        reasons = (responses[status]["description"], more[status]["description"])
        both[status] = {**responses[status], "description": " ".join(dict.fromkeys(reasons))}
    return dict(sorted(both.items()))
