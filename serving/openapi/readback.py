"""Reading back, in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from models.definition import HIGHEST, LANGUAGES, LOWEST
from serving.ledger.shortlist import STATES
from serving.openapi.parts import REQUEST_ID, ok, problems
from serving.problems import Kind
from serving.readback.bounds import DAYS, FORMATS, LEADS, MOST_DAYS, MOST_LEADS, MOST_SCORES, SCORES
from serving.readback.contract import LeadTold, Shortlist

TYPES = (LeadTold, Shortlist)
_WHEN = "A time with its zone, or a day in UTC"
_TIME = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}


def paths() -> dict[str, Any]:
    """The addresses of one lead and of the shortlist."""
    return {"/v1/leads/{lead_id}": {"get": _lead()}, "/v1/shortlist": {"get": _shortlist()}}


def _lead() -> dict[str, Any]:
    kinds = (Kind.OBJECTED, Kind.NOT_FOUND, Kind.NO_LEDGER, Kind.INVALID, Kind.LEDGER_DOWN, Kind.NO_SCORER)
    return {
        "operationId": "lead",
        "summary": "One lead's score now and before, why it changed, and what was reported.",
        "parameters": [
            {
                "name": "lead_id",
                "in": "path",
                "required": True,
                "description": "As it was sent, percent-encoded; it may hold slashes.",
                "schema": {"type": "string", "minLength": 1},
            },
            _language(),
            _asked("since", _TIME, f"{_WHEN}: the history from then on."),
            _asked("until", _TIME, f"{_WHEN}, its end: the history up to then."),
            _asked("limit", _whole(1, MOST_SCORES, SCORES), "Scores of the history in one reply."),
            _cursor(),
            _asked("from", _TIME, f"{_WHEN}: why the score changed since the one that stood then."),
            _asked("to", _TIME, f"{_WHEN}, its end: why the score changed up to the one that stood then."),
            _asked("days", _whole(1, MOST_DAYS, DAYS), "The days of the trend."),
        ],
        "responses": {"200": ok("What is known of the lead.", "LeadTold")} | problems(*kinds),
    }


def _shortlist() -> dict[str, Any]:
    flag, each = {"type": "boolean"}, {"type": "array", "maxItems": 20, "items": _TEXT}
    reply = ok("A page of the list.", "Shortlist")
    link = {"description": "The address of the next page, where there is one.", "schema": {"type": "string"}}
    reply["headers"] = REQUEST_ID | {"Link": link}
    reply["content"]["text/csv"] = {"schema": {"type": "string"}}
    return {
        "operationId": "shortlist",
        "summary": "The list that both teams work from: named, ranked, qualified.",
        "parameters": [
            _asked("state", {"enum": list(STATES), "default": "open"}, "Open leads: not answered yet, or accepted."),
            _asked("grade", each, "Of these grades only."),
            _asked("segment", each, "Of these segments only."),
            _asked("owner", each, "Of these owners only."),
            _asked("overdue", flag, "Only those whose promise has passed, or only the others."),
            _asked("explored", flag, "Only those drawn by lot, or only the others."),
            _asked("min_score", {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST}, "From this score on."),
            _asked("limit", _whole(1, MOST_LEADS, LEADS), "Leads of a page."),
            _cursor(),
            _asked("format", {"enum": list(FORMATS)}, "JSON unless asked otherwise here or in `Accept`."),
            _language(),
        ],
        "responses": {"200": reply} | problems(Kind.NO_LEDGER, Kind.INVALID, Kind.LEDGER_DOWN, Kind.NO_SCORER),
    }


def _asked(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _cursor() -> dict[str, Any]:
    return _asked("cursor", _TEXT, "`next` of the page before, with the same parameters.")


def _language() -> dict[str, Any]:
    return _asked("language", {"enum": list(LANGUAGES), "default": "en"}, "Of the texts.")


def _whole(low: int, high: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}
