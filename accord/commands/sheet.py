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
    """Print the sheet on the table: the definition with the measured promise of each grade, and who has signed it."""
    from accord.agreement import ledger_of, table_of
    from accord.project import open_project
    from accord.promises import changed, keep, measured
    from training.sheets import html, text

    opened = open_project(project)
    _, found = measured(opened)
    agreed = table_of(ledger_of(opened), found).agreement
    found, signatures = (found, ()) if agreed is None else (agreed.sheet, agreed.signatures)
    place = keep(opened, "sheet", language.value, html(found, language.value, signatures))
    if note := changed(opened, found):
        say(f"Note: {note}")
    if as_json:
        names = [{"role": one.role, "name": one.name, "signed_at": one.signed_at} for one in signatures]
        whole = {"hash": found.hash, "version": found.definition.version, **found.to_json(), "signatures": names}
        emit({**whole, "page": place})
        return
    typer.echo(text(found, language.value, signatures).rstrip("\n"))
    say(f"Page: {place}")
