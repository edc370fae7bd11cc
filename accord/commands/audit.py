"""``accord audit``: what in the history would make the score a lie."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import RefusedError, guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


class FailOn(StrEnum):
    """From which severity on a finding makes the command end with 1."""

    NEVER = "never"
    BLOCK = "block"
    ASK = "ask"


_SEVERITIES = {FailOn.NEVER: (), FailOn.BLOCK: ("block",), FailOn.ASK: ("block", "ask")}


@guarded
def audit(
    project: ProjectOption = HERE,
    notes: Annotated[bool, typer.Option("--notes", help="Also show what is only worth knowing.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="End with exit code 1 when a finding is this grave and nobody kept its field.")
    ] = FailOn.NEVER,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Look in the history for what would make the score a lie, and say it with evidence."""
    from accord.learning import inspect, load
    from accord.project import open_project
    from training.audit.terminal import render

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        step("Reading the history", 0.0)
        loaded = load(opened)
        found, report = inspect(opened, loaded, step)
    if as_json:
        emit({**found.as_dict(), "quarantined": len(loaded.quarantine), "report": report})
    else:
        show(render(found, notes=notes))
        for note in loaded.notes:
            say(f"Note: {note}")
        if len(loaded.quarantine):
            say(f"{len(loaded.quarantine):,} rows or values were set aside: {opened.state.quarantine / 'counts.csv'}")
        say(f"Report: {report}")
    grave = [f for f in found.findings if str(f.severity) in _SEVERITIES[fail_on] and not f.kept]
    if grave:
        raise RefusedError(
            f"{len(grave)} findings are at least as grave as --fail-on {fail_on} allows.",
            reasons=tuple(f"{f.code} {f.field or 'the history'}: {f.title}" for f in grave),
            remedy="Mend the data, ignore the fields, or keep them in accord.yaml with a written reason.",
        )
