"""``accord ledger``: the tables of the ledger, up, down, and where they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accord.console import emit, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption

if TYPE_CHECKING:
    from serving.ledger.database import Database
    from serving.ledger.schema import State

ledger = typer.Typer(name="ledger", help="The database of signatures, scores and feedback.", no_args_is_help=True)


@ledger.command()
@guarded
def upgrade(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Bring the ledger's tables up to date."""
    from serving.ledger import schema

    _show(schema.upgrade(_database(project)), as_json=as_json)


@ledger.command()
@guarded
def downgrade(
    project: ProjectOption = HERE,
    erase: Annotated[bool, typer.Option("--erase", help="Also where what was signed would be lost for good.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take the last change of the ledger's tables back."""
    from serving.ledger import schema

    _show(schema.downgrade(_database(project), erase=erase), as_json=as_json)


@ledger.command()
@guarded
def status(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show where the ledger is, the version of its tables, and how many rows they hold."""
    from serving.ledger import schema

    _show(schema.state(_database(project)), as_json=as_json)


@ledger.command()
@guarded
def rebuild(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Make anew where each lead stands, from its scores and its feedback."""
    from serving.ledger.reported import outcome
    from serving.ledger.retention import rebuild as again

    leads = again(_ready(project), outcome)
    if as_json:
        emit({"leads": leads})
    else:
        show(f"Where {leads:,} leads stand was made anew from their scores and feedback.")


@ledger.command()
@guarded
def retain(
    older_than: Annotated[
        int, typer.Option("--older-than", min=1, max=36_500, metavar="DAYS", help="Delete what is older.")
    ],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Delete old scores, and replies kept for repeated requests, for good; feedback and signatures stay."""
    from serving.ledger.reported import outcome
    from serving.ledger.retention import retain as keep

    since = datetime.now(UTC) - timedelta(days=older_than)
    deleted = keep(_ready(project), since, outcome)
    if as_json:
        emit({"since": since, "deleted": deleted})
        return
    show(f"Deleted for good, from before {since:%Y-%m-%d %H:%M} UTC:")
    for table, rows in deleted.items():
        show(f"  {table:<12} {rows:,}")


def _ready(project: Path) -> Database:
    """The database with its tables up to date."""
    from serving.ledger import schema

    found = _database(project)
    schema.require(found)
    return found


def _database(project: Path) -> Database:
    from accord.project import open_project
    from serving.ledger.database import database

    opened = open_project(project)
    opened.state.make()
    return database(opened.ledger_url, opened.folder)


def _show(found: State, *, as_json: bool) -> None:
    if as_json:
        told = {"place": found.place, "at": found.at, "newest": found.head, "up_to_date": found.up_to_date}
        emit({**told, "rows": found.rows})
        return
    show(f"Ledger: {found.place}".replace("[", r"\["))
    at = "No tables" if found.at is None else f"Tables of version {found.at}"
    show(f"{at}, {'up to date' if found.up_to_date else f'the newest is {found.head}: run accord ledger upgrade'}.")
    for table, rows in found.rows.items():
        show(f"  {table:<12} {rows}")
