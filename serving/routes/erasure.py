"""``POST /v1/objections`` and ``DELETE /v1/leads/{id}``: who is not to be profiled, and who is to be forgotten."""

from __future__ import annotations

import msgspec
from anyio import CapacityLimiter, to_thread
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import JSON, read_body
from serving.desk import Desk, caller_of
from serving.erasing import Objection, erased, objected
from serving.lead import NUL
from serving.problems import Kind, Problem

_AT_ONCE = 2
"""So many wait for the database at once, each in a thread of its own."""

_OBJECTION = Decoder(Objection)
_LEAD = "a lead's key: text that is not empty, without the character NUL"


def routes(desk: Desk) -> list[Route]:
    """The routes of objections and erasures."""
    there = _Erasure(desk)
    return [
        Route("/v1/objections", there.object, methods=["POST"]),
        Route("/v1/leads/{lead_id:path}", there.erase, methods=["DELETE"]),
    ]


class _Erasure:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def object(self, request: Request) -> Response:
        self._desk.books()
        objection = _read(await read_body(request, self._desk.settings))
        asked = (self._desk, objection, caller_of(request), self._desk.clock())
        status, reply = await to_thread.run_sync(objected, *asked, limiter=self._limiter)
        return Response(msgspec.json.encode(reply), status_code=status, media_type=JSON)

    async def erase(self, request: Request) -> Response:
        self._desk.books()
        lead_id = request.path_params["lead_id"]
        if not lead_id or NUL in lead_id:
            raise Problem(Kind.INVALID, "This names no lead.", more={"expected": _LEAD})
        asked = (self._desk, lead_id, caller_of(request), self._desk.clock())
        status, reply = await to_thread.run_sync(erased, *asked, limiter=self._limiter)
        return Response(msgspec.json.encode(reply), status_code=status, media_type=JSON)


def _read(body: bytes) -> Objection:
    try:
        body.decode()
        objection = _OBJECTION.decode(body)
    except msgspec.ValidationError as error:
        raise Problem(Kind.INVALID, f"{error}.", more={"expected": 'an object such as {"lead_id": "00Q1"}'}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(Kind.MALFORMED, f"{error}.", more={"remedy": "Send UTF-8 JSON."}) from None
    except RecursionError:
        raise Problem(Kind.MALFORMED, "The body is nested too deeply.") from None
    if NUL in objection.lead_id:
        raise Problem(Kind.INVALID, "This names no lead.", more={"expected": _LEAD})
    return objection
