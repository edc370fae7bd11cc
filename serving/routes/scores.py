"""``POST /v1/scores``."""

from __future__ import annotations

import traceback

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import JSON, read_body
from serving.contract import Envelope
from serving.desk import Desk, caller_of
from serving.lead import microseconds
from serving.reading import Batch, open_envelope, read
from serving.recording import Given, rows
from serving.scoring import Answer, Served

FEW, SMALL = 8, 65_536
"""So many leads, and bytes, are short work; more are long."""


def routes(desk: Desk) -> list[Route]:
    """The routes of scores."""
    return [Route("/v1/scores", _Scores(desk).answer, methods=["POST"])]


class _Scores:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._log = structlog.get_logger("serving.ledger")

    async def answer(self, request: Request) -> Response:
        desk = self._desk
        body = await read_body(request, desk.settings)
        served = desk.in_service()
        large = len(body) > SMALL
        envelope = await desk.aside(large, open_envelope, body, desk.settings.max_leads)
        now = microseconds(desk.clock())
        given = Given(
            served.scorer,
            served.model.version,
            served.stored.version,
            now,
            caller_of(request).id,
            request.state.request_id,
        )
        few = len(envelope.leads) <= FEW
        content, refused = await desk.aside(large or not few, self._scored, served, envelope, given)
        request.state.told = {"leads": len(envelope.leads), "refused": refused, "model": served.model.version}
        return Response(content, media_type=JSON)

    def _scored(self, served: Served, envelope: Envelope, given: Given) -> tuple[bytes, int]:
        roster = self._desk.roster
        batch = read(envelope, served.known, given.at, roster.barred if roster else lambda _: None)
        answer = served.answered(batch)
        content = msgspec.json.encode(answer.reply)
        self._record(batch, answer, given)
        self._desk.metrics.scored(answer.reply, batch.refused)
        return content, len(batch.refused)

    def _record(self, batch: Batch, answer: Answer, given: Given) -> None:
        """Scores are recorded before they are told; a fault of ours here is told aloud and keeps no score back."""
        desk, scores = self._desk, answer.scores
        if desk.recorder is None or scores is None:
            return
        try:
            desk.recorder.write("scores", rows(given, batch.leads, scores, answer.explored, answer.segments))
        except Exception as error:  # noqa: BLE001 - whatever it is, the score is given
            desk.metrics.lost(len(scores))
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{frame.filename}:{frame.lineno} {frame.name}"
            self._log.error("ledger_rows_lost", rows=len(scores), error=type(error).__name__, at=where)
