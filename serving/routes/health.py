"""What machines ask of the service itself: whether it lives and is ready, its counts, and its document."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.access import keys_unknown
from serving.body import JSON
from serving.desk import Desk
from serving.lookout import LastCheck
from serving.metrics import CONTENT_TYPE, OfLedger
from serving.openapi.document import document


def routes(desk: Desk) -> list[Route]:
    """The routes of health, metrics and the OpenAPI document."""
    content = msgspec.json.encode(document(desk.settings))

    async def alive(_: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type=JSON)

    async def ready(_: Request) -> Response:
        if desk.roster is not None and desk.roster.asks is None:
            raise keys_unknown()
        return Response(msgspec.json.encode({"status": "ready", "model": desk.in_service().model}), media_type=JSON)

    async def metrics(_: Request) -> Response:
        now = desk.clock()
        more: list[Collector] = [] if desk.lookout is None else [LastCheck(desk.lookout.seen, now)]
        more += [] if desk.recorder is None else [OfLedger(desk.recorder)]
        page = await to_thread.run_sync(desk.metrics.page, desk.incumbent.served, now, *more)
        return Response(page, headers={"Content-Type": CONTENT_TYPE})

    async def own_document(_: Request) -> Response:
        return Response(content, media_type=JSON)

    return [
        Route("/healthz", alive),
        Route("/livez", alive),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        Route("/openapi.json", own_document),
        Route("/docs.json", own_document),
    ]
