"""``accord rollback``: back to the champion before."""

from __future__ import annotations

from accord.console import emit, show, steps
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def rollback(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Put the champion before the present one back in service."""
    from accord.project import open_project
    from accord.promotion import rollback as rolled_back

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        done = rolled_back(opened, step)
    if as_json:
        emit(done.as_dict())
    else:
        show(f"Version {done.version} is the champion again; version {done.before} left.")
