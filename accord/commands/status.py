"""``accord status``: who serves, who wants to, who signed what, and where everything is."""

from __future__ import annotations

from typing import Any

from accord.console import emit, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def status(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show the champion, the challenger, what the service has and what is signed."""
    from accord.project import open_project
    from accord.promotion import standing

    opened = open_project(project)
    found = {"project": opened.settings.name, **standing(opened)}
    if as_json:
        emit(found)
        return
    for name, value in found.items():
        show(f"{name.replace('_', ' '):<12} {_told(name, value)}".replace("[", r"\["))


def _told(name: str, value: Any) -> str:
    if name == "asks":
        return "\n             ".join(value) or "nothing"
    if isinstance(value, dict):
        given = [f"{each['role']}: {each['name']}, {each['signed_at']:%d %B %Y}" for each in value["signatures"]]
        missing = [f"{role}: not signed" for role in value["missing"]]
        said = "; ".join([*given, *missing])
        return f"sheet {value['sheet']} of definition {value['definition']} ({said})"
    return "none" if value is None else str(value)
