"""A guessed mapping loads back and reads the export it was guessed from."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from crm.errors import AccordError
from crm.guess import Guess, guess, write
from crm.guess.decide import _source
from crm.guess.draft import flow, scalar
from crm.guess.outcomes import meaning
from crm.history import Milestone
from crm.mapping import Mapping
from crm.sources import Loaded, read

N = 400


def tables(day: str = "%Y-%m-%d") -> dict[str, pd.DataFrame]:
    """A CRM of four tables whose outcomes are told by a table of wins."""
    rng = np.random.default_rng(1)
    ids = [f"00Q{i:05d}" for i in range(N)]
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 300, N)), unit="D")
    prospects = pd.DataFrame(
        {
            "ProspectId": ids,
            "Created": created.strftime(day),
            "CompanyRef": rng.choice([f"C{i:03d}" for i in range(90)], N),
            "Employees": rng.integers(1, 5000, N),
            "Source": rng.choice(["web", "fair", "Select"], N),
            "Owner": rng.choice(["ann", "bob", "eve"], N),
        }
    )
    companies = pd.DataFrame({"Ref": [f"C{i:03d}" for i in range(90)], "Industry": rng.choice(["steel", "wood"], 90)})
    seconds = pd.to_timedelta(rng.integers(0, 10**7, 3000), unit="s")
    touches = pd.DataFrame(
        {
            "prospect": rng.choice(ids, 3000),
            "when": (pd.Timestamp("2025-02-01") + seconds).strftime(day),
            "type": rng.choice(["mail", "call", "visit"], 3000),
        }
    )
    won = rng.choice(N, 60, replace=False)
    deals = pd.DataFrame(
        {
            "ProspectId": [ids[i] for i in won],
            "signed_on": [(created[i] + pd.Timedelta(days=int(rng.integers(1, 60)))).strftime(day) for i in won],
            "amount": rng.integers(1000, 9000, 60),
        }
    )
    log = pd.DataFrame(
        {
            "prospect": rng.choice(ids, 200),
            "field": rng.choice(["Source", "Owner"], 200),
            "old_value": rng.choice(["ann", "web"], 200),
            "new_value": rng.choice(["bob", "fair"], 200),
            "changed": pd.Timestamp("2025-06-01").strftime(day),
        }
    )
    return {"prospects": prospects, "companies": companies, "touches": touches, "deals": deals, "log": log}


def loaded_back(made: Guess, base: Path) -> tuple[Loaded, dict[str, Any]]:
    document = YAML(typ="safe").load(write(made))
    return read(Mapping.parse(document["history"], "accord.yaml: history"), base), document


def assert_whole(result: Loaded) -> None:
    history = result.history
    assert len(history.leads) == N
    assert history.leads["created_at"].notna().all()
    assert len(history.accounts) == 90
    assert {f.name: f.kind.value for f in history.fields}["account.Industry"] == "category"
    assert len(history.activities) == 3000
    assert history.milestones["milestone"].value_counts().to_dict() == {"won": 60}
    assert len(history.changes) == 200
    assert [f.name for f in history.fields if f.actor] == ["Owner"]
    assert result.quarantine.empty


def test_a_folder_is_guessed_explained_written_and_read_back(tmp_path: Path) -> None:
    for name, table in tables().items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    made = guess(tmp_path, beside=tmp_path)
    result, document = loaded_back(made, tmp_path)
    assert_whole(result)
    assert document["history"]["source"] == {"folder": "."}
    assert document["definition"]["close_days"] == 60
    assert any("prospects.csv is the table of leads" in sentence for sentence in made.explained)
    assert any("by its name 'won'" in sentence for sentence in made.explained)
    assert "'Select' in Source" in write(made)
    assert all(len(line) <= 120 for line in write(made).splitlines())


def test_day_first_semicolons_latin_letters_and_gzip_are_guessed(tmp_path: Path) -> None:
    for name, table in tables("%d/%m/%Y").items():
        table.to_csv(tmp_path / f"{name}.csv.gz", index=False, sep=";", encoding="cp1252")
    result, document = loaded_back(guess(tmp_path, beside=tmp_path), tmp_path)
    assert_whole(result)
    assert document["history"]["leads"]["created_at"] == {"column": "Created", "format": "%d/%m/%Y"}


def test_a_french_export_is_guessed_with_its_funnel_and_its_decimal_commas(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    ids = [f"P{i:04d}" for i in range(N)]
    leads = pd.DataFrame(
        {
            "N° prospect": ids,
            "Date de création": [f"{1 + i % 28:02d}/03/2026 10:00" for i in range(N)],
            "Remise": [f"{value:.2f}".replace(".", ",") for value in rng.uniform(1, 30, N)],
            "Converti": rng.choice(["Oui", "Non", "Non"], N),
        }
    )
    steps = ["Transmis aux ventes", "Accepté", "Refusé", "Gagné", "Perdu", "Sans suite"]
    log = pd.DataFrame(
        {
            "N° prospect": np.repeat(ids, 2),
            "Étape": rng.choice(steps, 2 * N),
            "Horodatage": "30/04/2026 12:30:00",
            "Commercial": rng.choice([f"Vendeuse {i}" for i in range(20)], 2 * N),
        }
    )
    for name, table in {"prospects": leads, "étapes": log}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False, sep=";", encoding="cp1252")
    made = guess(tmp_path, beside=tmp_path)
    loaded, document = loaded_back(made, tmp_path)
    history = loaded.history
    assert document["history"]["leads"]["from"] == {"name": "prospects.csv", "decimal": ","}
    assert {f.name: f.kind.value for f in history.fields}["Remise"] == "number"
    assert history.leads["Remise"].between(1, 30).all()
    assert history.milestones["milestone"].value_counts().to_dict() == {
        meaning(step): count for step, count in log["Étape"].value_counts().items()
    }
    assert history.milestones["reached_at"].notna().all()  # the flag without times is put to a person
    assert "# - column: Converti" in write(made)
    assert document["history"]["milestones"][0]["actor"] == "Commercial"
    assert document["definition"]["close_days"] == 60  # the wins of the log took 33 to 60 days


def test_points_and_commas_in_the_same_tables_numbers_are_no_decimal_comma(tmp_path: Path) -> None:
    numbers = {"a": [f"{i},25" for i in range(100)], "b": [f"{i}.25" for i in range(100)]}
    pd.DataFrame({"Id": [f"x{i}" for i in range(100)], **numbers}).to_csv(tmp_path / "leads.csv", index=False)
    assert "decimal" not in write(guess(tmp_path, beside=tmp_path))


def test_a_database_is_guessed_like_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect(tmp_path / "crm.db") as connection:
        for name, table in tables().items():
            table.to_sql(name, connection, index=False)
    connection.close()
    result, document = loaded_back(guess("sqlite:///crm.db", beside=tmp_path), tmp_path)
    assert_whole(result)
    assert document["history"]["source"] == {"database": "sqlite:///crm.db"}


def test_a_password_never_gets_into_the_file(tmp_path: Path) -> None:
    _, _, written = _source("postgresql://bob:hunter2@db/crm", tmp_path)
    assert written == {"database": "${CRM_DATABASE}"}


def test_a_flat_flag_is_an_outcome_and_a_single_file_an_export(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    flat = pd.DataFrame({"Id": [f"x{i}" for i in range(300)], "Visits": rng.integers(0, 50, 300)})
    flat = flat.assign(**{"Converted": rng.choice([0, 0, 1], 300), "Has Bought: yes": rng.choice(["Yes", "No"], 300)})
    flat.to_csv(tmp_path / "flat.csv", index=False)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    made = guess(tmp_path / "flat.csv", beside=tmp_path)
    result, _ = loaded_back(made, tmp_path)
    assert '# - column: "Has Bought: yes"' in write(made)  # a second claim is put to a person
    assert set(result.history.milestones["milestone"]) == {"won", "no_decision"}
    assert [f.name for f in result.history.fields] == ["Visits", "Has Bought: yes"]
    assert not result.history.timed


def test_a_stage_column_gives_the_stages_it_can_and_lists_the_rest(tmp_path: Path) -> None:
    stages = ["Closed Won", "Closed Lost", "Working", "New"] * 50
    flat = pd.DataFrame({"Lead ID": [f"L{i:03d}" for i in range(200)], "Stage": stages})
    flat.to_csv(tmp_path / "leads.csv", index=False)
    made = guess(tmp_path, beside=tmp_path)
    result, _ = loaded_back(made, tmp_path)
    assert result.history.milestones["milestone"].value_counts().to_dict() == {"won": 50, "lost": 50}
    assert "# Working: … # 50 rows" in write(made)


def test_events_whose_meaning_is_claimed_twice_are_left_to_a_person(tmp_path: Path) -> None:
    leads = pd.DataFrame({"case": [f"K{i:03d}" for i in range(120)]})
    rows = [(f"K{i:03d}", what) for i in range(120) for what in ("A_DECLINED", "O_DECLINED", "sent", "call")]
    events = pd.DataFrame(rows, columns=["case", "activity"]).assign(time="2026-01-01T10:00:00Z")
    leads.to_csv(tmp_path / "cases.csv", index=False)
    events.to_csv(tmp_path / "events.csv", index=False)
    made = guess(tmp_path, beside=tmp_path)
    result, _ = loaded_back(made, tmp_path)
    assert result.history.milestones.empty
    assert "#     A_DECLINED: rejected # 120 rows, 120 leads" in write(made)
    assert set(result.history.activities["kind"]) == {"sent", "call"}


def test_nothing_to_read_and_no_key_are_errors_for_people(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="not there"):
        guess(tmp_path / "nowhere")
    with pytest.raises(AccordError, match="no table to read"):
        guess(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\na,1\na,1\n")
    with pytest.raises(AccordError, match="No table has a column that names each row once"):
        guess(tmp_path)


@pytest.mark.parametrize(
    ("text", "milestone"),
    [
        ("Closed Won", Milestone.WON),
        ("closed_lost", Milestone.LOST),
        ("Disqualified", Milestone.REJECTED),
        ("SQL", Milestone.ACCEPTED),
        ("MQL", Milestone.HANDED_OFF),
        ("won back after lost", None),
        ("Deal loss", Milestone.LOST),
        ("Transmis aux ventes", Milestone.HANDED_OFF),
        ("Sans suite", Milestone.NO_DECISION),
        ("page view", None),
    ],
)
def test_words_of_the_funnel_are_known_and_doubt_stays_doubt(text: str, milestone: Milestone | None) -> None:
    assert meaning(text) is milestone


@pytest.mark.parametrize("value", ["No", "yes", "1", "2026-01-01", "a: b", "# x", "", "été", "{x}", "it's", "1e3", "~"])
def test_every_scalar_comes_back_as_the_text_it_was(value: str) -> None:
    for version in ("1.1", "1.2"):
        yaml = YAML(typ="safe", pure=True)
        yaml.version = version  # type: ignore[assignment]
        assert yaml.load(f"a: {scalar(value)}") == {"a": value}
        assert yaml.load(flow({value or "k": [value]})) == {value or "k": [value]}
