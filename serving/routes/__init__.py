"""The routes, one module a group; each has a ``routes(desk)``."""

from __future__ import annotations

from starlette.routing import Route

from serving.desk import Desk
from serving.routes import definition, erasure, feedback, health, leads, scores, shortlist

GROUPS = (scores, feedback, leads, shortlist, definition, erasure, health)


def routes(desk: Desk) -> list[Route]:
    """Every route of the service."""
    return [route for group in GROUPS for route in group.routes(desk)]
