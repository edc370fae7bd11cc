"""``accord negotiate``: from volume to promise."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import MisuseError, guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue

MOST = 30
"""Cut-offs that one table shows."""


@guarded
def negotiate(
    project: ProjectOption = HERE,
    cuts: Annotated[
        str | None,
        typer.Option(help="Leads a week of each row, as 10,20,40,80; from very few to all when not given."),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.1, help="Working hours a week that sales has: marks the row that fits.")
    ] = None,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what each cut-off of the score would give sales, and what it would leave."""
    from accord.project import open_project
    from accord.promises import changed, evidence, keep
    from training.negotiation import negotiate as offers
    from training.negotiation import page, render

    volumes = _volumes(cuts)
    opened = open_project(project)
    with steps(quiet=as_json) as step:
        found, sheet = evidence(opened, step)
        step("Weighing cut-offs", 0.8)
        negotiation = offers(found, volumes, hours)
    place = keep(opened, "negotiation", language.value, page(negotiation, language.value))
    if note := changed(opened, sheet):
        say(f"Note: {note}")
    if as_json:
        emit({**negotiation.to_json(), "page": place})
        return
    show(render(negotiation, language.value))
    say(f"Page: {place}")


def _volumes(cuts: str | None) -> tuple[float, ...]:
    if cuts is None:
        return ()
    try:
        volumes = tuple(float(cut) for cut in cuts.split(","))
    except ValueError:
        volumes = ()
    if not 1 <= len(volumes) <= MOST or not all(0 < volume < float("inf") for volume in volumes):
        raise MisuseError(
            "Cut-offs are numbers of leads a week.",
            where="--cuts",
            got=cuts,
            expected=f"1 to {MOST} numbers above 0, separated by commas",
            remedy="For example --cuts 10,20,40,80.",
        )
    return volumes
