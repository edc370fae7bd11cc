"""The routes, one module a group; each has a ``routes(desk)``."""

from __future__ import annotations

import re

from starlette.routing import Route

from serving.desk import Desk
from serving.routes import definition, erasure, feedback, health, leads, scores, shortlist

GROUPS = (scores, feedback, leads, shortlist, definition, erasure, health)


def routes(desk: Desk) -> list[Route]:
    """Every route of the service."""
    every = [route for group in GROUPS for route in group.routes(desk)]
    for route in every:  # a lead's key may hold a line break, where Starlette's paths would end
        route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return every
