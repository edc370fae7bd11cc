"""A request's body, read as it comes: what is too large, too slow or no JSON is refused before it is in memory."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from serving.problems import Kind, Problem
from serving.settings import Settings

JSON = "application/json"


async def read_body(request: Request, settings: Settings) -> bytes:
    """The body of a request, at most ``settings.max_body_bytes`` long.

    Raises:
        Problem: the body is not declared as plain JSON, too large, too slow, cut off or empty.
    """
    _declared(request, settings)
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > settings.max_body_bytes:
                    raise _too_large(settings)
    except TimeoutError:
        raise Problem(Kind.SLOW, f"The body was not here after {settings.body_seconds:g} seconds.") from None
    except ClientDisconnect:
        raise Problem(Kind.DISCONNECTED, "The connection ended before the body did.") from None
    if not body:
        raise Problem(Kind.MALFORMED, 'The body is empty; send {"leads": [...]}.')
    return bytes(body)


def _declared(request: Request, settings: Settings) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != JSON:
        detail = f"The body is declared as {media or 'nothing'}; send Content-Type: {JSON}."
        raise Problem(Kind.MEDIA, detail, headers={"Accept-Post": JSON})
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        detail = f"The body is encoded as {encoding}; send it as it is."
        raise Problem(Kind.MEDIA, detail, headers={"Accept-Encoding": "identity"})
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > settings.max_body_bytes:
        raise _too_large(settings)


def _too_large(settings: Settings) -> Problem:
    limit = settings.max_body_bytes
    return Problem(
        Kind.TOO_LARGE,
        f"The body is larger than {limit} bytes.",
        more={"limit": limit, "remedy": "Send fewer leads at once, or use `accord score` for bulk."},
    )
