"""``POST /v1/scores``."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import JSON, read_body
from serving.contract import Envelope
from serving.desk import Desk
from serving.lead import microseconds
from serving.reading import open_envelope, read
from serving.scoring import Served

FEW, SMALL = 8, 65_536
"""So many leads, and bytes, are short work; more are long."""


def routes(desk: Desk) -> list[Route]:
    """The routes of scores."""
    return [Route("/v1/scores", _Scores(desk).answer, methods=["POST"])]


class _Scores:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def answer(self, request: Request) -> Response:
        desk = self._desk
        body = await read_body(request, desk.settings)
        served = desk.in_service()
        large = len(body) > SMALL
        envelope = await desk.aside(large, open_envelope, body, desk.settings.max_leads)
        now = microseconds(desk.clock())
        content, refused = await desk.aside(large or len(envelope.leads) > FEW, self._scored, served, envelope, now)
        request.state.told = {"leads": len(envelope.leads), "refused": refused, "model": served.model.version}
        return Response(content, media_type=JSON)

    def _scored(self, served: Served, envelope: Envelope, now: int) -> tuple[bytes, int]:
        batch = read(envelope, served.known, now)
        reply = served.answer(batch)
        self._desk.metrics.scored(reply, batch.refused)
        return msgspec.json.encode(reply), len(batch.refused)
