"""``GET /v1/leads/{lead_id}``."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import JSON
from serving.desk import Desk
from serving.parameters import Parameters, refused
from serving.problems import Kind, Problem
from serving.readback.bounds import DAYS, MOST_DAYS, MOST_SCORES, SCORES
from serving.readback.earlier import Earlier
from serving.readback.lead import Question, find, tell
from serving.readback.reader import Reader
from serving.scoring import Served

PARAMETERS = ("language", "since", "until", "limit", "cursor", "from", "to", "days")


def routes(desk: Desk) -> list[Route]:
    """The route that tells of one lead."""
    return [Route("/v1/leads/{lead_id:path}", _Leads(desk).tell, methods=["GET"])]


class _Leads:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = Reader(desk)
        self._earlier = Earlier(desk.incumbent)

    async def tell(self, request: Request) -> Response:
        question = _question(request)
        self._reader.ledger()
        self._may_be_told(question.lead_id)
        content = await self._reader.read(self._told, question, self._desk.in_service())
        return Response(content, media_type=JSON)

    def _told(self, question: Question, served: Served) -> bytes:
        now = self._desk.clock()
        found = find(self._reader.ledger(), question, now)
        told = tell(found, question, served.scorer.definition, self._earlier, now)
        if told is None:
            raise _unknown()
        return msgspec.json.encode(told)

    def _may_be_told(self, lead_id: str) -> None:
        why = self._reader.barred(lead_id)
        if why == "objected":
            raise Problem(Kind.OBJECTED, "No score of this person is kept or told.")
        if why is not None or not lead_id or "\0" in lead_id:
            raise _unknown()


def _unknown() -> Problem:
    return Problem(Kind.NOT_FOUND, "No score was given to a lead of this id, and nothing was reported of it.")


def _question(request: Request) -> Question:
    asked = Parameters(request.query_params, PARAMETERS)
    since, until = asked.instant("since"), asked.instant("until", ends=True)
    was, now = asked.instant("from"), asked.instant("to", ends=True)
    for (first, begins), (last, ends) in ((("since", since), ("until", until)), (("from", was), ("to", now))):
        if begins is not None and ends is not None and begins > ends:
            raise refused(first, begins.isoformat(), f"a time not after `{last}`")
    return Question(
        lead_id=request.path_params["lead_id"],
        language=asked.language,
        since=since,
        until=until,
        limit=asked.integer("limit", 1, MOST_SCORES, SCORES),
        cursor=asked.text("cursor"),
        was=was,
        now=now,
        days=asked.integer("days", 1, MOST_DAYS, DAYS),
    )
