"""``accord promote``: the challenger becomes the champion, if every gate lets it."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def promote(
    project: ProjectOption = HERE,
    on_trial: Annotated[
        bool, typer.Option("--on-trial", help="Serve it without both signatures; every reply then says so.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Put the challenger in service, or refuse with every reason."""
    from accord.project import open_project
    from accord.promotion import promote as promoted

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        done = promoted(opened, step, on_trial=on_trial)
    if as_json:
        emit(done.as_dict())
        return
    for verdict in done.verdicts:
        say(f"  {'ok   ' if verdict.passed else 'trial'}  {verdict.sentence}")
    before = f", after version {done.before}" if done.before not in (None, done.version) else ""
    said = "is the champion" if done.changed else "is the champion already, and the service has it"
    show(f"Version {done.version} {said}{before}{'' if done.signed else '; not signed, so on trial'}.")
