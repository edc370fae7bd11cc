"""``POST /v1/feedback``: what became of leads, each report durable before it is acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
import sqlalchemy as sa
from anyio import to_thread
from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crm.errors import UnavailableError
from serving.body import JSON, read_body
from serving.desk import Desk, Recorder, caller_of
from serving.feedback import FeedbackEnvelope, ReadReports, read_reports, refuse_erased, replied
from serving.ledger.clerk import Clerk
from serving.ledger.database import Database
from serving.ledger.delivery import Delivery, delivery_to
from serving.ledger.erasure import erased_among
from serving.ledger.feedback import Answered, answered_before, record, remember
from serving.problems import Kind, Problem
from serving.refusals import place

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WAITS = 10.0
"""Seconds that a caller waits for the ledger before the reports are kept on disk."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ENVELOPE = Decoder(FeedbackEnvelope)
_EXPECTED = {
    "": "an object of reports and, if wanted, language",
    "reports": "a list of reports",
    "language": "one of en, fr",
}


def routes(desk: Desk) -> list[Route]:
    """The routes of feedback."""
    return [Route("/v1/feedback", _Feedback(desk).answer, methods=["POST"])]


class _Feedback:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clerk: Clerk | None = None

    async def answer(self, request: Request) -> Response:
        desk = self._desk
        ledger, recorder = desk.books()
        key = _key(request)
        body = await read_body(request, desk.settings)
        definition = desk.in_service().scorer.definition
        envelope = _opened(body, desk.settings.max_leads)
        asked = Asked(caller_of(request).id, key, hashlib.sha256(body).hexdigest(), desk.clock())
        many = len(envelope.reports) > 1
        batch = await desk.aside(
            many, read_reports, envelope, definition, asked.at, asked.caller, request.state.request_id
        )
        request.state.told = {"reports": len(envelope.reports), "refused": len(batch.refused)}
        try:
            found, replayed = await self._committed(ledger, batch, asked)
        except (UnavailableError, TimeoutError):
            return await self._kept(recorder, batch)
        if not replayed:
            desk.metrics.reported((row["outcome"] for _, row in batch.rows), batch.refused)
        headers = {REPLAYED: "true"} if replayed else None
        return Response(found.reply, status_code=found.status, media_type=JSON, headers=headers)

    async def _committed(self, ledger: Database, batch: ReadReports, asked: Asked) -> tuple[Answered, bool]:
        """The answer of the ledger, and whether it is that to the same request before."""
        work = partial(_recorded, delivery=delivery_to(ledger), batch=batch, asked=asked)
        answer, replayed = await asyncio.wait_for(asyncio.wrap_future(self._working(ledger).do(work)), WAITS)
        if answer.digest != asked.digest:
            detail = f"This {KEY} was sent with another body before: a key stands for one request."
            raise Problem(Kind.KEY_REUSED, detail, more={"remedy": f"Send a new {KEY} with each new request."})
        return answer, replayed

    async def _kept(self, recorder: Recorder, batch: ReadReports) -> Response:
        """Keeps the reports on disk until the ledger is back. Raises `Problem` where the disk does not take them."""
        rows = [row for _, row in batch.rows]
        if rows and not await to_thread.run_sync(partial(recorder.write, "feedback", rows, sure=True)):
            detail = "Neither the ledger nor this machine's disk takes anything now: the reports are not recorded."
            raise Problem(Kind.LEDGER_DOWN, detail, headers={"Retry-After": "10"})
        self._desk.metrics.reported((row["outcome"] for row in rows), batch.refused)
        return Response(msgspec.json.encode(replied(batch, None)), status_code=202, media_type=JSON)

    def _working(self, ledger: Database) -> Clerk:
        """The clerk, who starts with the first report and ends with the process."""
        if self._clerk is None:
            self._clerk = Clerk(ledger)
            self._clerk.start()
        return self._clerk


@dataclass(frozen=True, slots=True)
class Asked:
    """Who sent which request: the ``Idempotency-Key``, if any, the hash of the body, and when it came."""

    caller: str
    key: str | None
    digest: str
    at: datetime


def _recorded(
    connection: sa.Connection, *, delivery: Delivery, batch: ReadReports, asked: Asked
) -> tuple[Answered, bool]:
    """Within a transaction: the reports are recorded, and the answer is kept for when the same request comes again."""
    before = None if asked.key is None else answered_before(connection, asked.caller, asked.key)
    if before is not None:
        return before, True
    named = {row["lead_id"] for _, row in batch.rows} | {e.lead_id for e in batch.errors if e.lead_id is not None}
    erased = erased_among(connection, named)
    refuse_erased(batch, erased)
    found = record(connection, delivery, [row for _, row in batch.rows])
    answer = Answered(asked.digest, 200, msgspec.json.encode(replied(batch, found)).decode())
    if asked.key is not None and not erased:  # an answer that is kept names no erased lead
        remember(connection, asked.caller, asked.key, asked.at, answer)
    return answer, False


def _key(request: Request) -> str | None:
    given = request.headers.get(KEY)
    if given is None or _KEY.fullmatch(given):
        return given
    detail = f"The {KEY} is not one."
    raise Problem(Kind.INVALID, detail, more={"expected": "1 to 255 visible ASCII characters"})


def _opened(body: bytes, most: int) -> FeedbackEnvelope:
    try:
        body.decode()
        envelope = _ENVELOPE.decode(body)
    except msgspec.ValidationError as error:
        expected = _EXPECTED.get(place(error), _EXPECTED[""])
        raise Problem(Kind.INVALID, f"{error}.", more={"expected": expected}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(Kind.MALFORMED, f"{error}.", more={"remedy": "Send UTF-8 JSON."}) from None
    except RecursionError:
        raise Problem(Kind.MALFORMED, "The body is nested too deeply.") from None
    if len(envelope.reports) > most:
        detail = f"The request holds too many reports: at most {most} are taken at once."
        raise Problem(Kind.INVALID, detail, more={"limit": most, "remedy": "Send several requests."})
    return envelope
