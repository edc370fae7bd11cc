"""``accord check``: for a scheduler, whether promises are kept and data come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import Exit, guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue

ExportDaysOption = Annotated[
    float, typer.Option("--export-days", metavar="DAYS", min=0, help="How old an export may be before it alarms.")
]


@guarded
def check(
    project: ProjectOption = HERE,
    export_days: ExportDaysOption = 14,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check promises, probabilities and data; ends with 6 where anything asks for action."""
    from accord.checking import check as look
    from accord.project import open_project

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        found = look(opened, datetime.now(UTC), export_days, step)
    findings = found.findings(language.value)
    if as_json:
        emit({**found.document(), "findings": [each.to_json() for each in findings]})
    else:
        for each in findings:
            show(f"{'ALARM ' if each.alarm else 'notice'} {each.sentence} {each.remedy}".replace("[", r"\["))
        promises = found.promises.every if found.promises else ()
        states = {state: sum(each.state == state for each in promises) for state in ("kept", "young", "broken")}
        say(f"Promises: {states['kept']} kept so far, {states['young']} not judged yet, {states['broken']} broken.")
    if any(each.alarm for each in findings):
        raise typer.Exit(Exit.ALARM)
