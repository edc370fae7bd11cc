"""Exports of every shape, read through a mapping."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from crm import quarantine
from crm.delimited import find_separator, read_csv
from crm.errors import AccordError
from crm.guess import guess, write
from crm.history import TIME, Known
from crm.mapping import Mapping
from crm.sources import Loaded, read

LEADS = "id,created,city,size\nl1,2026-01-01,Lyon,10\nl2,2026-01-02,Select,many\nl3,soon,Nice,30\n"
EVENTS = (
    "case,what,at,who,worth\n"
    "l1,sent,2026-01-02T10:00:00Z,ann,\n"
    "l1,view,2026-01-02T11:00:00Z,bob,3\n"
    "l1,taken,2026-01-03T10:00:00Z,ann,\n"
    "l1,declined,2026-01-04T10:00:00Z,ann,\n"
    "l2,declined,2026-01-05T10:00:00Z,ann,\n"
    "l9,view,2026-01-05T10:00:00Z,ann,\n"
    "l2,view,yesterday,ann,lots\n"
)
MILESTONES = {
    "from": "events.csv",
    "lead": "case",
    "column": "what",
    "reached_at": "at",
    "actor": "who",
    "values": {
        "sent": "handed_off",
        "taken": "accepted",
        "declined": {"before": "accepted", "then": "rejected", "otherwise": "lost"},
    },
}
ACTIVITIES = {
    "from": "events.csv",
    "lead": "case",
    "occurred_at": "at",
    "kind": "what",
    "value": "worth",
    "actor": "who",
}
BASE = {"leads": {"from": "leads.csv", "key": "id", "created_at": "created"}, "time_zone": "UTC"}


def loaded(folder: Path, files: dict[str, str | bytes], **mapping: Any) -> Loaded:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read(Mapping.parse(BASE | mapping, "accord.yaml: history"), folder)


def rules(result: Loaded) -> dict[str, int]:
    counts = quarantine.counts(result.quarantine)
    return {f"{c.table}.{c.column} {c.rule} {c.fate}": c.rows for c in counts.itertuples()}


def test_leads_are_typed_and_bad_values_set_missing_and_told(tmp_path: Path) -> None:
    many = LEADS + "".join(f"m{i},2026-02-01,Lyon,{i}\n" for i in range(40))
    result = loaded(tmp_path, {"leads.csv": many})
    leads = result.history.leads
    assert leads.dtypes.astype(str).to_dict() == {
        "lead_id": "str",
        "created_at": TIME,
        "account_id": "str",
        "city": "str",
        "size": "float64",
    }
    assert len(leads) == 43
    assert leads.loc[1, ["city", "size"]].isna().all()
    assert rules(result) == {
        "leads.created_at unreadable_time set_missing": 1,
        "leads.size not_a_number set_missing": 1,
    }
    told = result.quarantine.set_index("rule").loc["unreadable_time"]
    assert (told["row"], told["got"], told["source"]) == (3, "soon", "leads.csv")
    assert result.placeholders.to_dict("records") == [
        {"table": "leads.csv", "column": "city", "value": "Select", "rows": 1}
    ]


def test_events_become_milestones_and_activities(tmp_path: Path) -> None:
    files = {"leads.csv": LEADS, "events.csv": EVENTS}
    result = loaded(tmp_path, files, milestones=[MILESTONES], activities=[ACTIVITIES | {"include": ["view"]}])
    milestones = result.history.milestones
    assert list(zip(milestones["lead_id"], milestones["milestone"], strict=True)) == [
        ("l1", "handed_off"),
        ("l1", "accepted"),
        ("l1", "lost"),  # after acceptance
        ("l2", "rejected"),  # before it
    ]
    assert result.history.activities[["lead_id", "kind", "value", "actor"]].to_dict("records") == [
        {"lead_id": "l1", "kind": "view", "value": 3.0, "actor": "bob"}
    ]
    assert rules(result) == {
        "leads.created_at unreadable_time set_missing": 1,
        "activities.occurred_at unreadable_time set_aside": 1,
        "activities.value not_a_number set_missing": 1,
        "activities.lead_id unknown_lead set_aside": 1,
    }
    rows = result.quarantine.query("table == 'activities'").set_index("rule")["row"]
    assert rows["unreadable_time"] == 7  # of the source, though other rows were left out before
    assert rows["unknown_lead"] == 6


def test_values_that_never_occur_are_noted(tmp_path: Path) -> None:
    wrong = MILESTONES | {"values": {"tkaen": "accepted", "sent": "handed_off"}}
    result = loaded(tmp_path, {"leads.csv": LEADS, "events.csv": EVENTS}, milestones=[wrong])
    assert any("never holds tkaen" in note for note in result.notes)


@pytest.mark.parametrize("written", ["true", "True", "TRUE"])
def test_the_case_of_a_value_does_not_matter(tmp_path: Path, written: str) -> None:
    leads = f"id,created,bought\nl1,2026-01-01,{written}\nl2,2026-01-01,no\n"
    result = loaded(tmp_path, {"leads.csv": leads}, milestones=[{"column": "bought", "values": {True: "won"}}])
    assert result.history.milestones["lead_id"].tolist() == ["l1"]
    assert not any("never holds" in note for note in result.notes)


def test_an_empty_log_is_no_error_and_a_list_without_leads_is(tmp_path: Path) -> None:
    files = {"leads.csv": LEADS, "events.csv": EVENTS.splitlines()[0]}
    result = loaded(tmp_path, files, milestones=[MILESTONES], activities=[ACTIVITIES])
    assert result.history.activities.empty
    with pytest.raises(AccordError, match="No lead is left"):
        loaded(tmp_path, {"leads.csv": "id,created\n"})
    with pytest.raises(AccordError, match="file is empty"):
        loaded(tmp_path, {"leads.csv": ""})


def test_a_workbook_and_an_unknown_encoding_are_errors_for_people(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="Save it as CSV"):
        loaded(tmp_path, {"leads.csv": b"PK\x03\x04rest"})
    odd = {"from": {"name": "leads.csv", "encoding": "utf-9"}, "key": "id"}
    with pytest.raises(AccordError, match="unknown encoding"):
        loaded(tmp_path, {"leads.csv": LEADS}, leads=odd)


@pytest.mark.parametrize("name", ["leads.csv.gz", "leads.csv.zst", "leads.parquet"])
@pytest.mark.parametrize("content", [b"id,created\nl1,2026-01-01\n", gzip.compress(LEADS.encode() * 50)[:-20]])
def test_a_damaged_or_misnamed_file_is_an_error_for_people(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(AccordError, match=rf"{name}: The file is damaged, or not what its ending says\."):
        loaded(tmp_path, {name: content}, leads={"from": name, "key": "id"})


def test_a_file_that_stops_being_utf8_late_is_read_as_windows(tmp_path: Path) -> None:
    rows = "".join(f"l{i},2026-01-01,Lyon\n" for i in range(30_000))
    content = f"id,created,city\n{rows}".encode() + "short,é\nm1,2026-01-01,Orléans\n".encode("cp1252")
    result = loaded(tmp_path, {"leads.csv": content})
    assert result.history.leads["city"].iloc[-1] == "Orléans"
    assert result.quarantine["record"].tolist() == ["short,é"]
    assert any("Windows-1252" in note for note in result.notes)


def test_a_milestone_of_an_event_without_time_is_set_aside(tmp_path: Path) -> None:
    events = "case,what,at,who\nl1,sent,,ann\nl1,taken,N/A,ann\nl1,sent,2026-01-01,ann\n"
    result = loaded(tmp_path, {"leads.csv": LEADS, "events.csv": events}, milestones=[MILESTONES])
    assert rules(result)["milestones.reached_at missing_time set_aside"] == 2
    assert len(result.history.milestones) == 1


def test_milestones_from_date_columns_and_flags_of_leads(tmp_path: Path) -> None:
    leads = "id,created,won_on,reason,bought\nl1,2026-01-01,2026-02-01,price,Yes\nl2,2026-01-01,,,No\n"
    dated = {"milestone": "won", "reached_at": "won_on", "reason": "reason"}
    flagged = {"column": "bought", "values": {"Yes": "won", "No": "no_decision"}}
    by_date = loaded(tmp_path, {"leads.csv": leads}, milestones=[dated])
    assert by_date.history.milestones[["lead_id", "milestone", "reason"]].values.tolist() == [["l1", "won", "price"]]  # noqa: PD011
    assert [f.name for f in by_date.history.fields] == ["bought"]  # what tells the outcome is no field
    by_flag = loaded(tmp_path, {"leads.csv": leads}, milestones=[flagged])
    assert by_flag.history.milestones["milestone"].tolist() == ["won", "no_decision"]
    assert by_flag.history.milestones["reached_at"].isna().all()


def test_a_joined_table_gives_columns_and_its_second_rows_are_set_aside(tmp_path: Path) -> None:
    more = "lead;Industry;budget\nl1;steel;1.200,50\nl1;glass;2\nl3;wood;3\nl9;coal;4\n"
    join = {"from": {"name": "more.csv", "decimal": ","}, "key": "lead"}
    result = loaded(tmp_path, {"leads.csv": LEADS, "more.csv": more}, leads=BASE["leads"] | {"join": [join]})  # type: ignore[operator]
    assert result.history.leads["Industry"].fillna("?").tolist() == ["steel", "?", "wood"]
    assert result.history.leads["budget"].fillna(0).tolist() == [1200.5, 0, 3]
    assert rules(result)["leads.lead duplicate_key set_aside"] == 1
    assert any("1 rows belong to no row of leads.csv" in note for note in result.notes)


def test_accounts_come_from_their_table_or_from_leads(tmp_path: Path) -> None:
    leads = "id,created,company,industry,employees\nl1,2026-01-01,Acme,,10\nl2,2026-01-01,Acme,steel,99\n"
    leads += "l3,2026-01-01,,x,1\n"
    keyed = {"leads": BASE["leads"] | {"account": "company"}}  # type: ignore[operator]
    table = loaded(
        tmp_path,
        {"leads.csv": leads, "accounts.csv": "name,turnover\nAcme,5\n"},
        **keyed,
        accounts={"from": "accounts.csv", "key": "name"},
    )
    assert table.history.accounts.values.tolist() == [["Acme", 5.0]]  # noqa: PD011
    assert "account.turnover" in {f.name for f in table.history.fields}
    gathered = loaded(tmp_path, {"leads.csv": leads}, **keyed, accounts={"columns": ["industry", "employees"]})
    assert gathered.history.accounts.values.tolist() == [["Acme", "steel", 10.0]]  # noqa: PD011
    assert {f.name for f in gathered.history.fields} == {"account.industry", "account.employees"}
    assert gathered.quarantine.empty


def test_changes_are_read_with_their_fields_renamed(tmp_path: Path) -> None:
    log = "lead,field,from,to,at\nl1,City__c,Paris,Lyon,2026-01-05\nl1,Shoe,1,2,2026-01-05\n"
    source = {"from": "log.csv", "lead": "lead", "field": "field", "old": "from", "new": "to", "changed_at": "at"}
    result = loaded(tmp_path, {"leads.csv": LEADS, "log.csv": log}, changes=[source | {"names": {"City__c": "city"}}])
    assert result.history.changes[["field", "old", "new"]].values.tolist() == [["city", "Paris", "Lyon"]]  # noqa: PD011
    assert rules(result)["changes.field unknown_field set_aside"] == 1


def test_declarations_decide_and_unknown_names_are_refused(tmp_path: Path) -> None:
    declared = {"size": {"kind": "category", "known": "at_creation"}, "city": {"ignore": True}}
    result = loaded(tmp_path, {"leads.csv": LEADS}, fields=declared)
    (size,) = result.history.fields
    assert (size.kind, size.known) == ("category", Known.AT_CREATION)
    assert "city" not in result.history.leads
    with pytest.raises(AccordError, match="Did you mean 'size'"):
        loaded(tmp_path, {"leads.csv": LEADS}, fields={"sise": {"ignore": True}})


def test_the_export_date_is_given_or_the_latest_time_seen(tmp_path: Path) -> None:
    files = {"leads.csv": LEADS, "events.csv": EVENTS}
    guessed = loaded(tmp_path, files, activities=[ACTIVITIES])
    assert guessed.history.exported_at == pd.Timestamp("2026-01-05T10:00Z")
    assert any("latest time seen" in note for note in guessed.notes)
    given_ = loaded(tmp_path, files, activities=[ACTIVITIES], exported_at="2026-01-03")
    assert given_.history.exported_at == pd.Timestamp("2026-01-03T00:00Z")
    assert any("4 rows of activities are of after exported_at" in note for note in given_.notes)
    with pytest.raises(AccordError, match=r"history\.exported_at"):
        loaded(tmp_path, files, exported_at="soon")


def test_naive_times_are_read_in_the_declared_zone_or_noted(tmp_path: Path) -> None:
    at = {"column": "created", "time_zone": "America/Sao_Paulo"}
    zoned = loaded(tmp_path, {"leads.csv": LEADS}, leads={"from": "leads.csv", "key": "id", "created_at": at})
    assert zoned.history.leads["created_at"].iloc[0] == pd.Timestamp("2026-01-01T03:00Z")
    (tmp_path / "leads.csv").write_text(LEADS)
    noted = read(Mapping.parse({"leads": BASE["leads"]}, "x"), tmp_path)
    assert any("name no zone; read as UTC" in note for note in noted.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_and_encoding_is_found(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [["id", "created", "prénom"], ["l1", "2026-01-01", "Zoë"], ["l2", "2026-01-02", "André"]]
    content = "\r\n".join(separator.join(row) for row in rows).encode(encoding)
    result = loaded(tmp_path, {"leads.csv": content})
    assert result.history.leads["prénom"].tolist() == ["Zoë", "André"]
    assert any("Windows-1252" in note for note in result.notes) == (encoding == "cp1252")


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    content = "id,created,name\nl1,2026-01-01,Łódź\n".encode("cp1250")
    source = {"from": {"name": "leads.csv", "encoding": "cp1250"}, "key": "id", "created_at": "created"}
    assert loaded(tmp_path, {"leads.csv": content}, leads=source).history.leads["name"].tolist() == ["Łódź"]


def test_gzip_and_parquet_are_read(tmp_path: Path) -> None:
    events = pd.DataFrame(
        {
            "case": [1, 2, None],
            "what": pd.Categorical(["view", "view", "call"]),
            "at": pd.to_datetime(["2026-01-02", "2026-01-03", "2026-01-04"], utc=True),
        }
    )
    events.to_parquet(tmp_path / "events.parquet")
    source = {"from": "events.parquet", "lead": "case", "occurred_at": "at", "kind": "what"}
    leads = gzip.compress(b"id,created\n1,2026-01-01\n2,2026-01-01\n")
    keyed = {"from": "leads.csv.gz", "key": "id", "created_at": "created"}
    result = loaded(tmp_path, {"leads.csv.gz": leads}, leads=keyed, activities=[source])
    assert result.history.activities[["lead_id", "kind"]].values.tolist() == [["1", "view"], ["2", "view"]]  # noqa: PD011
    assert rules(result) == {"activities.lead_id missing_key set_aside": 1}


def test_lines_of_the_wrong_width_are_set_aside_with_their_number(tmp_path: Path) -> None:
    result = loaded(tmp_path, {"leads.csv": LEADS + "l4,2026-01-01\nl5,2026-01-01,Lyon,5\n"})
    assert result.history.leads["lead_id"].tolist() == ["l1", "l2", "l3", "l5"]
    (line,) = result.quarantine.query("table == 'lines'").to_dict("records")
    assert (line["row"], line["rule"], line["record"]) == (4, "wrong_number_of_values", "l4,2026-01-01")


def test_quoted_separators_and_line_breaks_belong_to_the_value(tmp_path: Path) -> None:
    result = loaded(tmp_path, {"leads.csv": 'id,created,note\nl1,2026-01-01,"one, two\nthree"\n'})
    assert result.history.leads["note"].tolist() == ["one, two\nthree"]


def test_a_column_without_its_own_name_gets_one(tmp_path: Path) -> None:
    result = loaded(tmp_path, {"leads.csv": "id,created,x,x,\nl1,2026-01-01,a,b,c\n"})
    assert [f.name for f in result.history.fields] == ["x", "x (again)", "column 5"]


def database(folder: Path) -> str:
    engine = sa.create_engine(f"sqlite:///{folder / 'crm.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table prospects (id integer primary key, created text, size real, who text)")
        connection.exec_driver_sql("insert into prospects values (1,'2026-01-01',10,'a'),(2,'2026-01-02',null,'b')")
        connection.exec_driver_sql("create table log (prospect integer, at text, kind text)")
        connection.exec_driver_sql("insert into log values (1,'2026-01-03 10:00:00','call'),(null,'x','call')")
    engine.dispose()
    return "sqlite:///crm.db"


def test_tables_and_queries_of_a_database_are_read(tmp_path: Path) -> None:
    mapping = {
        "source": {"database": database(tmp_path)},
        "leads": {"from": "prospects", "key": "id", "created_at": "created"},
        "activities": [
            {
                "from": {"query": "select prospect as p, at, kind from log"},
                "lead": "p",
                "occurred_at": "at",
                "kind": "kind",
            }
        ],
    }
    result = read(Mapping.parse(mapping, "x"), tmp_path)
    assert result.history.leads["lead_id"].tolist() == ["1", "2"]
    assert result.history.leads["size"].fillna(-1).tolist() == [10.0, -1.0]
    assert result.history.activities["lead_id"].tolist() == ["1"]
    assert len(result.quarantine) == 1


@pytest.mark.parametrize(
    ("source", "table", "says"),
    [
        ({"database": "sqlite:///none.db"}, "prospects", "SQLite file is not there"),
        ({"database": "sqlite:///crm.db"}, "prospcts", "no such table"),
        ({"database": "nonsense"}, "prospects", "no database address"),
        ({"database": "oracle+oracledb://db/crm"}, "prospects", "pip install oracledb"),
        ({"folder": "nowhere"}, "leads.csv", "folder of the export is not there"),
        ({"folder": "."}, "leads.csv", "file is not there"),
    ],
)
def test_a_source_that_is_not_there_is_an_error_for_people(
    tmp_path: Path, source: dict[str, str], table: str, says: str
) -> None:
    database(tmp_path)
    mapping = Mapping.parse({"source": source, "leads": {"from": table, "key": "id"}}, "x")
    with pytest.raises(AccordError, match=says):
        read(mapping, tmp_path)


def test_a_wrong_query_is_an_error_for_people(tmp_path: Path) -> None:
    source = {"database": database(tmp_path)}
    mapping = Mapping.parse({"source": source, "leads": {"from": {"query": "select nope from x"}, "key": "id"}}, "x")
    with pytest.raises(AccordError, match="no such table: x"):
        read(mapping, tmp_path)


def test_a_column_that_is_not_there_is_named_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="Did you mean 'created'"):
        loaded(tmp_path, {"leads.csv": LEADS}, leads={"from": "leads.csv", "key": "id", "created_at": "craeted"})


def test_the_simulated_company_is_exported_when_it_is_told_to_be(tmp_path: Path) -> None:
    simulated = {"source": {"simulated": {"leads": 300, "seed": 7}}}
    whole = read(Mapping.parse(simulated, "x"), tmp_path).history
    early = read(Mapping.parse({**simulated, "exported_at": "2026-01-31"}, "x"), tmp_path).history
    assert str(early.exported_at) == "2026-01-31 00:00:00+00:00"
    assert 0 < len(early.leads) < len(whole.leads)
    assert early.milestones["reached_at"].max() <= early.exported_at < whole.milestones["reached_at"].max()


def test_the_simulated_company_is_a_source_like_any_other(tmp_path: Path) -> None:
    simulated = {"source": {"simulated": {"leads": 300, "seed": 7}}}
    result = read(Mapping.parse(simulated, "x"), tmp_path)
    assert len(result.history.leads) == 300
    assert result.quarantine.empty
    assert result.placeholders.set_index(["column", "value"])["rows"]["topic", "Select"] > 0
    assert not result.history.leads["topic"].isin(["Select", "-"]).any()
    with pytest.raises(AccordError, match="leds"):
        read(Mapping.parse({"source": {"simulated": {"leds": 3}}}, "x"), tmp_path)


ODD = ["", "l1", "l2", "2026-01-01", "25/12/2025", "N/A", "1.5", "-1", "999", "Yes", "é", '"q"', "a;b", "x" * 300]
ODD += [
    "=1+1",
    "\t",
    "2026-10-25 02:30",
    "nan",
    "0001-01-01",
    "9999-12-31",
    "1e400",
    "\uff11\uff12",
    "inf",
    "\0",
    "a\nb",
]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(ODD)] * 5), max_size=8))
def test_whatever_a_file_holds_it_is_read_or_refused_for_people(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    pd.DataFrame(rows, columns=["id", "a", "b", "c", "d"]).to_csv(folder / "leads.csv", index=False)
    events = {"from": "leads.csv", "lead": "a", "occurred_at": "c", "kind": "b", "value": "d"}
    written = {
        "leads": {"from": "leads.csv", "key": "id", "created_at": "c", "account": "a"},
        "milestones": [{"column": "b", "values": {"Yes": "won"}}, {"milestone": "lost", "reached_at": "d"}],
        "activities": [events],
        "time_zone": "Europe/Paris",
    }
    with contextlib.suppress(AccordError):
        history = read(Mapping.parse(written, "x"), folder).history
        assert history.leads["lead_id"].is_unique
    with contextlib.suppress(AccordError):
        text = write(guess(folder, beside=folder))
        read(Mapping.parse(YAML(typ="safe").load(text)["history"], "x"), folder)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_whatever_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    frame = pd.DataFrame(rows, columns=["one", "two"])
    frame.to_csv(path, sep=separator, index=False, quoting=1)
    content = read_csv(path, separator=separator)
    assert list(zip(*(column.to_pylist() for column in content.table.columns), strict=True)) == rows


def test_the_separator_is_the_one_that_cuts_evenly() -> None:
    assert find_separator("a;b;c\n1,5;2,5;3\n2;3;4\n") == ";"
    assert find_separator("name\tnote\nx\ta, b; c\n") == "\t"
    assert find_separator("only\n1\n2\n") == ","
