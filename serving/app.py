"""The HTTP application. BentoML runs it (`serving.service`); tests run it as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from serving.access import Access, announce
from serving.desk import Desk
from serving.observed import Observed
from serving.problems import Kind, Problem
from serving.routes import routes


def application(desk: Desk) -> Starlette:
    """The service as an ASGI application. In its lifespan it looks for newer scorers and checks, and delivers."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        behind = [part for part in (desk.roster, desk.recorder, desk.lookout) if part is not None]
        for part in behind:
            await to_thread.run_sync(part.start)
        announce(desk)
        await to_thread.run_sync(desk.incumbent.start)
        yield
        await to_thread.run_sync(desk.incumbent.stop)
        for part in reversed(behind):
            await to_thread.run_sync(part.stop)

    app = Starlette(
        routes=routes(desk),
        middleware=[Middleware(Observed, metrics=desk.metrics), Middleware(Access, desk=desk)],
        exception_handlers={Problem: _problem, HTTPException: _of_http},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - Starlette's signature is wider than what it calls
    request.state.problem = problem.kind.slug
    return problem.response()


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    kind = Kind.METHOD if error.status_code == Kind.METHOD.status else Kind.NOT_FOUND
    return await _problem(request, Problem(kind, "See /openapi.json for what there is.", headers=error.headers))
