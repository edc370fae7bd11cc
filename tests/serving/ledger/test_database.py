"""What the ledger asks of either database: one state for a reader, turns for writers, rows that nobody changes."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm.errors import AccordError, UnavailableError
from serving.ledger import Ledger, database, schema
from serving.ledger.database import Database
from serving.ledger.tables import MADE_BY_ITSELF, metadata, pepper, standings
from tests import postgres
from tests.serving.ledger.rows import AT, kept, report, score
from tests.sheets import day, sheet

KEY = {"id": "k", "name": "n", "role": "data", "digest": "d" * 64, "created_at": AT}
ROWS: dict[str, dict[str, Any]] = {
    "scores": score(),
    "feedback": report(),
    "deliveries": {"caller": "k", "idempotency_key": "1", "digest": "d", "received_at": AT, "status": 200, "reply": ""},
    "checks": {"checked_at": AT, "document": "{}"},
    "keys": KEY,
    "revocations": {"key_id": "k", "revoked_at": AT},
    "objections": {"lead_hash": "a" * 64, "recorded_at": AT, "caller": "k"},
    "erasures": {"lead_hash": "a" * 64, "erased_at": AT, "caller": "k"},
}


def put(place: Database, table: str, row: dict[str, Any]) -> None:
    with place.writing() as connection:
        connection.execute(sa.insert(metadata.tables[table]).values(row))


def test_every_table_that_holds_what_somebody_wrote_is_tried() -> None:
    tried = {*ROWS, "sheets", "signatures"}  # those two in test_ledger
    assert tried == metadata.tables.keys() - MADE_BY_ITSELF


@pytest.mark.parametrize("table", [*ROWS, pepper.name])
def test_no_row_is_changed_deleted_or_replaced(ledger: Ledger, table: str) -> None:
    place, own = ledger.database, next(iter(metadata.tables[table].primary_key)).name
    for name in ("keys", table) if table == "revocations" else [table] if table in ROWS else []:
        put(place, name, ROWS[name])
    before = kept(place, table)
    assert len(before) == 1
    for change in (f"UPDATE {table} SET {own} = {own}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        if change.startswith("TRUNCATE") and place.is_file:
            continue
        with pytest.raises(AccordError, match="appended only"), place.writing() as connection:
            connection.exec_driver_sql(change)
    if place.is_file:
        with suppress(AccordError), place.writing() as connection:  # some refuse it, some leave what is there
            connection.exec_driver_sql(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    assert kept(place, table) == before


def test_nobody_opens_a_table_with_one_of_their_own(postgresql: str, tmp_path: Path) -> None:
    with postgres.fresh(postgresql, "own_table") as address:
        place = database.database(address, tmp_path)
        schema.upgrade(place)
        put(place, "scores", ROWS["scores"])
        own = "CREATE TEMP TABLE erasing AS SELECT 'mine' AS why"
        with pytest.raises(AccordError, match="appended only"), place.writing() as connection:
            connection.exec_driver_sql(f"{own}; DELETE FROM scores")
        assert len(kept(place)) == 1


def test_a_reader_sees_one_state_whatever_is_written_meanwhile(ledger: Ledger) -> None:
    count = sa.select(sa.func.count()).select_from(standings)
    with ledger.database.reading() as connection:
        assert connection.scalar(count) == 0
        put(ledger.database, "standings", {"lead_id": "l1"})
        assert connection.scalar(count) == 0
    with ledger.database.reading() as connection:
        assert connection.scalar(count) == 1


def test_a_writer_sees_what_those_before_it_wrote_whatever_a_server_has_for_its_default(
    postgresql: str, tmp_path: Path
) -> None:
    with postgres.fresh(postgresql, "strict") as address:
        ledger = Ledger(database.database(address, tmp_path))
        schema.upgrade(ledger.database)
        with ledger.database.writing() as connection:
            connection.exec_driver_sql("ALTER DATABASE strict SET default_transaction_isolation = 'repeatable read'")
        other = threading.Thread(target=ledger.put, args=(sheet(), day(2)))
        with ledger.database.writing() as connection:
            other.start()
            waits = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not connection.scalar(waits):
                pass
            row = {"hash": sheet().hash, "definition_name": "n", "definition_version": "v", "created_at": day(1)}
            connection.execute(sa.insert(metadata.tables["sheets"]).values(document="{}", **row))
        other.join()
        with ledger.database.writing() as connection:  # had it failed, the thread would have said so as a warning
            assert connection.scalar(sa.select(metadata.tables["sheets"].c.definition_name)) == "n"


def test_a_pool_without_a_free_connection_is_a_ledger_that_does_not_answer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05})
    place = database.database(url, Path(), pooled=True)
    with place.reading(), pytest.raises(UnavailableError), place.reading():
        pass
    place.engine.dispose()
