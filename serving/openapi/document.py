"""The service's OpenAPI document, made from the types of `serving.contract` so that it cannot drift from them."""

from __future__ import annotations

from typing import Any

import msgspec

from serving.contract import DefinitionReply, Lead, Reply
from serving.openapi import erasure, feedback, readback
from serving.openapi.access import SCHEMES, guarded
from serving.openapi.parts import REF, REQUEST_ID, get, ok, problems
from serving.problems import Kind
from serving.settings import Settings

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


GROUPS = (feedback, erasure, readback)
"""Groups of routes that have a module of their own here."""


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service with these limits, as plain JSON values."""
    types = (Lead, Reply, DefinitionReply, *readback.TYPES)
    _, schemas = msgspec.json.schema_components(types, ref_template=f"{REF}{{name}}")
    schemas["Account"]["additionalProperties"] = {"type": ["string", "number", "boolean", "null"]}
    schemas |= feedback.schemas(settings)
    schemas |= erasure.schemas()
    schemas |= {"Request": _request(settings), "Problem": _problem(), "Ready": _ready(), "Alive": _alive()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Accord",
            "version": "1",
            "description": "Scores leads: how likely sales accepts and closes each, why, and by which definition.",
        },
        "paths": guarded(_together(_paths(), *(group.paths() for group in GROUPS))),
        "components": {"schemas": schemas, "securitySchemes": SCHEMES},
    }


def _together(*groups: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The methods of each address, whichever group they are in."""
    joined: dict[str, dict[str, Any]] = {}
    for group in groups:
        for path, methods in group.items():
            joined.setdefault(path, {}).update(methods)
    return joined


def _paths() -> dict[str, dict[str, Any]]:
    return {
        "/v1/scores": {"post": _scores()},
        "/v1/definition": {
            "get": get(
                "definition",
                "The definition in service, its promises and who signed them.",
                "DefinitionReply",
                Kind.NO_SCORER,
            )
        },
        "/healthz": {"get": get("alive", "Whether the process answers.", "Alive")},
        "/livez": {"get": get("live", "The same as /healthz.", "Alive")},
        "/readyz": {"get": get("ready", "Whether a scorer is in service.", "Ready", Kind.NO_SCORER, Kind.KEYS_UNKNOWN)},
        "/metrics": {"get": _metrics()},
        "/openapi.json": {"get": get("openapi", "This document.", None)},
        "/docs.json": {"get": get("docs", "This document, where BentoML has its own.", None)},
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
            "content": {"application/json": {"schema": {"$ref": f"{REF}Request"}, "example": _EXAMPLE}},
        },
        "responses": {"200": ok("Scores, in the order of the request.", "Reply")} | problems(*kinds),
    }


def _metrics() -> dict[str, Any]:
    text = {"description": "Text for Prometheus.", "headers": REQUEST_ID, "content": {"text/plain": {}}}
    return {"operationId": "metrics", "summary": "Counts and times, never a lead.", "responses": {"200": text}}


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
                        {"$ref": f"{REF}Lead"},
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
            "field": {"type": "string"},
            "got": {"type": "string"},
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
        "properties": {"status": {"const": "ready"}, "model": {"$ref": f"{REF}ModelInService"}},
        "required": ["status", "model"],
    }


def _alive() -> dict[str, Any]:
    return {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]}
