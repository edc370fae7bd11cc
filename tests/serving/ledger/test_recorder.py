"""From the spool to the database: each row once, in spite of whatever happens on the way. SQLite and PostgreSQL."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from serving.ledger import aside, schema
from serving.ledger.database import Database, database
from serving.ledger.erasure import erase, lead_hash
from serving.ledger.tables import pepper
from tests import postgres
from tests.serving.ledger.rows import AT, Counted, kept, recorder, report, score

WRITER = """
import sys, pathlib
from tests.serving.ledger.rows import recorder, score
from serving.ledger.database import database
own = recorder(pathlib.Path(sys.argv[1]), database(sys.argv[2], pathlib.Path(), pooled=True))
own.start()
number = 0
while True:
    number += 1
    lead = f"{sys.argv[3]}-{number}"
    assert own.write("scores", [score(lead, id=f"{sys.argv[3]}{number:030x}")])
    print(lead, flush=True)
"""


@pytest.fixture
def place(empty: Database, url: str) -> Iterator[Database]:
    """An up to date database, with kept connections as the service has them."""
    schema.upgrade(empty)
    found = database(url, Path(), pooled=True)
    yield found
    found.engine.dispose()


def without_keys(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["id"]))


def test_rows_are_in_the_database_as_they_were_written(place: Database, tmp_path: Path) -> None:
    counted = Counted()
    ours = recorder(tmp_path, place, counted)
    given = [score(f"l{i}", p_accept=None if i % 2 else 0.5, explored=i % 3 == 0) for i in range(1_200)]
    said = report(amount=12.5, reason="no_budget", actor="Zoë", comment="a\nb")
    assert ours.write("scores", given)
    assert ours.write("feedback", [said], sure=True)
    assert ours.backlog == 1_201
    assert ours.turn()
    assert without_keys(kept(place)) == without_keys(given)
    (found,) = kept(place, "feedback")
    assert said.items() <= found.items()
    assert (ours.backlog, counted.rows) == (0, {"scores": 1_200, "feedback": 1})
    assert not list((tmp_path / "spool").glob("*.segment")), "nothing personal is left behind"


def test_a_segment_that_is_delivered_twice_is_there_once(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    ours.write("scores", [score(f"l{i}") for i in range(700)])
    ours.write("objections", [{"lead_hash": "a" * 64, "recorded_at": AT, "caller": "k"}])
    ours.write(
        "deliveries",
        [{"caller": "k", "idempotency_key": "1", "digest": "d", "received_at": AT, "status": 200, "reply": "{}"}],
    )
    ours._spool.close()
    (path,) = (tmp_path / "spool").glob("*.segment")
    shutil.copy(path, tmp_path / "again")
    assert ours.turn()
    first = [kept(place, table) for table in ("scores", "objections", "deliveries", "standings")]
    shutil.copy(tmp_path / "again", path)  # as if we had been killed between the two
    assert ours.turn()
    assert [kept(place, table) for table in ("scores", "objections", "deliveries", "standings")] == first
    assert aside.read(tmp_path / "spool") == []


def test_while_the_database_is_down_rows_are_kept_and_it_is_told_once(tmp_path: Path) -> None:
    missing = tmp_path / "disk"
    counted = Counted()
    ours = recorder(tmp_path, f"sqlite:///{missing / 'ledger.db'}", counted)
    with capture_logs() as logs:
        for number in range(5):
            assert ours.write("scores", [score(f"l{number}")])
            assert not ours.turn()
        assert (ours.up, ours.backlog) == (False, 5)
        missing.mkdir()
        assert ours.turn()
    assert [line["event"] for line in logs] == ["ledger_down", "ledger_up"]
    assert (ours.up, ours.backlog, counted.rows) == (True, 0, {"scores": 5})


def test_tables_that_are_not_there_keep_rows_and_set_none_aside(postgresql: str, tmp_path: Path) -> None:
    with postgres.fresh(postgresql, "not_migrated") as address:
        place = database(address, tmp_path, pooled=True)
        ours = recorder(tmp_path, place)
        ours.write("scores", [score()])
        assert not ours.turn()
        schema.upgrade(place)
        assert ours.turn()
        assert len(kept(place)) == 1
        schema.downgrade(place, erase=True)  # taken away while it runs
        ours.write("scores", [score()])
        assert not ours.turn()
        assert (ours.backlog, aside.read(tmp_path / "spool")) == (1, [])
        schema.upgrade(place)
        assert ours.turn()
        assert len(kept(place)) == 1
        place.engine.dispose()


def test_a_user_with_the_documented_rights_and_no_more_can_record(postgresql: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text()
    grants = [line.rstrip(";") for line in page.splitlines() if line.startswith("GRANT ")]
    with postgres.fresh(postgresql, "rights") as address:
        owner = database(address, tmp_path)
        schema.upgrade(owner)
        with owner.writing() as connection:
            connection.exec_driver_sql("CREATE ROLE accord LOGIN")
        place = database(address.replace("postgres@", "accord@"), tmp_path, pooled=True)
        counted = Counted()
        ours = recorder(tmp_path, place, counted, outcome=lambda _: None)
        ours.write("scores", [score()])
        ours.write("feedback", [report()])
        assert not ours.turn(), "rights that are missing are no fault of the rows"
        assert ours.backlog == 2
        with owner.writing() as connection:
            for grant in grants:
                connection.exec_driver_sql(grant)
        assert ours.turn()
        assert counted.rows == {"scores": 1, "feedback": 1}
        place.engine.dispose()
        with owner.writing() as connection:
            connection.exec_driver_sql("DROP OWNED BY accord")
            connection.exec_driver_sql("DROP ROLE accord")


def test_a_locked_file_delays_rows_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.ledger.database.BUSY_SECONDS", 0.05)
    place = database(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, pooled=True)
    schema.upgrade(place)
    ours = recorder(tmp_path, place)
    ours.write("scores", [score()])
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not ours.turn()
    other.execute("ROLLBACK")
    other.close()
    assert ours.turn()
    assert len(kept(place)) == 1


def test_a_file_that_was_replaced_is_not_written_to(tmp_path: Path) -> None:
    ours = recorder(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    ours.write("scores", [score("before")])
    assert ours.turn()
    for path in tmp_path.glob("ledger.db*"):
        path.rename(tmp_path / f"moved-{path.name}")
    ours.write("scores", [score("after")])
    ours.turn()
    assert ours.turn()
    place = database(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    assert [row["lead_id"] for row in kept(place)] == ["after"]


def test_a_server_that_is_restarted_loses_nothing(tmp_path: Path) -> None:
    with postgres.restartable() as running:
        place = database(running.address, tmp_path, pooled=True)
        schema.upgrade(place)
        ours = recorder(tmp_path, place)
        ours.write("scores", [score(f"before{i}") for i in range(10)])
        assert ours.turn()
        running.stop()
        ours.write("scores", [score(f"while{i}") for i in range(10)])
        assert not ours.turn()
        running.start()
        ours.write("scores", [score(f"after{i}") for i in range(10)])
        assert ours.turn()
        assert len(kept(place)) == 30
        place.engine.dispose()


def test_a_row_the_database_will_never_take_holds_up_no_other(place: Database, tmp_path: Path) -> None:
    counted = Counted()
    ours = recorder(tmp_path, place, counted)
    given = [score(f"l{i}") for i in range(50)]
    given[17]["grade"] = None
    given[40]["nonsense"] = 1
    ours.write("scores", given)
    ours.write("no_such_table", [{"a": 1}])
    ours.write("feedback", [report(outcome="maybe"), report()])
    with capture_logs() as logs:
        assert ours.turn()
    assert (len(kept(place)), len(kept(place, "feedback")), ours.backlog) == (48, 1, 0)
    assert counted.rows["refused"] == 4
    told = aside.read(tmp_path / "spool")
    assert len(told) == 4
    assert "l17" in told[0].line
    assert all(row.reason.startswith("refused: ") for row in told)
    assert "l17" not in str(logs), "nothing of a lead in the log"


def test_a_row_of_wrong_values_holds_up_no_other(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    ours.write("scores", [score("good"), score(grade={"a": 1}), score(lead_id=7), score(score=True), score("too")])
    ours.write("erasures", [{"lead_id": 7, "erased_at": AT, "caller": "k"}])
    assert ours.turn()
    assert sorted(row["lead_id"] for row in kept(place)) == ["good", "too"]
    assert len(aside.read(tmp_path / "spool")) == 4


def test_a_refused_row_without_a_disk_to_be_set_aside_on_waits_and_holds_up_no_other(
    place: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = recorder(tmp_path, place)
    ours.write("scores", [score("refused", grade=None)])
    ours._spool.roll()
    ours.write("scores", [score("good")])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk, capture_logs() as logs:
        disk.setattr(aside, "write_whole", full)
        assert ours.turn()
        assert ours.turn()
    assert [row["lead_id"] for row in kept(place)] == ["good"]
    assert ours.backlog == 1
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["spool_segment_stuck"], "told once"
    assert ours.turn()
    assert (len(aside.read(tmp_path / "spool")), ours.backlog) == (1, 0)


def test_waiting_for_what_was_written_does_not_wait_for_what_comes_after(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.001):
            ours.write("scores", [score("later")])

    writing = threading.Thread(target=write)
    ours.write("scores", [score("before")])
    writing.start()
    ours.start()
    try:
        assert ours.flush(10)
        assert "before" in {row["lead_id"] for row in kept(place)}
    finally:
        stop.set()
        writing.join()
        ours.stop()


def test_what_tables_of_another_version_refuse_is_kept(postgresql: str, tmp_path: Path) -> None:
    with postgres.fresh(postgresql, "another_version") as address:
        place = database(address, tmp_path, pooled=True)
        schema.upgrade(place)
        ours = recorder(tmp_path, place)
        assert ours.turn()
        with place.writing() as connection:
            connection.exec_driver_sql(f"UPDATE {schema.VERSIONS} SET version_num = '0001'")
        ours.write("feedback", [report(outcome="a new outcome")])
        assert not ours.turn()
        assert (ours.backlog, aside.read(tmp_path / "spool")) == (1, [])
        place.engine.dispose()


def test_values_that_only_postgresql_refuses_are_set_aside_too(postgresql: str, tmp_path: Path) -> None:
    with postgres.fresh(postgresql, "refused") as address:
        place = database(address, tmp_path, pooled=True)
        schema.upgrade(place)
        ours = recorder(tmp_path, place)
        unpressable = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(5_000))
        ours.write("scores", [score("a\0b"), score(unpressable), score("fine")])
        assert ours.turn()
        assert [row["lead_id"] for row in kept(place)] == ["fine"]
        assert len(aside.read(tmp_path / "spool")) == 2
        place.engine.dispose()


def test_a_torn_last_line_is_set_aside_and_the_rest_delivered(place: Database, tmp_path: Path) -> None:
    counted = Counted()
    ours = recorder(tmp_path, place, counted)
    ours.write("scores", [score("whole"), score("torn")])
    ours._spool.close()
    (path,) = (tmp_path / "spool").glob("*.segment")
    os.truncate(path, path.stat().st_size - 9)
    assert ours.turn()
    assert [row["lead_id"] for row in kept(place)] == ["whole"]
    assert counted.rows["damaged"] == 1
    assert [row.reason for row in aside.read(tmp_path / "spool")] == ["damaged: its checksum is wrong"]


def test_rows_of_an_erased_lead_are_never_delivered(place: Database, tmp_path: Path) -> None:
    with place.reading() as connection:
        secret = connection.scalars(sa.select(pepper.c.secret)).one()
    ours = recorder(tmp_path, place)
    ours.write("scores", [score("gone", grade=None)])
    assert ours.turn()
    assert len(aside.read(tmp_path / "spool")) == 1
    erasure = {"lead_hash": lead_hash(secret, "gone"), "erased_at": AT, "caller": "k", "lead_id": "gone"}
    ours.write("erasures", [erasure])
    ours.write("scores", [score("gone"), score("stays")])
    ours.write("feedback", [report("gone"), report("stays")])
    assert ours.turn()
    ours.write("erasures", [erasure])
    ours.write("scores", [score("gone")])
    assert ours.turn()
    for table in ("scores", "feedback"):
        assert [row["lead_id"] for row in kept(place, table)] == ["stays"]
    assert [row["lead_id"] for row in kept(place, "standings")] == ["stays"]
    assert aside.read(tmp_path / "spool") == [], "out of what was set aside, too"
    assert b"gone" not in b"".join(path.read_bytes() for path in (tmp_path / "spool").rglob("*") if path.is_file())


def test_a_torn_line_of_a_lead_erased_before_is_not_set_aside(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    ours.write("scores", [score("gone")])
    ours._spool.close()
    (path,) = (tmp_path / "spool").glob("*.segment")
    os.truncate(path, path.stat().st_size - 9)
    with place.writing() as connection:
        erase(connection, "gone", AT, "k")
    assert ours.turn()
    assert (ours.backlog, aside.read(tmp_path / "spool")) == (0, [])


def test_a_file_of_rows_set_aside_that_was_spoiled_stops_nothing(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    ours.write("scores", [score("gone", grade=None), score("other", grade=None)])
    assert ours.turn()
    path = tmp_path / "spool" / aside.FOLDER / aside.FILE
    first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\xff\n[]\n" + second + b"\n" + first[:-9])  # cut in its middle
    ours.write("scores", [score("third", grade=None)])
    ours.write("erasures", [{"erased_at": AT, "caller": "k", "lead_id": "gone"}])
    assert ours.turn()
    assert ours.backlog == 0
    assert b"gone" not in path.read_bytes()
    left = [row.line for row in aside.read(tmp_path / "spool")]
    assert len(left) == 4
    assert "other" in left[2]
    assert "third" in left[3]


def test_rows_set_aside_are_not_lost_where_the_disk_is_full_while_one_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        aside.put(tmp_path, aside.Aside("refused", f"row {number}"))
    before = aside.read(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(aside, "write_whole", full)
        with pytest.raises(OSError, match="No space"):
            aside.forget(tmp_path, lambda row: row.line == "row 1")
    assert aside.read(tmp_path) == before
    assert aside.forget(tmp_path, lambda row: row.line == "row 1") == 1
    assert [row.line for row in aside.read(tmp_path)] == ["row 0", "row 2"]


def test_what_the_disk_does_not_take_is_delivered_from_memory(place: Database, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("no folder can be here")
    ours = recorder(tmp_path, place)
    assert not ours.write("scores", [score(f"l{i}") for i in range(3)])
    assert ours.turn()
    assert len(kept(place)) == 3


def test_several_recorders_on_one_spool_deliver_each_row_once(place: Database, tmp_path: Path) -> None:
    counted = Counted()
    ours = [recorder(tmp_path, place, counted, segment_bytes=5_000) for _ in range(3)]
    for each in ours:
        each.start()

    def write(number: int) -> None:
        for turn in range(40):
            ours[number].write("scores", [score(f"{number}-{turn}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ours[0].flush(30)
    for each in ours:
        each.stop()
    assert sorted(row["lead_id"] for row in kept(place)) == sorted(f"{n}-{t}" for n in range(3) for t in range(40))


def test_what_went_from_memory_to_disk_is_waited_for_too(place: Database, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.write_text("no folder can be here")
    ours = recorder(tmp_path, place)
    assert not ours.write("scores", [score()])
    folder.unlink()

    def deliver() -> None:
        time.sleep(0.6)  # by then the disk is tried again
        ours.write("scores", [score("since")])
        time.sleep(0.1)
        ours.turn()

    delivering = threading.Thread(target=deliver)
    delivering.start()
    assert ours.flush(10.0)
    assert len(kept(place)) == 2
    delivering.join()


def test_a_process_killed_under_load_loses_no_row_it_had_answered(place: Database, tmp_path: Path) -> None:
    address = place.engine.url.render_as_string(hide_password=False)
    answered: list[str] = []
    for turn in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path), address, "ab"[turn]]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert writer.stdout
        until = time.monotonic() + 60
        told = [writer.stdout.readline() for _ in range(150)]
        assert time.monotonic() < until
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.read().splitlines(keepends=True)
        writer.wait()
        writer.stdout.close()
        answered += [line.decode().strip() for line in told if line.endswith(b"\n")]
    ours = recorder(tmp_path, place)
    assert ours.turn()
    there = [row["lead_id"] for row in kept(place)]
    assert len(there) == len(set(there))
    assert set(answered) <= set(there)
    assert len(there) - len(answered) <= 2, "at most the row each was at when it was killed"


def test_stopping_delivers_what_there_is(place: Database, tmp_path: Path) -> None:
    ours = recorder(tmp_path, place)
    ours.start()
    assert ours.flush(10)
    ours.write("scores", [score()])
    ours.stop()
    assert len(kept(place)) == 1


def test_a_value_that_has_no_json_form_is_lost_aloud_and_raises_nothing(place: Database, tmp_path: Path) -> None:
    counted = Counted()
    ours = recorder(tmp_path, place, counted)
    assert not ours.write("scores", [score(about=None, grade=object())])
    assert counted.rows == {"lost": 1}
