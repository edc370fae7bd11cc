"""``accord sheet``: the definition with what each grade promises, as both teams sign it."""

from __future__ import annotations

import typer

from accord.console import emit, say
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue


@guarded
def sheet(
    project: ProjectOption = HERE,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the sheet of the newest training run: the definition with the measured promise of each grade."""
    from accord.project import open_project
    from accord.promises import changed, keep, measured
    from training.sheets import html, text

    opened = open_project(project)
    _, found = measured(opened)
    place = keep(opened, "sheet", language.value, html(found, language.value))
    if note := changed(opened, found):
        say(f"Note: {note}")
    if as_json:
        emit({"hash": found.hash, "version": found.definition.version, **found.to_json(), "page": place})
        return
    typer.echo(text(found, language.value), nl=False)
    say(f"Page: {place}")
