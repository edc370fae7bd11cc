"""``GET /v1/definition``."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.body import JSON
from serving.definition import told
from serving.desk import Desk


def routes(desk: Desk) -> list[Route]:
    """The route of the definition."""

    async def definition(_: Request) -> Response:
        return Response(msgspec.json.encode(told(desk.in_service())), media_type=JSON)

    return [Route("/v1/definition", definition)]
