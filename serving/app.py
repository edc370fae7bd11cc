"""The HTTP application: routes, and what they answer. BentoML runs it (`serving.service`); tests run it as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving import openapi
from serving.body import JSON, read_body
from serving.contract import Envelope
from serving.definition import told
from serving.lead import microseconds
from serving.metrics import CONTENT_TYPE, Metrics
from serving.observed import Observed
from serving.problems import Kind, Problem
from serving.reading import open_envelope, read
from serving.scoring import Served
from serving.settings import Settings
from serving.takeover import Incumbent

FEW, SMALL = 8, 65_536
"""So many leads, and bytes, are short work; more are long."""

T = TypeVar("T")


def application(incumbent: Incumbent, settings: Settings, metrics: Metrics, clock: Callable[[], datetime]) -> Starlette:
    """The service as an ASGI application. It starts and stops looking for newer scorers with its lifespan.

    Args:
        incumbent: who is in service.
        settings: limits.
        metrics: where everything is counted.
        clock: now, with a zone: what an absent ``as_of`` means, and what a model's age is measured against.
    """
    endpoints = _Endpoints(incumbent, settings, metrics, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await to_thread.run_sync(incumbent.start)
        yield
        await to_thread.run_sync(incumbent.stop)

    app = Starlette(
        routes=[
            Route("/v1/scores", endpoints.scores, methods=["POST"]),
            Route("/v1/definition", endpoints.definition),
            Route("/healthz", endpoints.alive),
            Route("/livez", endpoints.alive),
            Route("/readyz", endpoints.ready),
            Route("/metrics", endpoints.metrics_page),
            Route("/openapi.json", endpoints.document),
            Route("/docs.json", endpoints.document),
        ],
        middleware=[Middleware(Observed, metrics=metrics)],
        exception_handlers={Problem: _problem, HTTPException: _of_http},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


class _Endpoints:
    def __init__(
        self, incumbent: Incumbent, settings: Settings, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._incumbent = incumbent
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._openapi = msgspec.json.encode(openapi.document(settings))
        self._one_at_a_time = CapacityLimiter(1)

    async def scores(self, request: Request) -> Response:
        body = await read_body(request, self._settings)
        served = self._in_service()
        large = len(body) > SMALL
        envelope = await self._aside(large, open_envelope, body, self._settings.max_leads)
        now = microseconds(self._clock())
        content, refused = await self._aside(large or len(envelope.leads) > FEW, self._scored, served, envelope, now)
        request.state.told = {"leads": len(envelope.leads), "refused": refused, "model": served.model.version}
        return Response(content, media_type=JSON)

    async def definition(self, _: Request) -> Response:
        return Response(msgspec.json.encode(told(self._in_service())), media_type=JSON)

    async def alive(self, _: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type=JSON)

    async def ready(self, _: Request) -> Response:
        served = self._in_service()
        return Response(msgspec.json.encode({"status": "ready", "model": served.model}), media_type=JSON)

    async def metrics_page(self, _: Request) -> Response:
        page = await to_thread.run_sync(self._metrics.page, self._incumbent.served, self._clock())
        return Response(page, headers={"Content-Type": CONTENT_TYPE})

    async def document(self, _: Request) -> Response:
        return Response(self._openapi, media_type=JSON)

    async def _aside(self, aside: bool, work: Callable[..., T], *args: Any) -> T:
        """Does short work at once, and long work in the one thread for it, so that health checks and others get in."""
        return await to_thread.run_sync(work, *args, limiter=self._one_at_a_time) if aside else work(*args)

    def _in_service(self) -> Served:
        served = self._incumbent.served
        if served is None:
            detail = "No scorer has been promoted here yet: train one (accord train), then promote it (accord promote)."
            raise Problem(Kind.NO_SCORER, detail, headers={"Retry-After": "5"})
        return served

    def _scored(self, served: Served, envelope: Envelope, now: int) -> tuple[bytes, int]:
        batch = read(envelope, served.known, now)
        reply = served.answer(batch)
        self._metrics.scored(reply, batch.refused)
        return msgspec.json.encode(reply), len(batch.refused)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - Starlette's signature is wider than what it calls
    request.state.problem = problem.kind.slug
    return problem.response()


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    detail = f"{request.method} {request.url.path[:200]}: see /openapi.json for what there is."
    kind = Kind.METHOD if error.status_code == Kind.METHOD.status else Kind.NOT_FOUND
    return await _problem(request, Problem(kind, detail, headers=error.headers))
