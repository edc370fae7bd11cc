"""Feedback in the OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec

from serving.feedback import FeedbackReply, Report
from serving.openapi.parts import REF, ok, problems
from serving.problems import Kind
from serving.settings import Settings

TYPES = (Report, FeedbackReply)

_KINDS = (
    *(Kind.MALFORMED, Kind.SLOW, Kind.TOO_LARGE, Kind.MEDIA, Kind.INVALID, Kind.KEY_REUSED),
    *(Kind.FAILED, Kind.NO_SCORER, Kind.NO_LEDGER, Kind.LEDGER_DOWN),
)
_EXAMPLE = {
    "reports": [
        {"lead_id": "00Q1", "outcome": "accepted", "occurred_at": "2026-03-03T09:00:00Z", "actor": "Ines Roux"},
        {
            "lead_id": "00Q2",
            "outcome": "rejected",
            "occurred_at": "2026-03-03T09:30:00Z",
            "reason": "no_budget",
            "comment": "Call again in autumn.",
        },
    ]
}


def paths() -> dict[str, Any]:
    """The addresses."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same request sent again with the same key is answered the same, and changes nothing.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    }
    kept = ok("The ledger does not answer: the reports are kept on disk, and judged when it is back.", "FeedbackReply")
    told = ok("What became of each report, in the order of the request.", "FeedbackReply")
    told["headers"] = told["headers"] | {
        "Idempotency-Replayed": {"description": "true: the answer of before.", "schema": {"const": "true"}}
    }
    post = {
        "operationId": "feedback",
        "summary": "Report what became of leads.",
        "description": "A report that cannot be taken gets an entry in `errors` and spoils nothing else.",
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"{REF}FeedbackRequest"}, "example": _EXAMPLE}},
        },
        "responses": {"200": told, "202": kept} | problems(*_KINDS),
    }
    return {"/v1/feedback": {"post": post}}


def schemas(settings: Settings) -> dict[str, Any]:
    """Schemas beside those of the types."""
    _, made = msgspec.json.schema_components(TYPES, ref_template=f"{REF}{{name}}")
    made["FeedbackRequest"] = {
        "type": "object",
        "description": f"At most {settings.max_leads} reports.",
        "properties": {
            "reports": {
                "type": "array",
                "maxItems": settings.max_leads,
                "items": {
                    "anyOf": [
                        {"$ref": f"{REF}Report"},
                        {"description": "Anything else gets an entry in `errors`; the other reports are taken."},
                    ]
                },
            },
            "language": {"enum": ["en", "fr"], "default": "en", "description": "Of the explanations."},
        },
        "required": ["reports"],
        "additionalProperties": False,
    }
    return made
