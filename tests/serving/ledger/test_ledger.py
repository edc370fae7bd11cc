from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm.errors import AccordError
from models.sheet import Sheet
from serving.ledger import Ledger
from serving.ledger.tables import sheets, signatures
from tests.sheets import day, definition, sheet

PARIS = timezone(timedelta(hours=2))
ROOT = Path(__file__).parents[3]


def kept(ledger: Ledger, *put: Sheet) -> None:
    for number, each in enumerate(put, start=1):
        ledger.put(each, day(number))


def signed(ledger: Ledger, each: Sheet, *roles: str, on: int = 10) -> None:
    ledger.put(each, day(on))
    for role in roles:
        ledger.sign(each.hash, role, f"{role.title()} Person", day(on))


def test_a_sheet_comes_back_as_it_was_put(ledger: Ledger) -> None:
    kept(ledger, sheet(), sheet())
    assert ledger.sheets() == (sheet(),)


def test_sheets_come_newest_first_and_by_version(ledger: Ledger) -> None:
    other = sheet(of=definition(close_days=90))
    kept(ledger, sheet(), other, sheet(accept=0.7))
    assert ledger.sheets() == (sheet(accept=0.7), other, sheet())
    assert ledger.sheets(other.definition.version) == (other,)


def test_a_signature_binds_name_role_time_version_and_sheet(ledger: Ledger) -> None:
    kept(ledger, sheet())
    at = datetime(2026, 7, 3, 10, 30, 15, 123456, tzinfo=PARIS)
    given, new = ledger.sign(sheet().hash, "sales", "  Zoé   Lambert ", at)
    assert new
    (back,) = ledger.signatures(sheet().hash)
    assert back == given
    assert (back.role, back.name, back.definition_version) == ("sales", "Zoé Lambert", sheet().definition.version)
    assert back.signed_at == at
    assert back.signed_at.tzinfo is UTC
    assert back.signed_at.isoformat() == "2026-07-03T08:30:15.123456+00:00"


def test_a_time_without_its_zone_is_refused(ledger: Ledger) -> None:
    kept(ledger, sheet())
    with pytest.raises(sa.exc.StatementError, match="needs its zone"):
        ledger.sign(sheet().hash, "sales", "Zoé", datetime(2026, 7, 3))  # noqa: DTZ001 - the claim


def test_signing_twice_is_signing_once(ledger: Ledger) -> None:
    kept(ledger, sheet())
    first = ledger.sign(sheet().hash, "sales", "Zoé", day(2))
    assert ledger.sign(sheet().hash, "sales", " Zoé", day(3)) == (first[0], False)
    assert ledger.signatures() == (first[0],)


def test_several_of_a_team_may_sign_and_one_team_is_not_both(ledger: Ledger) -> None:
    kept(ledger, sheet())
    ledger.sign(sheet().hash, "sales", "Zoé", day(2))
    ledger.sign(sheet().hash, "sales", "Paul", day(3))
    assert [each.name for each in ledger.signatures()] == ["Zoé", "Paul"]
    assert ledger.signed() is None
    ledger.sign(sheet().hash, "marketing", "Ines", day(4))
    in_force = ledger.signed()
    assert in_force is not None
    assert in_force.sheet == sheet()
    assert [each.name for each in in_force.signatures] == ["Zoé", "Paul", "Ines"]


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [
        ("finance", "Zoé", "does not sign"),
        ("sales", " \t ", "needs a name"),
        ("sales", "---", "needs a name"),
        ("sales", "Zo\x1b[2Jé", "no name"),
        ("sales", "Z" * 201, "no name"),
    ],
)
def test_who_cannot_sign_is_told(ledger: Ledger, role: str, name: str, said: str) -> None:
    kept(ledger, sheet())
    with pytest.raises(AccordError, match=said):
        ledger.sign(sheet().hash, role, name, day(2))
    assert ledger.signatures() == ()


def test_only_a_sheet_that_was_put_can_be_signed(ledger: Ledger) -> None:
    with pytest.raises(AccordError, match="no such sheet"):
        ledger.sign(sheet().hash, "sales", "Zoé", day(2))


@pytest.mark.parametrize("table", [sheets, signatures])
@pytest.mark.parametrize("how", ["UPDATE {} SET definition_version = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_refuses_every_change(ledger: Ledger, table: sa.Table, how: str) -> None:
    signed(ledger, sheet(), "marketing", "sales")
    if how.startswith("TRUNCATE") and ledger.database.is_file:
        pytest.skip("SQLite has no TRUNCATE")
    before = (ledger.sheets(), ledger.signatures())
    with pytest.raises(AccordError, match="appended only"), ledger.database.writing() as connection:
        connection.exec_driver_sql(how.format(table.name))
    assert (ledger.sheets(), ledger.signatures()) == before


@pytest.mark.parametrize("table", [sheets, signatures])
def test_sqlites_replace_changes_nothing_either(ledger: Ledger, table: sa.Table) -> None:
    signed(ledger, sheet(), "sales")
    if not ledger.database.is_file:
        pytest.skip("PostgreSQL has no REPLACE; its ON CONFLICT DO UPDATE is an UPDATE")
    with pytest.raises(AccordError, match="appended only"), ledger.database.writing() as connection:
        connection.exec_driver_sql(f"INSERT OR REPLACE INTO {table.name} SELECT * FROM {table.name}")


def test_an_upsert_is_refused(ledger: Ledger) -> None:
    signed(ledger, sheet(), "sales")
    upsert = (
        "INSERT INTO sheets SELECT hash, 'other', definition_version, document, created_at FROM sheets WHERE true "
        "ON CONFLICT (hash) DO UPDATE SET definition_name = excluded.definition_name"
    )
    with pytest.raises(AccordError, match="appended only"), ledger.database.writing() as connection:
        connection.exec_driver_sql(upsert)


@pytest.mark.parametrize(("column", "value"), [("role", "finance"), ("name", " "), ("sheet_hash", "0" * 64)])
def test_the_database_knows_teams_names_and_sheets(ledger: Ledger, column: str, value: str) -> None:
    kept(ledger, sheet())
    row = {
        "sheet_hash": sheet().hash,
        "definition_version": sheet().definition.version,
        "role": "sales",
        "name": "Zoé",
        "signed_at": day(1),
    }
    with pytest.raises(AccordError, match="refused"), ledger.database.writing() as connection:
        connection.execute(sa.insert(signatures).values({**row, column: value}))
    with ledger.database.writing() as connection:
        connection.execute(sa.insert(signatures).values(row))


def test_the_second_team_signs_what_the_first_signed(ledger: Ledger) -> None:
    signed(ledger, sheet(), "marketing")
    month_later = sheet(accept=0.84, exported_at="2026-08-01T00:00:00+00:00")
    table = ledger.on_the_table(month_later)
    assert table.sheet == sheet()
    assert table.missing == ("sales",)


def test_a_promise_that_holds_asks_for_nothing_new(ledger: Ledger) -> None:
    signed(ledger, sheet(), "marketing", "sales")
    assert ledger.on_the_table(sheet(accept=0.85)).complete


@pytest.mark.parametrize(
    "measured",
    [sheet(accept=0.71), sheet(cut=0.3), sheet(of=definition(close_days=90))],
    ids=["promise", "grading", "definition"],
)
def test_another_promise_grading_or_definition_is_a_new_sheet(ledger: Ledger, measured: Sheet) -> None:
    signed(ledger, sheet(), "marketing", "sales")
    table = ledger.on_the_table(measured)
    assert table.sheet == measured
    assert table.missing == ("marketing", "sales")
    in_force = ledger.signed()
    assert in_force is not None
    assert in_force.sheet == sheet()


def test_what_replaced_a_sheet_is_in_force_and_going_back_is_signed_again(ledger: Ledger) -> None:
    first, second = sheet(), sheet(of=definition(close_days=90))
    signed(ledger, first, "marketing", "sales", on=1)
    signed(ledger, second, "sales", "marketing", on=5)
    assert ledger.on_the_table(second).complete
    assert ledger.on_the_table(first).signatures == ()
    for role in ("marketing", "sales"):
        given, new = ledger.sign(first.hash, role, f"{role.title()} Person", day(9))
        assert new
        assert given.signed_at == day(9)
    assert ledger.on_the_table(first).complete
    assert len(ledger.signatures(first.hash)) == 4


def test_half_an_agreement_does_not_outlive_another_agreement(ledger: Ledger) -> None:
    half, whole = sheet(of=definition(close_days=90)), sheet()
    signed(ledger, half, "marketing", on=1)
    signed(ledger, whole, "marketing", "sales", on=2)
    signed(ledger, half, "sales", on=3)
    in_force = ledger.signed()
    assert in_force is not None
    assert in_force.sheet == whole
    assert ledger.on_the_table(half).missing == ("marketing",)


def test_the_sheet_signed_last_by_anybody_is_found(ledger: Ledger) -> None:
    assert ledger.last_signed(lambda _: True) is None
    kept(ledger, sheet(), sheet(accept=0.6))
    signed(ledger, sheet(cut=0.3), "sales", on=5)
    signed(ledger, sheet(cut=0.4), "marketing", on=6)
    assert ledger.last_signed(lambda _: True) == sheet(cut=0.4)
    assert ledger.last_signed(lambda each: each.grading == sheet(cut=0.3).grading) == sheet(cut=0.3)


def test_a_sheet_changed_by_hand_is_noticed(ledger: Ledger) -> None:
    signed(ledger, sheet(), "marketing", "sales")
    with ledger.database.writing() as connection:
        if ledger.database.is_file:
            connection.exec_driver_sql("DROP TRIGGER sheets_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE sheets DISABLE TRIGGER sheets_appended_only")
        connection.exec_driver_sql("UPDATE sheets SET document = replace(document, '0.78', '0.71')")
    with pytest.raises(AccordError, match="not as it was signed"):
        ledger.signed()


def test_a_sheet_of_another_version_of_accord_is_no_agreement_now(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(ledger, sheet(), "marketing", "sales")

    def reads_otherwise(document: dict[str, object]) -> Sheet:
        return replace(sheet(), definition=definition(name="as read now"))

    monkeypatch.setattr(Sheet, "from_json", reads_otherwise)
    assert ledger.signed() is None
    assert len(ledger.signatures()) == 2


SIGNER = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from serving.ledger import Ledger
url, folder, sheet_hash, *people = sys.argv[1:]
ledger = Ledger.open(url, Path())
(Path(folder) / people[0]).touch()
until = time.monotonic() + 120
while not (Path(folder) / "go").exists() and time.monotonic() < until:
    time.sleep(0.001)
for person in people:
    for role in ("marketing", "sales"):
        ledger.sign(sheet_hash, role, person, datetime.now(UTC))
"""


def test_of_two_processes_that_sign_at_once_both_are_there_and_none_twice(
    ledger: Ledger, url: str, tmp_path: Path
) -> None:
    kept(ledger, sheet())
    shared = [f"Shared {number}" for number in range(20)]
    people = [["First", *shared], ["Second", *shared]]
    signers = [
        subprocess.Popen([sys.executable, "-c", SIGNER, url, str(tmp_path), sheet().hash, *mine], cwd=ROOT)
        for mine in people
    ]
    while not all((tmp_path / mine[0]).exists() for mine in people):
        assert all(signer.poll() is None for signer in signers)
    (tmp_path / "go").touch()
    assert [signer.wait(timeout=60) for signer in signers] == [0, 0]
    given = [(each.role, each.name) for each in ledger.signatures()]
    assert len(given) == len(set(given)) == 2 * 22
