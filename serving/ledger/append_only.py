"""Tables that nobody can change or empty: triggers that the database itself holds, in SQLite and in PostgreSQL.

Migrations call this, those that have run long ago too: what it makes for a table must stay as it is.
"""

from __future__ import annotations

from alembic import op

_FUNCTION = "ledger_appended_only"
_ERASABLE = "ledger_erased_only"
_SAID = "the ledger is appended only"


def prepare() -> None:
    """What all guarded tables of a database share; once, before the first `guard`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '{_SAID}: % of % is refused', TG_OP, TG_TABLE_NAME "
            "USING ERRCODE = 'restrict_violation'; END $$"
        )


def forget() -> None:
    """The opposite of `prepare`, after the last `release`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {_FUNCTION}()")


def guard(table: str, key: str) -> None:
    """Refuses UPDATE and DELETE of a table, and TRUNCATE where there is one.

    SQLite's INSERT OR REPLACE deletes without asking a trigger for DELETE, so a row with a known ``key``
    is refused too.
    In PostgreSQL the trigger fires for replicas as well; only who owns the table can take it off.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_appended_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_appended_only")
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_SAID}: {event} of {table} is refused'); END"
        )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}: REPLACE of {table} is refused'); END"
    )


def release(table: str) -> None:
    """The opposite of `guard`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_appended_only ON {table}")
        return
    for what in ("update", "delete", "replace"):
        op.execute(f"DROP TRIGGER {table}_no_{what}")


def prepare_erasable() -> None:
    """What all tables guarded by `guard_erasable` share; once, before the first, and after their table ``erasing``."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {_ERASABLE}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE let_go boolean; "
            # by its full name: a session may have a table of this name of its own
            "BEGIN IF TG_OP = 'DELETE' THEN "
            "EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.erasing)', TG_TABLE_SCHEMA) INTO let_go; "
            "IF let_go THEN RETURN NULL; END IF; END IF; "
            f"RAISE EXCEPTION '{_SAID}: % of % is refused', TG_OP, TG_TABLE_NAME "
            "USING ERRCODE = 'restrict_violation'; END $$"
        )


def forget_erasable() -> None:
    """The opposite of `prepare_erasable`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {_ERASABLE}()")


def guard_erasable(table: str, *keys: str) -> None:
    """As `guard`, but rows may be deleted in a transaction that has put a row into ``erasing``, and takes it out again.

    ``keys`` are the columns of the primary key. A row whose key is there already is left as it is, whatever statement
    brings it: SQLite's INSERT OR REPLACE would delete without asking a trigger for DELETE.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_appended_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_ERASABLE}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_appended_only")
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}: UPDATE of {table} is refused'); END"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS (SELECT 1 FROM erasing) "
        f"BEGIN SELECT RAISE(ABORT, '{_SAID}: DELETE of {table} is refused'); END"
    )
    same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(IGNORE); END"
    )
