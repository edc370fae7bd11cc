"""``accord keys``: who may ask the service for what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from accord.console import emit, say, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption

if TYPE_CHECKING:
    from datetime import datetime

    from serving.ledger.database import Database
    from serving.ledger.keys import Key

keys = typer.Typer(name="keys", help="Who may ask the service for what.", no_args_is_help=True)


@keys.command()
@guarded
def create(
    role: Annotated[Literal["marketing", "sales", "data", "admin"], typer.Option("--role", help="What it opens.")],
    name: Annotated[str, typer.Option("--name", help="What it is for, such as HubSpot.")],
    project: ProjectOption = HERE,
    days: Annotated[
        int, typer.Option("--expires-in-days", min=1, max=3650, help="Days until it opens nothing any more.")
    ] = 365,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make a key and print it, this once: nobody can show it again."""
    from datetime import UTC, datetime, timedelta

    from accord.exits import MisuseError
    from crm.errors import AccordError
    from serving.doors import Role
    from serving.ledger.keys import checked_name, listed
    from serving.ledger.keys import create as made

    try:
        plain = checked_name(name)
    except AccordError as wrong:
        raise MisuseError(wrong.message, got=wrong.got, expected=wrong.expected, remedy=wrong.remedy) from None
    database = _database(project)
    first = not listed(database)
    now = datetime.now(UTC)
    key, text = made(database, Role(role), plain, now, timedelta(days=days))
    if as_json:
        emit({"key": text, **_told(key, now)})
    else:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    say(f"Key {key.id} for {key.role} ({key.name}), until {_day(key.expires_at)}. It is shown this once.")
    if first:
        say("It is the first key: within seconds the service asks everybody for one, on this machine too.")


@keys.command("list")
@guarded
def list_(project: ProjectOption = HERE, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show every key ever made: id, name, role, since when, until when, and whether it was revoked."""
    from datetime import UTC, datetime

    from rich.markup import escape
    from rich.table import Column, Table

    from serving.ledger.keys import listed

    now = datetime.now(UTC)
    found = [_told(key, now) for key in listed(_database(project))]
    if as_json:
        emit({"keys": found})
        return
    if not found:
        show("No key was ever made: the service is open to its own machine, and to nobody else.")
        return
    whole = [Column(name, no_wrap=True) for name in ("id", "name")]
    table = Table(*whole, "role", "created", "expires", "revoked", "state", box=None, pad_edge=False)
    for key in found:
        days = (_day(key[column]) for column in ("created_at", "expires_at", "revoked_at"))
        table.add_row(key["id"], escape(key["name"]), key["role"], *days, key["state"])
    show(table)


@keys.command()
@guarded
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the key, as `accord keys list` shows it.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Revoke a key for good: services refuse it within seconds."""
    from datetime import UTC, datetime

    from serving.ledger.keys import revoke as revoked

    now = datetime.now(UTC)
    key, new = revoked(_database(project), key_id, now)
    if as_json:
        emit({**_told(key, now), "new": new})
        return
    said = "is revoked" if new else f"was revoked already, on {_day(key.revoked_at)}"
    show(f"Key {key.id} of {key.role} ({key.name}) {said}.".replace("[", r"\["))


def _database(project: Path) -> Database:
    from accord.agreement import ledger_of
    from accord.project import open_project

    return ledger_of(open_project(project)).database


def _told(key: Key, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": str(key.role),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "state": key.closed(now) or "valid",
    }


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%d %B %Y}"
