"""The state of the ledger's tables: which migration they are at, and the way up and down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from crm.errors import AccordError
from serving.ledger.database import Database
from serving.ledger.tables import MADE_BY_ITSELF, metadata

VERSIONS = "ledger_version"
"""The table that holds the number of the last migration; MLflow and others may live in the same database."""

_FOLDER = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True)
class State:
    """``at``: the last migration that was run, ``None`` before the first; ``rows`` of each table that is there."""

    place: str
    at: str | None
    head: str
    rows: Mapping[str, int]

    @property
    def up_to_date(self) -> bool:
        """Whether every migration was run."""
        return self.at == self.head


def state(database: Database) -> State:
    """Where the tables are."""
    with database.reading() as connection:
        return State(database.place, _at(connection), head(), _rows(connection))


def upgrade(database: Database) -> State:
    """Runs the migrations that were not run yet, all of them or none. Two at once: the second finds nothing to do."""
    with database.writing() as connection:
        at = _at(connection)
        if at is not None and at not in _known():
            raise AccordError(
                "The ledger was made by a newer version of Accord.",
                where=database.place,
                got=at,
                expected=f"at most {head()}",
                remedy="Upgrade Accord here.",
            )
        if at != head():
            _run(connection, "head", up=True)
    return state(database)


def downgrade(database: Database, *, erase: bool = False) -> State:
    """Takes the last migration back.

    Raises `AccordError`, and changes nothing, where a table that would go holds rows, unless ``erase``; and where there
    is nothing to take back.
    """
    with database.writing() as connection:
        if _at(connection) is None:
            raise AccordError("The ledger has no tables: there is nothing to take back.", where=database.place)
        before = _rows(connection)
        _run(connection, "-1", up=False)
        left = _rows(connection).keys() | MADE_BY_ITSELF
        lost = {table: rows for table, rows in before.items() if rows and table not in left}
        if lost and not erase:  # raising rolls the transaction back, in both databases
            raise AccordError(
                "Taking this migration back would erase what the ledger holds.",
                where=database.place,
                got=", ".join(f"{rows} {table}" for table, rows in lost.items()),
                remedy="Make a copy of the database, then add --erase.",
            )
    return state(database)


def require(database: Database) -> None:
    """Sees to it that the tables are as this version needs them.

    An SQLite file is brought up to date here: it is this project's own. A PostgreSQL database is others' too, and its
    tables may belong to another user: whoever may change them runs ``accord ledger upgrade``. Raises `AccordError`.
    """
    with database.reading() as connection:
        at = _at(connection)
    if at == head():
        return
    if database.is_file:
        upgrade(database)
        return
    raise AccordError(
        "The ledger's tables are not there yet." if at is None else "The ledger's tables are of another version.",
        where=database.place,
        got=at,
        expected=f"version {head()}",
        remedy="Run: accord ledger upgrade" if at is None or at in _known() else "Upgrade Accord here.",
    )


def head() -> str:
    """The number of the newest migration."""
    newest = _script().get_current_head()
    if newest is None:
        raise RuntimeError("the ledger's migrations are missing")
    return newest


def _known() -> set[str]:
    return {revision.revision for revision in _script().walk_revisions()}


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(_FOLDER))


def _at(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSIONS}).get_current_revision()


def _rows(connection: sa.Connection) -> dict[str, int]:
    there = set(sa.inspect(connection).get_table_names())
    count = sa.func.count()
    return {
        table.name: connection.execute(sa.select(count).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
        if table.name in there
    }


def _run(connection: sa.Connection, target: str, *, up: bool) -> None:
    """Runs migrations within the transaction that the connection is in."""
    script = _script()

    def steps(at: Any, _: MigrationContext) -> Any:
        if up:
            return script._upgrade_revs(target, at)  # noqa: SLF001 - what alembic.command.upgrade does
        return script._downgrade_revs(target, at)  # noqa: SLF001 - what alembic.command.downgrade does

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=target) as environment:
        environment.configure(
            connection=connection, target_metadata=metadata, version_table=VERSIONS, transactional_ddl=True
        )
        environment.run_migrations()
