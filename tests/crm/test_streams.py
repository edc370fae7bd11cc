from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from crm.errors import AccordError
from crm.history import Field, Kind
from crm.mapping import Mapping
from crm.streams import Batch, lead_batches

FIELDS = (
    Field("employees", Kind.NUMBER),
    Field("source", Kind.CATEGORY),
    Field("newsletter", Kind.BOOLEAN),
    Field("founded", Kind.DATE),
    Field("account.industry", Kind.CATEGORY),
)


def mapping(**leads: object) -> Mapping:
    return Mapping.model_validate(
        {"leads": {"from": "leads.csv", "key": "Id", "created_at": "Created", "account": "Company", **leads}}
    )


def text(rows: int = 25) -> str:
    lines = [
        f"{i},{1 + i % 28:02d}/03/2026 10:00,{100 + i},{'web' if i % 2 else 'Select'},{'yes' if i % 3 else 'no'},"
        f"{1 + i % 28:02d}/01/1990,c{i % 4}"
        for i in range(rows)
    ]
    return "\n".join(["Id,Created,employees,source,newsletter,founded,Company", *lines]) + "\n"


def whole(batches: list[Batch]) -> pd.DataFrame:
    return pd.concat([batch.leads for batch in batches], ignore_index=True)


def read(path: Path, rows: int = 10_000, **more: object) -> list[Batch]:
    return list(lead_batches(path, mapping(), FIELDS, rows=rows, **more))  # type: ignore[arg-type]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text(text(), encoding="utf-8")
    return path


def test_values_are_typed_as_the_fields_say(csv: Path) -> None:
    (batch,) = read(csv)
    lead = batch.leads.iloc[20]
    assert lead["created_at"] == pd.Timestamp("2026-03-21T10:00Z")  # day first, as row 13 onwards shows
    assert lead["founded"] == pd.Timestamp("1990-01-21", tz="UTC")
    assert (lead["employees"], lead["newsletter"]) == (120.0, 1.0)
    assert pd.isna(lead["source"])  # "Select" means missing
    assert batch.quarantine.empty


@pytest.mark.parametrize("rows", [1, 7, 25, 1000])
def test_the_size_of_batches_changes_nothing(csv: Path, rows: int) -> None:
    batches = read(csv, rows)
    assert {len(batch.leads) for batch in batches[:-1]} <= {rows}
    pd.testing.assert_frame_equal(whole(batches), whole(read(csv)))


def test_no_row_of_a_long_file_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(
        "Id,employees\n" + "".join(f"{i},{i % 90}\n" for i in range(500_000))
    )  # several blocks of the reader
    leads = whole(read(path, 30_000))
    assert leads["lead_id"].tolist() == [str(i) for i in range(500_000)]
    assert leads["employees"].tolist() == [float(i % 90) for i in range(500_000)]


def test_parquet_csv_and_compressed_csv_give_the_same_leads(csv: Path, tmp_path: Path) -> None:
    pd.read_csv(csv, dtype="str").to_parquet(tmp_path / "leads.parquet")
    (tmp_path / "leads.csv.gz").write_bytes(gzip.compress(csv.read_bytes()))
    for name in ("leads.parquet", "leads.csv.gz"):
        pd.testing.assert_frame_equal(whole(read(tmp_path / name)), whole(read(csv)))


def test_any_separator_and_western_encoding_are_read(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(text().replace(",", ";").replace("web", "soci\u00e9t\u00e9").encode("cp1252"))
    assert set(whole(read(path))["source"].dropna()) == {"soci\u00e9t\u00e9"}


@pytest.mark.parametrize("rows", [2, 10_000])
def test_bad_rows_are_set_aside_with_their_number_and_bad_values_are_missing(tmp_path: Path, rows: int) -> None:
    lines = text(6).splitlines()
    lines[2] = lines[2].replace("101", "many")  # row 2: no number
    lines[4] = "," + lines[4].split(",", 1)[1]  # row 4: no key
    lines[5] += ",one,too,many"
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(lines) + "\n")
    batches = read(path, rows)
    leads, aside = whole(batches), pd.concat([batch.quarantine for batch in batches])
    assert leads["lead_id"].tolist() == ["0", "1", "2", "5"]
    assert pd.isna(leads["employees"][1])
    told = {rule: (fate, row) for rule, fate, row in zip(aside["rule"], aside["fate"], aside["row"], strict=True)}
    assert told["not_a_number"] == ("set_missing", 2)
    assert told["missing_key"] == ("set_aside", 4)
    assert told["wrong_number_of_values"][0] == "set_aside"


@pytest.mark.parametrize("rows", [3, 10_000])
def test_broken_lines_at_the_end_are_told(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Id,employees\n1,1\n2,2\n3,3\n4,4,4\n")
    batches = read(path, rows)
    assert len(whole(batches)) == 3
    assert pd.concat([batch.quarantine for batch in batches])["record"].tolist() == ["4,4,4"]


def test_fields_of_accounts_come_from_the_table_beside(csv: Path) -> None:
    accounts = pd.DataFrame({"account_id": ["c0", "c1"], "industry": ["logistics", "health"]}, dtype="str")
    leads = whole(read(csv, accounts=accounts))
    assert leads["account.industry"].fillna("none").tolist()[:4] == ["logistics", "health", "none", "none"]


def test_a_field_that_the_file_has_not_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Id,employees\n1,5\n")
    assert list(whole(read(path)).columns) == ["lead_id", "employees"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Key,employees\n1,5\n", "no such column"),
        ("Id,colour\n1,red\n", "none of the scorer's fields"),
        ("", "empty"),
        ("Id,employees\n", "no rows"),
    ],
)
def test_a_file_that_cannot_be_scored_says_why(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(content)
    with pytest.raises(AccordError, match=said):
        read(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="not there"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["leads.csv.gz", "leads.parquet"])
def test_a_damaged_or_misnamed_file_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(text())
    with pytest.raises(AccordError, match="The file is damaged, or not what its ending says"):
        read(tmp_path / name)
