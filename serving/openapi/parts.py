"""Pieces of the OpenAPI document that every group of routes uses."""

from __future__ import annotations

from typing import Any

from serving.problems import MEDIA_TYPE, Kind

REF = "#/components/schemas/"
REQUEST_ID = {
    "X-Request-ID": {
        "description": "The caller's own X-Request-ID (letters, digits, dashes), or a new one. The log has it too.",
        "schema": {"type": "string"},
    }
}


def get(name: str, summary: str, schema: str | None, *kinds: Kind) -> dict[str, Any]:
    """A GET that answers with a schema of the document."""
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": ok(summary, schema)} | problems(*kinds),
    }


def ok(description: str, schema: str | None) -> dict[str, Any]:
    """The reply where all went well."""
    of = {"type": "object"} if schema is None else {"$ref": f"{REF}{schema}"}
    return {"description": description, "headers": REQUEST_ID, "content": {"application/json": {"schema": of}}}


def problems(*kinds: Kind) -> dict[str, Any]:
    """The problem documents an address answers with; every address may be asked in a way it does not answer to."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{REF}Problem"}}}
    by_status: dict[str, list[str]] = {}
    for kind in (*kinds, Kind.METHOD):
        by_status.setdefault(str(kind.status), []).append(kind.title)
    return {
        status: {"description": f"{'; '.join(titles)}.", "headers": REQUEST_ID, "content": content}
        for status, titles in sorted(by_status.items())
    }
