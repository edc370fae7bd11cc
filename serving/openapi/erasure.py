"""Objections and erasures in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec

from serving.erasing import ErasureReply, Objection, ObjectionReply
from serving.openapi.parts import REF, ok, problems
from serving.problems import Kind

TYPES = (Objection, ObjectionReply, ErasureReply)

_BODY = (Kind.MALFORMED, Kind.SLOW, Kind.TOO_LARGE, Kind.MEDIA, Kind.INVALID)
_LEDGER = (Kind.FAILED, Kind.NO_LEDGER, Kind.LEDGER_DOWN)


def paths() -> dict[str, Any]:
    """The addresses and their methods."""
    kept = "The ledger does not answer: it is kept on disk and done when it is back. The lead gets no score already."
    objection = {
        "operationId": "object",
        "summary": "Never profile this person again.",
        "description": "Only a hash of the lead's key is kept. Sent again, nothing changes.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"{REF}Objection"}, "example": {"lead_id": "00Q1"}}},
        },
        "responses": {
            "200": ok("It was recorded before.", "ObjectionReply"),
            "201": ok("It is recorded.", "ObjectionReply"),
            "202": ok(kept, "ObjectionReply"),
        }
        | problems(*_BODY, *_LEDGER),
    }
    erasure = {
        "operationId": "erase",
        "summary": "Forget this lead.",
        "description": "Scores, feedback and answers that name it go for good; it is neither scored nor learned from.",
        "parameters": [
            {"name": "lead_id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
        ],
        "responses": {"200": ok("It is erased.", "ErasureReply"), "202": ok(kept, "ErasureReply")}
        | problems(Kind.INVALID, *_LEDGER),
    }
    return {"/v1/objections": {"post": objection}, "/v1/leads/{lead_id}": {"delete": erasure}}


def schemas() -> dict[str, Any]:
    """The schemas of the types."""
    _, made = msgspec.json.schema_components(TYPES, ref_template=f"{REF}{{name}}")
    return made
