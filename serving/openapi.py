"""The service's OpenAPI document, made from the types of `serving.contract` so that it cannot drift from them."""

from __future__ import annotations

from typing import Any

import msgspec

from serving.contract import DefinitionReply, Lead, Reply
from serving.problems import MEDIA_TYPE, Kind
from serving.settings import Settings

_REF = "#/components/schemas/"
_REQUEST_ID = {
    "X-Request-ID": {
        "description": "The caller's own X-Request-ID (letters, digits, dashes), or a new one. The log has it too.",
        "schema": {"type": "string"},
    }
}
_EXAMPLE = {
    "leads": [
        {
            "lead_id": "00Q1",
            "created_at": "2026-03-01T08:00:00Z",
            "as_of": None,
            "attributes": {"source": "webinar", "employees": 250},
            "account": {"industry": "logistics"},
            "activities": [{"kind": "page_view", "occurred_at": "2026-03-02T10:11:00Z"}],
            "milestones": [],
        }
    ],
    "language": "fr",
}


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service with these limits, as plain JSON values."""
    _, schemas = msgspec.json.schema_components((Lead, Reply, DefinitionReply), ref_template=f"{_REF}{{name}}")
    schemas["Account"]["additionalProperties"] = {"type": ["string", "number", "boolean", "null"]}
    schemas |= {"Request": _request(settings), "Problem": _problem(), "Ready": _ready(), "Alive": _alive()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Accord",
            "version": "1",
            "description": "Scores leads: how likely sales accepts and closes each, why, and by which definition.",
        },
        "paths": {
            "/v1/scores": {"post": _scores()},
            "/v1/definition": {
                "get": _get(
                    "definition",
                    "The definition in service, its promises and who signed them.",
                    "DefinitionReply",
                    Kind.NO_SCORER,
                )
            },
            "/healthz": {"get": _get("alive", "Whether the process answers.", "Alive")},
            "/livez": {"get": _get("live", "The same as /healthz.", "Alive")},
            "/readyz": {"get": _get("ready", "Whether a scorer is in service.", "Ready", Kind.NO_SCORER)},
            "/metrics": {"get": _metrics()},
            "/openapi.json": {"get": _get("openapi", "This document.", None)},
            "/docs.json": {"get": _get("docs", "This document, where BentoML has its own.", None)},
        },
        "components": {"schemas": schemas},
    }


def _scores() -> dict[str, Any]:
    kinds = (
        Kind.MALFORMED,
        Kind.SLOW,
        Kind.TOO_LARGE,
        Kind.MEDIA,
        Kind.INVALID,
        Kind.FAILED,
        Kind.NO_SCORER,
    )
    return {
        "operationId": "scores",
        "summary": "Score leads.",
        "description": "A lead that cannot be scored gets an entry in `errors` and spoils nothing else.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"{_REF}Request"}, "example": _EXAMPLE}},
        },
        "responses": {"200": _ok("Scores, in the order of the request.", "Reply")} | _problems(*kinds),
    }


def _get(name: str, summary: str, schema: str | None, *kinds: Kind) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _ok(summary, schema)} | _problems(*kinds),
    }


def _metrics() -> dict[str, Any]:
    text = {"description": "Text for Prometheus.", "headers": _REQUEST_ID, "content": {"text/plain": {}}}
    return {"operationId": "metrics", "summary": "Counts and times, never a lead.", "responses": {"200": text}}


def _ok(description: str, schema: str | None) -> dict[str, Any]:
    of = {"type": "object"} if schema is None else {"$ref": f"{_REF}{schema}"}
    return {"description": description, "headers": _REQUEST_ID, "content": {"application/json": {"schema": of}}}


def _problems(*kinds: Kind) -> dict[str, Any]:
    """The problem documents an address answers with; every address may be asked in a way it does not answer to."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
    by_status: dict[str, list[str]] = {}
    for kind in (*kinds, Kind.METHOD):
        by_status.setdefault(str(kind.status), []).append(kind.title)
    return {
        status: {"description": f"{'; '.join(titles)}.", "headers": _REQUEST_ID, "content": content}
        for status, titles in sorted(by_status.items())
    }


def _request(settings: Settings) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"At most {settings.max_leads} leads and {settings.max_body_bytes} bytes.",
        "properties": {
            "leads": {
                "type": "array",
                "maxItems": settings.max_leads,
                "items": {
                    "anyOf": [
                        {"$ref": f"{_REF}Lead"},
                        {"description": "Anything else gets an entry in `errors`; the other leads get their scores."},
                    ]
                },
            },
            "language": {"enum": ["en", "fr"], "default": "en", "description": "Of reasons and story."},
            "reasons": {
                "type": "integer",
                "minimum": 0,
                "maximum": 10,
                "default": 3,
                "description": "At most, a lead.",
            },
            "story": {"type": "boolean", "default": False, "description": "Whether each score tells its story."},
        },
        "required": ["leads"],
        "additionalProperties": False,
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "properties": {
            "type": {"enum": [kind.uri for kind in Kind]},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "expected": {"type": "string"},
            "remedy": {"type": "string"},
            "limit": {"type": "integer"},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    }


def _ready() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"status": {"const": "ready"}, "model": {"$ref": f"{_REF}ModelInService"}},
        "required": ["status", "model"],
    }


def _alive() -> dict[str, Any]:
    return {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]}
