"""``accord definition``: the definition as it stands, and what changed since."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.console import emit, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, LanguageOption, ProjectOption, Tongue

definition = typer.Typer(name="definition", help="The definition that both teams sign.", no_args_is_help=True)

_WHICH = "now (accord.yaml), signed, champion, challenger, first digits of a version in the ledger, or a file."


@definition.command()
@guarded
def version(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Check the definition in accord.yaml and give its version."""
    from accord.project import open_project

    found = open_project(project).settings.definition
    if as_json:
        emit({"name": found.name, "version": found.version, "definition": found.canonical()})
        return
    show(f"{found.name} {found.short_version}".replace("[", r"\["))


@definition.command()
@guarded
def diff(
    before: Annotated[str, typer.Argument(help=f"{_WHICH} agreed: the signed one, else the champion's.")] = "agreed",
    after: Annotated[str, typer.Argument(help=_WHICH)] = "now",
    project: ProjectOption = HERE,
    language: LanguageOption = Tongue.EN,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say in words what changed from one definition to another."""
    from accord.definitions import definition_of
    from accord.project import open_project
    from models.differences import differences

    opened = open_project(project)
    was, now = (definition_of(opened, reference) for reference in (before, after))
    found = differences(was, now, language.value)
    if as_json:
        changes = [{"part": change.part, "text": change.text} for change in found]
        emit({"before": was.version, "after": now.version, "changes": changes})
        return
    show(f"{was.name} {was.short_version} → {now.name} {now.short_version}".replace("[", r"\["))
    for change in found:
        show(f"  • {change.text}".replace("[", r"\["))
    if not found:
        show("  Nothing changed." if language is Tongue.EN else "  Rien n’a changé.")
