"""``accord status``: who serves, who wants to, and where everything is."""

from __future__ import annotations

from accord.console import emit, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def status(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show the champion, the challenger and what the service has."""
    from accord.project import open_project
    from accord.promotion import standing

    opened = open_project(project)
    found = {"project": opened.settings.name, **standing(opened)}
    if as_json:
        emit(found)
        return
    for name, value in found.items():
        show(f"{name.replace('_', ' '):<12} {'none' if value is None else value}".replace("[", r"\["))
