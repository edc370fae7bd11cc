"""Every address of the OpenAPI document with a request that it answers: tests that walk them reach new routes too."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx

from serving.doors import door_of
from tests.serving.conftest import Client

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """A request: ``path`` with names in braces and their values in ``names``; a body where the address takes one.

    ``optional`` are parameters of the query that need not be there.
    """

    method: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    optional: tuple[str, ...] = ()

    @property
    def opens_to(self) -> frozenset[str] | None:
        """The roles that may ask; ``None`` for everybody."""
        door = door_of(self.method, self.path)
        assert door is not None
        return None if door.roles is None else frozenset(map(str, door.roles))

    @property
    def address(self) -> str:
        """The path with its values."""
        told = self.path
        for name, value in self.names.items():
            told = told.replace(f"{{{name}}}", quote(value.encode("utf-8", "surrogatepass"), safe=""))
        return told

    def sent(self, client: Client, **what: Any) -> httpx.Response:
        """The reply."""
        body = {} if self.body is None else {"json": self.body}
        return client.request(self.method, self.address, params=self.query, **{**body, **what})

    def with_texts(self, text: str) -> Iterator[tuple[Place, Asked]]:
        """The request with this text in place of each of its texts, one after the other, and as a key nobody knows."""
        for name in self.names:
            yield ("path", name), replace(self, names={**self.names, name: text})
        for name in (*self.query, *self.optional, text):
            yield ("query", name), replace(self, query={**self.query, name: text})
        if self.body is None:
            return
        for place in (*_texts(self.body), (text,)):
            body = copy.deepcopy(self.body)
            inner = body
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = text
            yield ("body", *place), replace(self, body=body)


def walked(document: Mapping[str, Any]) -> list[Asked]:
    """A request of each operation, from its examples; from its schemas where it has none."""
    return [
        _asked(document, method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def _asked(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Asked:
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
    parameters = operation.get("parameters", ())
    optional = tuple(each["name"] for each in parameters if each["in"] == "query" and not each.get("required"))
    for parameter in parameters:
        if parameter["in"] in given and parameter["name"] not in optional:
            given[parameter["in"]][parameter["name"]] = _value(document, parameter)
    body = None
    if "requestBody" in operation:
        body = _value(document, operation["requestBody"]["content"]["application/json"])
    names = {name: str(value) for name, value in given["path"].items()}
    return Asked(method, path, names, given["query"], body, optional)


def _value(document: Mapping[str, Any], told: Mapping[str, Any]) -> Any:
    if "example" in told:
        return told["example"]
    if "examples" in told:
        return next(iter(told["examples"].values()))["value"]
    return _sample(document, told["schema"])


def _sample(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Something that is as the schema says."""
    if "$ref" in schema:
        return _sample(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    said = [schema[given] for given in ("default", "const", "example") if schema.get(given) is not None]
    if said or "enum" in schema:
        return (said or schema["enum"])[0]
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return _sample(document, next(each for each in choices if each.get("type") != "null"))
    kinds = schema.get("type", "string")
    kind = next(each for each in (kinds if isinstance(kinds, list) else [kinds]) if each != "null")
    inner = {name: _sample(document, each) for name, each in schema.get("properties", {}).items()}
    text = "2026-03-01T08:00:00Z" if schema.get("format") == "date-time" else "a"
    least = schema.get("minimum", 1)
    items = [_sample(document, schema["items"])] if "items" in schema else []
    return {"object": inner, "array": items, "string": text, "integer": least, "number": least, "boolean": True}[kind]


def _texts(value: Any, place: Place = ()) -> Iterator[Place]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        if isinstance(inner, str):
            yield (*place, step)
        yield from _texts(inner, (*place, step))
