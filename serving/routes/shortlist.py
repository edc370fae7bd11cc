"""``GET /v1/shortlist``."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.definition import HIGHEST, LOWEST
from serving.body import JSON
from serving.desk import Desk
from serving.ledger.shortlist import STATES, Wanted
from serving.parameters import Parameters
from serving.readback import spreadsheet
from serving.readback.bounds import FORMATS, LEADS, MOST_LEADS
from serving.readback.contract import Shortlist
from serving.readback.reader import Reader
from serving.readback.shortlist import Question, answer
from serving.scoring import Served

MANY = ("grade", "segment", "owner")
PARAMETERS = (*MANY, "state", "overdue", "explored", "min_score", "limit", "cursor", "format", "language")


def routes(desk: Desk) -> list[Route]:
    """The route of the list that both teams work from."""
    return [Route("/v1/shortlist", _Shortlist(desk).answer, methods=["GET"])]


class _Shortlist:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = Reader(desk)

    async def answer(self, request: Request) -> Response:
        asked = Parameters(request.query_params, PARAMETERS, MANY)
        question = _question(asked)
        wanted = asked.choice("format", FORMATS, "csv" if _accepts_csv(request) else "json")
        self._reader.ledger()
        page = await self._reader.read(self._page, question, self._desk.in_service())
        headers = {"Vary": "Accept"} | _link(request, page)
        if wanted == "csv":
            return Response(spreadsheet.written(page), headers=headers | {"Content-Type": spreadsheet.MEDIA_TYPE})
        return Response(msgspec.json.encode(page), headers=headers, media_type=JSON)

    def _page(self, question: Question, served: Served) -> Shortlist:
        return answer(
            self._reader.ledger(),
            question,
            served.scorer.definition,
            served.definition,
            served.scorer.grading.names,
            self._reader.barred,
            self._desk.clock(),
        )


def _question(asked: Parameters) -> Question:
    wanted = Wanted(
        state=asked.choice("state", STATES, "open"),
        grades=asked.texts("grade"),
        segments=asked.texts("segment"),
        owners=asked.texts("owner"),
        overdue=asked.flag("overdue"),
        explored=asked.flag("explored"),
        min_score=asked.integer("min_score", LOWEST, HIGHEST),
    )
    return Question(wanted, asked.language, asked.integer("limit", 1, MOST_LEADS, LEADS), asked.text("cursor"))


def _link(request: Request, page: Shortlist) -> dict[str, str]:
    """The address of the next page: the only place a CSV has for it."""
    if page.next is None:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<{request.url.path}?{urlencode([*kept, ("cursor", page.next)])}>; rel="next"'}


def _accepts_csv(request: Request) -> bool:
    """Whether the caller asked for CSV and not, as eagerly, for JSON."""
    eager = {"text/csv": 0.0, "application/json": 0.0}
    for part in request.headers.get("accept", "").split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if kind in eager:
            eager[kind] = max(eager[kind], _quality(parameters))
    return eager["text/csv"] > eager["application/json"]


def _quality(parameters: list[str]) -> float:
    given = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return float(given)
    except ValueError:
        return 0.0
