"""``accord train``: from the history to a challenger in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption

if TYPE_CHECKING:
    from accord.learning import Learned


@guarded
def train(
    project: ProjectOption = HERE,
    later: Annotated[
        bool, typer.Option("--later", help="Do not ask the registry; tell it afterwards with `accord register`.")
    ] = False,
    new_cutoffs: Annotated[
        bool, typer.Option("--new-cutoffs", help="Freeze anew where grades start; both teams then sign anew.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Audit, backtest and fit a scorer, and register it as the challenger."""
    from accord.learning import learn, tell
    from accord.project import open_project
    from training.report import render

    opened = open_project(project)
    with steps(quiet=as_json) as step:
        learned = learn(opened, step, registry=not later, new_cutoffs=new_cutoffs)
        recorded = None if later else tell(opened, learned.dossier, step)
    if as_json:
        emit(_summary(learned, recorded.version if recorded else None))
        return
    show(render(learned.report))
    for note in learned.loaded.notes:
        say(f"Note: {note}")
    say(f"Grades start where {learned.dossier.about.parameters['grading.from']} says.")
    say(f"Report: {opened.state.reports / 'training.html'}")
    if recorded is None:
        say("Not registered yet: run `accord register` when the registry is there.")
    else:
        say(f"Challenger: version {recorded.version}. Next: `accord sign`, then `accord promote`.")


def _summary(learned: Learned, version: str | None) -> dict[str, object]:
    trained, about = learned.report.trained, learned.dossier.about
    return {
        "version": version,
        "artifact": about.artifact,
        "definition": about.definition,
        "exported_at": about.exported_at,
        "dates": about.dates,
        "heads": {
            str(head): {
                "snapshots": counted.asked,
                "settled": counted.settled,
                "immature": counted.immature,
                "rate": counted.rate.estimate,
            }
            for head, counted in trained.counts.items()
        },
        "metrics": {metric.name: metric.value for metric in about.metrics if metric.step is None},
        "taken_out": sorted(learned.report.audit.blocked) if learned.report.audit else [],
        "warnings": trained.warnings,
        "dossier": learned.dossier.folder,
    }
