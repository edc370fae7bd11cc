"""Rows on disk: what was written survives, what is torn is told, what does not fit waits, what is lost is counted."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from serving.ledger import segments
from serving.ledger.lines import DamagedLineError, decode, encode
from serving.ledger.spool import Spool
from tests.serving.ledger.rows import score

WRITER = """
import sys, os, pathlib
from serving.ledger.spool import Spool
spool = Spool(pathlib.Path(sys.argv[1]))
spool.write([b"one\\n", b"two\\n"])
print("written", flush=True)
sys.stdin.read()
"""


def lines(spool: Spool) -> list[bytes]:
    """All that can be delivered now."""
    found = []
    for claimed in spool.claims():
        found += list(claimed.lines())
        claimed.release()
    return found


def full_disk(monkeypatch: pytest.MonkeyPatch, takes: int = 0) -> None:
    """From now on the disk takes so many bytes of each write."""
    real = os.write

    def write(fd: int, data: bytes) -> int:
        if takes == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data[:takes])

    monkeypatch.setattr(segments.os, "write", write)


def test_a_row_comes_back_from_its_line_as_it_was() -> None:
    row = score("l\u00e9a \u2028 \U0001f600", about={"name": "Zoë\n"})
    line = encode("scores", row)
    assert line.count(b"\n") == 1
    assert decode(line) == ("scores", row)


def test_a_line_that_was_changed_or_cut_is_never_read() -> None:
    line = encode("scores", score())
    for at in range(0, len(line), 7):
        with pytest.raises(DamagedLineError):
            decode(line[:at])
        with pytest.raises(DamagedLineError):
            decode(line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :])


@pytest.mark.parametrize(
    "wrong", [{"grade": {"a": 1}}, {"score": "87"}, {"score": True}, {"given_at": 5}, {"lead_id": 7}]
)
def test_a_value_of_another_kind_than_its_column_is_no_row(wrong: dict[str, object]) -> None:
    with pytest.raises(DamagedLineError):
        decode(encode("scores", score() | wrong))
    with pytest.raises(DamagedLineError):
        decode(encode("erasures", {"lead_id": 7}))


def test_what_was_written_survives_kill_9_and_is_adopted_only_then(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout
    assert writer.stdin
    assert writer.stdout.readline() == b"written\n"
    ours = Spool(tmp_path)
    assert lines(ours) == [], "its writer lives"
    assert ours.backlog() == 2
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()
    assert lines(ours) == [b"one\n", b"two\n"]


def test_what_this_process_writes_can_be_delivered_once_it_lets_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.write([b"one\n"])
    assert lines(spool) == []
    spool.roll()
    assert spool.write([b"two\n"])
    assert lines(spool) == [b"one\n"]
    spool.close()
    assert lines(spool) == [b"one\n", b"two\n"]


def test_two_never_hold_one_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write([b"one\n"])
    spool.roll()
    (held,) = spool.claims()
    assert list(Spool(tmp_path).claims()) == []
    held.remove()
    assert list(Spool(tmp_path).claims()) == []
    assert spool.backlog() == 0


def test_segments_sort_as_they_were_written_also_when_the_clock_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    times = iter([now, now - 10**12, now - 10**9, now + 5])
    monkeypatch.setattr(segments.time, "time_ns", lambda: next(times))
    spool = Spool(tmp_path)
    for number in range(4):
        spool.write([b"%d\n" % number])
        spool.roll()
    assert lines(spool) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_large_segments_are_closed_so_that_an_outage_leaves_many(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=100)
    for _ in range(10):
        spool.write([b"x" * 39 + b"\n"])
    assert len(list(tmp_path.glob("*.segment"))) == 4
    assert spool.backlog() == 10


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.write([b"one\n"])
    (path,) = (tmp_path / "spool").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_full_disk_keeps_rows_in_memory_and_in_order(tmp_path: Path) -> None:
    lost: list[int] = []
    spool = Spool(tmp_path, lost=lost.append, retry=0.0)
    assert spool.write([b"one\n"])
    with pytest.MonkeyPatch.context() as disk, capture_logs() as logs:
        full_disk(disk, takes=3)
        assert not spool.write([b"two\n"])
        assert not spool.write([b"three\n"])
        assert (spool.in_memory, spool.backlog()) == (2, 3)
    assert [line["event"] for line in logs] == ["spool_takes_nothing"], "told once"
    assert spool.write([b"four\n"])
    spool.roll()
    assert lines(spool) == [b"one\n", b"two\n", b"three\n", b"four\n"], "nothing half, nothing twice"
    assert lost == []


def test_much_that_waits_is_written_in_few_pieces(tmp_path: Path) -> None:
    spool = Spool(tmp_path, retry=0.0)
    given = [b"%05d %s\n" % (number, b"x" * 1_000) for number in range(1_000)]
    with pytest.MonkeyPatch.context() as disk:
        full_disk(disk)
        for line in given:
            spool.write([line])
    assert spool.in_memory == 1_000
    writes: list[int] = []
    real = os.write
    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(segments.os, "write", lambda fd, data: (writes.append(len(data)), real(fd, data))[1])
        assert spool.retry()
    assert len(writes) < 10
    spool.roll()
    assert lines(spool) == given


def test_what_memory_cannot_hold_is_lost_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[int] = []
    spool = Spool(tmp_path, memory_bytes=10, lost=lost.append, retry=0.0)
    full_disk(monkeypatch)
    with capture_logs() as logs:
        spool.write([b"12345\n"])
        spool.write([b"1\n", b"2\n", b"3\n"])
        spool.write([b"123\n"])
    assert lost == [3]
    assert spool.in_memory == 2
    assert {"event": "ledger_rows_lost", "rows": 3, "log_level": "error"} in logs


def test_what_is_in_memory_at_the_end_and_fits_nowhere_is_lost_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[int] = []
    spool = Spool(tmp_path, lost=lost.append)
    full_disk(monkeypatch)
    spool.write([b"one\n", b"two\n"])
    spool.close()
    assert lost == [2]


def test_a_folder_that_cannot_be_made_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "spool", retry=0.0)
    assert not spool.write([b"one\n"])
    assert spool.in_memory == spool.backlog() == 1
    (tmp_path / "file").unlink()
    assert spool.retry()
    spool.roll()
    assert lines(spool) == [b"one\n"]


def test_a_folder_deleted_under_it_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder, retry=0.0)
    for number in range(3):
        assert spool.write([b"%d\n" % number])
    (path,) = folder.iterdir()
    path.unlink()
    folder.rmdir()
    assert spool.write([b"3\n"])
    spool.roll()
    assert lines(spool) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_what_can_be_neither_written_nor_taken_back_spoils_no_row_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, retry=0.0)
    spool.write([b"one\n"])

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        full_disk(disk, takes=2)
        disk.setattr(segments.os, "ftruncate", broken)
        assert not spool.write([b"two\n"])
    assert spool.write([b"three\n"])
    spool.roll()
    assert lines(spool) == [b"one\n", b"tw", b"two\n", b"three\n"]


def test_a_deleted_segment_that_cannot_be_read_any_more_is_lost_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[int] = []
    spool = Spool(tmp_path, lost=lost.append)
    spool.write([b"one\n", b"two\n"])
    (path,) = tmp_path.iterdir()
    path.unlink()

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(segments.os, "pread", broken)
    assert spool.write([b"three\n"]), "writing never raises"
    assert lost == [2]


def test_a_segment_that_cannot_be_opened_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    for number in range(3):
        spool.write([b"%d\n" % number])
        spool.roll()
    first = min(tmp_path.iterdir())
    real = os.open

    def opened(path: Path, *more: int) -> int:
        if path == first:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *more)

    monkeypatch.setattr(segments.os, "open", opened)
    with capture_logs() as logs:
        assert lines(spool) == lines(spool) == [b"1\n", b"2\n"]
    assert [line["event"] for line in logs] == ["spool_segment_stuck"], "told once"


def test_a_segment_that_cannot_be_deleted_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.write([b"one\n"])
    spool.roll()
    (claimed,) = spool.claims()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "unlink", refused)
        with pytest.raises(PermissionError):
            claimed.remove()
    assert lines(spool) == [b"one\n"]


def test_sure_waits_for_the_disk_and_tells_when_it_could_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(segments.os, "fsync", lambda fd: (real(fd), synced.append(fd)))
    assert spool.write([b"one\n"])
    assert synced == []
    assert spool.write([b"two\n"], sure=True)
    assert len(synced) == 2, "the file, and the folder that names it"

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(segments.os, "fsync", broken)
    assert not spool.write([b"three\n"], sure=True)


def test_sure_holds_while_segments_roll_under_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment_bytes=200)
    kept: list[bool] = []
    stop = threading.Event()

    def roll() -> None:
        while not stop.is_set():
            spool.roll()

    def write(number: int) -> None:
        kept.extend(spool.write([b"%d-%d\n" % (number, i)], sure=True) for i in range(30))

    rolling = threading.Thread(target=roll)
    writing = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    rolling.start()
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()
    stop.set()
    rolling.join()
    assert kept == [True] * 120
    assert sorted(lines(spool)) == sorted(b"%d-%d\n" % (number, i) for number in range(4) for i in range(30))


def test_who_waits_for_what_was_written_does_not_wait_for_what_is_written_since(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write([b"before\n"])
    before = spool.waiting()
    spool.roll()
    spool.write([b"since\n"])
    assert spool.waiting(before) == before
    for claimed in spool.claims():
        claimed.remove()
    assert not spool.waiting(before)
    assert spool.waiting()
    spool.close()
