from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from crm.errors import AccordError, UnavailableError
from serving.ledger import Ledger, schema
from serving.ledger.database import Database
from serving.ledger.tables import metadata
from tests.serving.ledger.test_ledger import signed
from tests.sheets import sheet

ROOT = Path(__file__).parents[3]


def tables(of: Database) -> set[str]:
    with of.reading() as connection:
        return set(sa.inspect(connection).get_table_names())


def triggers(of: Database) -> int:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
    if not of.is_file:
        query = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
    with of.reading() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def test_migrations_go_up_down_and_up_again(empty: Database) -> None:
    assert schema.state(empty).at is None
    assert schema.upgrade(empty).up_to_date
    made = (tables(empty), triggers(empty))
    assert made[0] == {*metadata.tables, schema.VERSIONS}
    assert schema.downgrade(empty).at == "0001"
    assert tables(empty) == {"sheets", "signatures", schema.VERSIONS}
    assert schema.downgrade(empty).at is None
    assert (tables(empty), triggers(empty)) == ({schema.VERSIONS}, 0)
    assert schema.upgrade(empty).at == schema.head()
    assert (tables(empty), triggers(empty)) == made
    assert schema.upgrade(empty).up_to_date


def test_the_migrated_tables_are_those_that_the_code_declares(empty: Database) -> None:
    schema.upgrade(empty)
    with empty.reading() as connection:
        options = {"version_table": schema.VERSIONS, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            checks = {check["name"] for check in inspector.get_check_constraints(table.name)}
            assert checks == {str(c.name) for c in table.constraints if isinstance(c, sa.CheckConstraint)}


def test_what_was_signed_is_not_erased_by_a_migration_taken_back(empty: Database) -> None:
    schema.upgrade(empty)
    ledger = Ledger(empty)
    signed(ledger, sheet(), "sales")
    assert schema.downgrade(empty).at == "0001"
    with pytest.raises(AccordError, match=r"1 sheets, 1 signatures") as refused:
        schema.downgrade(empty)
    assert "--erase" in str(refused.value)
    assert len(ledger.signatures()) == 1
    assert triggers(empty) > 0
    assert schema.downgrade(empty, erase=True).rows == {}


def test_nothing_can_be_taken_back_from_an_empty_database(empty: Database) -> None:
    with pytest.raises(AccordError, match="nothing to take back"):
        schema.downgrade(empty)


def test_a_migration_that_fails_changes_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(table: str, key: str) -> None:
        raise RuntimeError(table)

    with monkeypatch.context() as patched:
        patched.setattr("serving.ledger.append_only.guard", broken)
        with pytest.raises(RuntimeError):
            schema.upgrade(empty)
    assert tables(empty) == set()
    assert schema.upgrade(empty).up_to_date


def test_an_sqlite_file_is_made_at_first_use_and_postgresql_asks_for_it(url: str, empty: Database) -> None:
    if empty.is_file:
        assert Ledger.open(url, Path()).signatures() == ()
        return
    with pytest.raises(AccordError, match="accord ledger upgrade"):
        Ledger.open(url, Path())
    assert tables(empty) == set()


def test_a_ledger_of_a_newer_accord_is_left_alone(url: str, empty: Database) -> None:
    schema.upgrade(empty)
    with empty.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSIONS} SET version_num = '9999'")
    with pytest.raises(AccordError, match="Upgrade Accord here"):
        Ledger.open(url, Path())
    with pytest.raises(AccordError, match="newer version"):
        schema.upgrade(empty)


FIRST = """
import sys, time
from pathlib import Path
from serving.ledger import Ledger
url, folder, mine = sys.argv[1:]
from serving.ledger import schema
from serving.ledger.database import database
(Path(folder) / mine).touch()
until = time.monotonic() + 120
while not (Path(folder) / "go").exists() and time.monotonic() < until:
    time.sleep(0.001)
schema.upgrade(database(url, Path()))
Ledger.open(url, Path())
"""


def test_two_processes_may_make_the_tables_at_once(url: str, empty: Database, tmp_path: Path) -> None:
    makers = [
        subprocess.Popen([sys.executable, "-c", FIRST, url, str(tmp_path), name], cwd=ROOT) for name in ("a", "b")
    ]
    while not all((tmp_path / name).exists() for name in ("a", "b")):
        assert all(maker.poll() is None for maker in makers)
    (tmp_path / "go").touch()
    assert [maker.wait(timeout=60) for maker in makers] == [0, 0]
    assert schema.state(empty).up_to_date


def test_sqlite_keeps_a_log_ahead_and_foreign_keys(tmp_path: Path) -> None:
    ledger = Ledger.open("sqlite:///ledger.db", tmp_path)
    with ledger.database.reading() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert told == ["wal", 1, 30_000]
    assert (tmp_path / "ledger.db").is_file()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anne:s3cret@127.0.0.1:9/ledger",
        "postgres://anne:s3cret@127.0.0.1:9/ledger",
        "postgresql+psycopg://127.0.0.1:9/ledger?user=anne&password=s3cret",
    ],
)
def test_a_database_that_is_down_is_told_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not answer") as down:
        Ledger.open(url, tmp_path)
    said = f"{down.value} {down.value.as_dict()} {down.value.__cause__} {down.value.where}"
    assert "s3cret" not in said
    assert "127.0.0.1:9/ledger" in said


@pytest.mark.parametrize("url", ["mysql://a:s3cret@h/d", "no address s3cret", "sqlite://", "postgresql://h:s3cret/d"])
def test_what_is_no_ledger_is_told_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="no database for the ledger") as refused:
        Ledger.open(url, tmp_path)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("name,role\n" * 100)
    with pytest.raises(AccordError, match="not a database"):
        Ledger.open("sqlite:///ledger.db", tmp_path)


def test_a_user_who_may_only_add_and_read_can_sign(url: str, empty: Database) -> None:
    if empty.is_file:
        pytest.skip("SQLite has no users")
    schema.upgrade(empty)
    with empty.writing() as connection:
        for statement in (
            f'CREATE ROLE "{(name := f"signer_{os.getpid()}")}" LOGIN',
            f'GRANT SELECT, INSERT ON sheets, signatures TO "{name}"',
            f'GRANT SELECT ON {schema.VERSIONS} TO "{name}"',
            f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{name}"',
        ):
            connection.exec_driver_sql(statement)
    own = Ledger.open(url.replace("postgres@", f"{name}@"), Path())
    signed(own, sheet(), "sales")
    assert len(own.signatures()) == 1
    with pytest.raises(AccordError, match="permission denied"), own.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM signatures")
    with empty.writing() as connection:
        connection.exec_driver_sql(f'DROP OWNED BY "{name}"')
        connection.exec_driver_sql(f'DROP ROLE "{name}"')


def test_an_sqlite_ledger_is_one_plain_file_for_others(tmp_path: Path) -> None:
    signed(Ledger.open("sqlite:///ledger.db", tmp_path), sheet(), "sales")
    with sqlite3.connect(tmp_path / "ledger.db") as plain:
        assert plain.execute("SELECT role, signed_at FROM signatures").fetchall() == [
            ("sales", "2026-07-10 12:00:00.000000")
        ]
    plain.close()
