from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm.errors import AccordError
from serving.ledger import Ledger, aside
from serving.ledger.delivery import Delivery, insert
from serving.ledger.erasure import Barred, barred, erase, lead_hash, object_to, secret_of
from serving.ledger.scrub import scrub
from serving.ledger.tables import feedback
from tests.serving.ledger.rows import AT, kept, recorder, report, score

GONE = "lead-to-forget-é"


def delivery_row(key: str, *leads: str) -> dict[str, Any]:
    """A row of ``deliveries`` whose reply names these leads."""
    named = ",".join(f'{{"lead_id":"{lead}"}}' for lead in leads)
    reply = f'{{"reports":[{named}],"errors":[]}}'
    about = {"caller": "local", "digest": "d" * 64, "received_at": AT, "status": 200}
    return {**about, "idempotency_key": key, "reply": reply}


def filled(ledger: Ledger) -> None:
    Delivery(ledger.database).deliver(
        [
            *(("scores", score(lead)) for lead in (GONE, "other", GONE)),
            *(("feedback", report(lead, comment=f"about {lead}")) for lead in (GONE, "other")),
        ]
    )
    with ledger.database.writing() as connection:
        rows = [
            delivery_row("k1", "other", GONE),
            delivery_row("k2", "other"),
            delivery_row(f"crm-{GONE}-accepted", "z"),
            delivery_row("k4", f"{GONE}-2"),
        ]
        insert(connection, "deliveries", rows)


def erased(ledger: Ledger, lead: str = GONE) -> tuple[Counter[str], bool]:
    with ledger.database.writing() as connection:
        return erase(connection, lead, AT, "local")


def test_an_erased_lead_is_in_no_table_and_others_keep_every_row(ledger: Ledger) -> None:
    filled(ledger)
    gone, new = erased(ledger)
    assert new
    assert gone == {"scores": 2, "feedback": 1, "standings": 1, "deliveries": 2}
    for table in ("scores", "feedback", "standings"):
        assert {row["lead_id"] for row in kept(ledger.database, table)} == {"other"}
    assert {row["idempotency_key"] for row in kept(ledger.database, "deliveries")} == {"k2", "k4"}
    assert kept(ledger.database, "erasing") == []


def test_erasing_twice_changes_nothing_and_says_so(ledger: Ledger) -> None:
    filled(ledger)
    erased(ledger)
    gone, new = erased(ledger)
    assert not new
    assert gone.total() == 0
    assert len(kept(ledger.database, "erasures")) == 1


def test_rows_are_as_safe_after_an_erasure_as_before(ledger: Ledger) -> None:
    filled(ledger)
    erased(ledger)
    with pytest.raises(AccordError), ledger.database.writing() as connection:
        connection.execute(sa.delete(feedback))


def test_what_comes_of_an_erased_lead_later_is_dropped(ledger: Ledger) -> None:
    erased(ledger)
    done = Delivery(ledger.database).deliver([("scores", score(GONE)), ("feedback", report(GONE))])
    assert done.total() == 0
    assert kept(ledger.database) == kept(ledger.database, "feedback") == kept(ledger.database, "standings") == []


def test_only_hashes_tell_who_is_barred(ledger: Ledger) -> None:
    erased(ledger)
    with ledger.database.writing() as connection:
        assert object_to(connection, "objects", AT, "local")
        assert not object_to(connection, "objects", AT + timedelta(1), "local")
        secret = secret_of(connection)
    assert barred(ledger.database, [GONE, "other", "objects"]) == Barred(frozenset({GONE}), frozenset({"objects"}))
    assert [row["lead_hash"] for row in kept(ledger.database, "objections")] == [lead_hash(secret, "objects")]
    assert GONE not in str(kept(ledger.database, "erasures"))


def test_an_erasure_kept_on_disk_is_done_when_the_ledger_is_back(ledger: Ledger, tmp_path: Path) -> None:
    filled(ledger)
    spooled = recorder(tmp_path / "s", ledger.database)
    spooled.write("scores", [score(GONE), score("other")])
    assert spooled.write("erasures", [{"lead_id": GONE, "erased_at": AT, "caller": "local"}], sure=True)
    spooled.write("objections", [{"lead_id": "objects", "recorded_at": AT, "caller": "local"}], sure=True)
    spooled.write("scores", [score(GONE)])
    assert spooled.turn()
    assert {row["lead_id"] for row in kept(ledger.database)} == {"other"}
    assert barred(ledger.database, [GONE, "objects"]).leads == {GONE, "objects"}
    assert not named(tmp_path / "s")


def test_rows_set_aside_of_an_erased_lead_go_and_those_of_others_stay(ledger: Ledger, tmp_path: Path) -> None:
    spooled = recorder(tmp_path / "s", ledger.database)
    spooled.write("scores", [score(GONE, grade=None), score("other", grade=None)])
    assert spooled.turn()
    assert len(aside.read(tmp_path / "s" / "spool")) == 2
    erased(ledger)
    spooled.forget()
    assert not named(tmp_path / "s")
    assert len(aside.read(tmp_path / "s" / "spool")) == 1


def test_the_bytes_of_an_erased_lead_are_in_no_file_of_an_sqlite_ledger(ledger: Ledger, tmp_path: Path) -> None:
    if not ledger.database.is_file:
        pytest.skip("whose files PostgreSQL's are, and when they are rewritten, is its administrator's decision")
    chance = random.Random(7)  # noqa: S311 - rows of many sizes in another order than their keys, so that pages split and merge
    leads = [GONE, *(f"lead-{number}" for number in range(300))]
    for _ in range(6):
        chance.shuffle(leads)
        Delivery(ledger.database).deliver(
            [("scores", score(lead, id=f"{chance.getrandbits(128):032x}", about=wordy(chance, lead))) for lead in leads]
            + [
                ("feedback", report(lead, id=f"{chance.getrandbits(256):064x}", comment=told(chance, lead)))
                for lead in leads
            ]
        )
    assert named(tmp_path)
    erased(ledger)
    assert scrub(ledger.database)
    assert not named(tmp_path)
    assert len(kept(ledger.database)) == 6 * 300


def test_a_reader_delays_the_emptying_of_the_log_which_is_told(ledger: Ledger) -> None:
    if not ledger.database.is_file:
        pytest.skip("only SQLite has such a log")
    filled(ledger)
    with ledger.database.reading() as connection:
        connection.execute(sa.select(feedback.c.id)).all()
        erased(ledger)
        assert not scrub(ledger.database, 0.0)
    assert scrub(ledger.database)


def wordy(chance: random.Random, lead: str) -> dict[str, str]:
    return {"name": f"{lead} {'x' * chance.randrange(2_000)}", "owner": "o"}


def told(chance: random.Random, lead: str) -> str:
    return f"{'y' * chance.randrange(1_500)} {lead}"


def named(folder: Path) -> list[Path]:
    """The files that hold the lead's key."""
    forms = (GONE.encode(), b"lead-to-forget-")
    return [path for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)]
