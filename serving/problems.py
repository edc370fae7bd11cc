"""Errors of a whole request as problem documents (RFC 9457); errors of one lead are in `serving.contract.LeadError`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Kind(Enum):
    """What can be wrong with a whole request: a slug (the problem's type), a status and a title."""

    MALFORMED = ("malformed-body", 400, "The body is not JSON")
    DISCONNECTED = ("incomplete-body", 400, "The body ended early")
    NO_KEY = ("no-key", 401, "A key that holds is missing")
    ROLE = ("role-not-allowed", 403, "The key does not open this")
    OBJECTED = ("objected", 403, "This person objected to being profiled")
    NOT_FOUND = ("not-found", 404, "There is nothing at this address")
    METHOD = ("method-not-allowed", 405, "This address does not answer to this method")
    SLOW = ("body-too-slow", 408, "The body did not arrive in time")
    TOO_LARGE = ("body-too-large", 413, "The body is too large")
    MEDIA = ("unsupported-media-type", 415, "The body's media type is not JSON")
    INVALID = ("invalid-request", 422, "The request is not as the contract has it")
    KEY_REUSED = ("idempotency-key-reused", 422, "The Idempotency-Key was used for another request")
    TOO_MANY = ("too-many-requests", 429, "Too many requests")
    FAILED = ("internal-error", 500, "The service failed")
    NO_SCORER = ("no-scorer", 503, "No scorer is in service")
    KEYS_UNKNOWN = ("keys-unknown", 503, "The ledger of keys was never reached")
    NO_LEDGER = ("no-ledger", 503, "The service has no ledger")
    LEDGER_DOWN = ("ledger-down", 503, "The ledger does not answer")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def uri(self) -> str:
        """The problem's ``type``."""
        return f"urn:accord:problem:{self.slug}"


class Problem(Exception):  # noqa: N818 - RFC 9457's word for it
    """A request that gets no scores, and why. ``more`` holds members beside the standard ones."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def document(self) -> dict[str, Any]:
        """The problem document: type, title, status, detail and what else helps."""
        return {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            **self.more,
        }

    def response(self) -> Response:
        """The reply to send."""
        return Response(
            msgspec.json.encode(self.document()),
            status_code=self.kind.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )
