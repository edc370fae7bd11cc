from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm.errors import UnavailableError
from serving.doors import Role
from serving.ledger import Ledger, keys, schema
from serving.ledger.database import Database, database
from serving.ledger.erasure import lead_hash
from serving.ledger.known import known_of
from serving.ledger.known_files import BARRED, STATE
from serving.ledger.roster import LedgerRoster
from serving.ledger.tables import erasures, objections, pepper

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


def gone(like: Database) -> Database:
    """A database that does not answer, at the same place."""
    return Database(sa.create_engine("postgresql+psycopg://nobody@/x?host=/nowhere", poolclass=sa.NullPool), like.place)


def secret_of(ledger: Ledger) -> str:
    with ledger.database.reading() as connection:
        return str(connection.execute(sa.select(pepper.c.secret)).scalar_one())


def kept_out(ledger: Ledger, lead_id: str, table: sa.Table = erasures) -> None:
    """What whoever erases or hears an objection writes."""
    at = "erased_at" if table is erasures else "recorded_at"
    row = {"lead_hash": lead_hash(secret_of(ledger), lead_id), at: NOW, "caller": "local"}
    with ledger.database.writing() as connection:
        connection.execute(sa.insert(table).values(row))


def looked(database: Database, folder: Path | None = None) -> LedgerRoster:
    """A roster that has looked once."""
    roster = LedgerRoster(database, folder)
    if roster._files is not None:
        roster._known = roster._files.read()
    roster.look()
    return roster


def test_before_the_first_look_nothing_is_known_and_nothing_opens(ledger: Ledger) -> None:
    _, text = keys.create(ledger.database, Role.ADMIN, "a", NOW, YEAR)
    roster = LedgerRoster(ledger.database)
    assert roster.asks is None
    assert roster.look_up(text, NOW).key is None
    with pytest.raises(UnavailableError):
        roster.barred("00Q1")
    with pytest.raises(UnavailableError):
        roster.bar("00Q1", "erased")


def test_keys_are_asked_for_from_the_first_on_even_once_it_is_revoked(ledger: Ledger) -> None:
    roster = looked(ledger.database)
    assert roster.asks is False
    key, text = keys.create(ledger.database, Role.ADMIN, "a", NOW, YEAR)
    roster.look()
    assert roster.asks is True
    assert roster.look_up(text, NOW).key == key
    keys.revoke(ledger.database, key.id, NOW)
    roster.look()
    assert roster.asks is True
    assert roster.look_up(text, NOW).closed == "revoked"


def test_leads_erased_or_objecting_are_barred_at_the_next_look(ledger: Ledger) -> None:
    roster = looked(ledger.database)
    kept_out(ledger, "gone")
    kept_out(ledger, "no", objections)
    assert roster.barred("gone") is roster.barred("no") is None
    roster.look()
    assert [roster.barred(lead) for lead in ("gone", "no", "other")] == ["erased", "objected", None]


def test_a_look_reads_only_what_has_grown(ledger: Ledger) -> None:
    kept_out(ledger, "gone")
    before = known_of(ledger.database, None)
    keys.create(ledger.database, Role.ADMIN, "a", NOW, YEAR)
    asked: list[str] = []
    sa.event.listen(ledger.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
    after = known_of(ledger.database, before)
    assert len(after.keys) == 1
    assert after.erased is before.erased
    assert not any("lead_hash" in statement for statement in asked)
    asked.clear()
    assert known_of(ledger.database, after) == after
    assert not any("digest" in statement for statement in asked)


def test_while_the_database_is_down_what_is_known_holds(ledger: Ledger) -> None:
    key, text = keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    kept_out(ledger, "gone")
    roster = looked(ledger.database)
    roster._database = gone(ledger.database)
    roster.look()
    assert roster.asks is True
    assert roster.look_up(text, NOW).key == key
    assert roster.barred("gone") == "erased"


def test_a_start_while_the_database_is_down_takes_what_is_on_disk(ledger: Ledger, tmp_path: Path) -> None:
    key, text = keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    stolen, other = keys.create(ledger.database, Role.SALES, "b", NOW, YEAR)
    keys.revoke(ledger.database, stolen.id, NOW)
    kept_out(ledger, "gone")
    looked(ledger.database, tmp_path / "spool")
    roster = LedgerRoster(gone(ledger.database), tmp_path / "spool", every=0.05)
    roster.start()
    try:
        assert roster.asks is True
        assert roster.look_up(text, NOW).key == key
        assert roster.look_up(other, NOW).closed == "revoked"
        assert roster.barred("gone") == "erased"
    finally:
        roster.stop()


def test_a_start_with_neither_knows_nothing_until_the_database_answers(ledger: Ledger, tmp_path: Path) -> None:
    _, text = keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    roster = looked(gone(ledger.database), tmp_path)
    assert roster.asks is None
    roster._database = ledger.database
    roster.look()
    assert roster.look_up(text, NOW).closed is None


def test_another_ledgers_file_is_not_taken(ledger: Ledger, tmp_path: Path) -> None:
    keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    looked(ledger.database, tmp_path)
    other = database(f"sqlite:///{tmp_path / 'other.db'}", Path())
    schema.upgrade(other)
    assert looked(gone(other), tmp_path).asks is None
    assert looked(other, tmp_path).asks is False


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"place": 1}', b"\xff", b'{"keys": []}'])
def test_a_file_that_cannot_be_read_is_as_none(ledger: Ledger, tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE).write_bytes(content)
    assert looked(gone(ledger.database), tmp_path).asks is None
    assert looked(ledger.database, tmp_path).asks is False


def test_the_files_are_their_owners_alone_and_hold_hashes_only(ledger: Ledger, tmp_path: Path) -> None:
    _, text = keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    kept_out(ledger, "ada@lovelace.example")
    folder = tmp_path / "spool"
    roster = looked(ledger.database, folder)
    roster.bar("grace@hopper.example", "objected")
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        content = path.read_text()
        for word in ("lovelace", "hopper", text.split("_", 2)[2]):
            assert word not in content
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {STATE, BARRED}


def test_a_lead_is_barred_at_once_and_by_the_other_workers_at_their_next_look(ledger: Ledger, tmp_path: Path) -> None:
    one, two = looked(ledger.database, tmp_path), looked(ledger.database, tmp_path)
    one.bar("gone", "erased")
    two.bar("no", "objected")
    assert one.barred("gone") == "erased"
    one.look()
    two.look()
    for roster in (one, two, looked(gone(ledger.database), tmp_path)):
        assert (roster.barred("gone"), roster.barred("no"), roster.barred("other")) == ("erased", "objected", None)


def test_a_lead_barred_while_the_database_is_down_stays_so_when_it_is_back(ledger: Ledger, tmp_path: Path) -> None:
    roster = looked(ledger.database, tmp_path)
    roster._database = gone(ledger.database)
    roster.bar("gone", "erased")
    roster.look()
    roster._database = ledger.database
    roster.look()
    kept_out(ledger, "other", objections)
    roster.look()
    assert (roster.barred("gone"), roster.barred("other")) == ("erased", "objected")


def test_a_line_that_was_cut_off_spoils_no_other(ledger: Ledger, tmp_path: Path) -> None:
    roster = looked(ledger.database, tmp_path)
    roster.bar("one", "erased")
    with (tmp_path / BARRED).open("ab") as file:
        file.write(b"\n0123456789abcdef erased 01234")
    roster.bar("two", "erased")
    again = looked(gone(ledger.database), tmp_path)
    assert (again.barred("one"), again.barred("two")) == ("erased", "erased")


def test_a_disk_that_takes_nothing_is_told_and_the_lead_is_barred_here(ledger: Ledger, tmp_path: Path) -> None:
    roster = looked(ledger.database, tmp_path)
    (tmp_path / BARRED).mkdir()
    with pytest.raises(UnavailableError, match="could not be kept on disk"):
        roster.bar("gone", "erased")
    assert roster.barred("gone") == "erased"


def test_a_disk_that_takes_half_a_line_is_told_too(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = looked(ledger.database, tmp_path)
    real = os.write
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", lambda fd, content: real(fd, content[:20]))
        with pytest.raises(UnavailableError, match="could not be kept on disk"):
            roster.bar("gone", "erased")
    roster.bar("gone", "erased")
    assert looked(gone(ledger.database), tmp_path).barred("gone") == "erased"


def test_a_database_put_back_from_a_copy_forgets_neither_a_revocation_nor_an_erasure(
    ledger: Ledger, tmp_path: Path
) -> None:
    if not ledger.database.is_file:
        pytest.skip("a copy of an SQLite file is a copy of a ledger; one of PostgreSQL would take its own tools")
    key, text = keys.create(ledger.database, Role.SALES, "a", NOW, YEAR)
    copy = tmp_path / "copy.db"
    _copied(Path(ledger.database.place), copy)
    keys.revoke(ledger.database, key.id, NOW)
    kept_out(ledger, "gone")
    roster = looked(ledger.database, tmp_path / "spool")
    roster._database = database(f"sqlite:///{copy}", Path())
    roster.look()
    assert roster.look_up(text, NOW).closed == "revoked"
    assert roster.barred("gone") == "erased"


def _copied(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def test_the_thread_takes_over_what_is_new(ledger: Ledger) -> None:
    told: list[str] = []
    roster = LedgerRoster(ledger.database, every=0.02, looked=told.append)
    roster.start()
    try:
        assert roster.asks is False
        keys.create(ledger.database, Role.ADMIN, "a", NOW, YEAR)
        _until(lambda: roster.asks is True)
        roster._database = gone(ledger.database)
        _until(lambda: told[-1] == "failed")
    finally:
        roster.stop()
    assert told[0] == "done"


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_is_on_disk_is_written_when_it_changes_and_only_then(ledger: Ledger, tmp_path: Path) -> None:
    roster = looked(ledger.database, tmp_path)
    first = (tmp_path / STATE).stat().st_ino, json.loads((tmp_path / STATE).read_bytes())
    roster.look()
    assert (tmp_path / STATE).stat().st_ino == first[0]
    keys.create(ledger.database, Role.ADMIN, "a", NOW, YEAR)
    roster.look()
    assert len(json.loads((tmp_path / STATE).read_bytes())["keys"]) == len(first[1]["keys"]) + 1
