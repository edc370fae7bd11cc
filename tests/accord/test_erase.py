from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from accord.agreement import ledger_of
from accord.barred import RULE
from accord.evidence import gather
from accord.exits import RefusedError
from accord.learning import load
from accord.leftovers import clear
from accord.project import Opened, open_project
from serving.ledger.delivery import Delivery
from serving.ledger.erasure import object_to
from tests.accord.conftest import Accord
from tests.serving.ledger.rows import AT, kept, recorder, report, score
from training.dossier import newest


def dossier_lead(folder: Path) -> str:
    """A lead that the project's dossier holds rows of."""
    dossier = newest(folder / ".accord" / "dossiers")
    assert dossier is not None
    return str(dossier.arrivals["lead_id"].iloc[0])


def tables_with(folder: Path, lead_id: str) -> list[Path]:
    found = ((path, pd.read_parquet(path)) for path in folder.rglob("*.parquet"))
    return [path for path, table in found if "lead_id" in table and (table["lead_id"] == lead_id).any()]


def objecting(opened: Opened, lead_id: str) -> None:
    with ledger_of(opened).database.writing() as connection:
        object_to(connection, lead_id, AT, "local")


def test_an_erased_lead_leaves_no_row_in_the_projects_files(mine: Path, accord: Accord) -> None:
    lead_id = dossier_lead(mine)
    assert len(tables_with(mine / ".accord", lead_id)) >= 3  # the dossier's two, and their copies in MLflow's artifacts
    told = json.loads(accord("erase", lead_id, "--project", mine, "--json").stdout)
    assert told["new"]
    assert len(told["rewritten"]) >= 3
    assert tables_with(mine / ".accord", lead_id) == []
    assert not json.loads(accord("erase", lead_id, "--project", mine, "--json").stdout)["new"]


def test_erasing_takes_rows_from_the_ledger_and_from_the_way_there(mine: Path, accord: Accord) -> None:
    opened = open_project(mine)
    database = ledger_of(opened).database
    Delivery(database).deliver([("scores", score("Lead-9")), ("feedback", report("Lead-9")), ("scores", score("b"))])
    spooled = recorder(opened.state.folder, database)
    spooled.write("scores", [score("Lead-9"), score("b")])
    spooled.stop()
    told = json.loads(accord("erase", "Lead-9", "--project", mine, "--json").stdout)
    assert told["rows"] == {"scores": 1, "feedback": 1, "standings": 1, "deliveries": 0}
    assert told["waiting"] == 0
    assert told["files_clean"]
    assert [row["lead_id"] for row in kept(database)] == ["b", "b"]
    held = [path for path in (mine / ".accord").rglob("*") if path.is_file() and b"Lead-9" in path.read_bytes()]
    assert held == []


def test_erased_and_objecting_leads_are_in_no_history_any_more(mine: Path, accord: Accord) -> None:
    opened = open_project(mine)
    before = load(opened).history
    gone, objects = before.leads["lead_id"].iloc[:2]
    accord("erase", gone, "--project", mine)
    objecting(opened, objects)
    loaded = load(opened)
    for table in ("leads", "activities", "milestones", "changes"):
        assert not set(getattr(loaded.history, table)["lead_id"]) & {gone, objects}, table
    assert len(loaded.history.leads) == len(before.leads) - 2
    assert any("2 leads of the export (1 keys erased, 1 that object" in note for note in loaded.notes)


def test_the_next_training_never_sees_an_erased_lead(mine: Path, accord: Accord) -> None:
    lead_id = dossier_lead(mine)
    first = newest(mine / ".accord" / "dossiers")
    assert first is not None
    accord("erase", lead_id, "--project", mine)
    said = accord("train", "--project", mine, "--later").stderr
    assert "Left out as the ledger bars them: 1 leads" in said
    again = newest(mine / ".accord" / "dossiers")
    assert again is not None
    assert again.about.data.digest != first.about.data.digest
    assert again.about.data.rows["leads"] == first.about.data.rows["leads"] - 1
    assert tables_with(mine / ".accord", lead_id) == []


def test_a_ledger_that_bars_nobody_changes_nothing_of_the_training(mine: Path, accord: Accord) -> None:
    first = newest(mine / ".accord" / "dossiers")
    assert first is not None
    told = json.loads(accord("train", "--project", mine, "--later", "--json").stdout)
    assert told["artifact"] == first.about.artifact


def test_a_history_is_not_read_past_a_ledger_that_does_not_answer(
    mine: Path, accord: Accord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_LEDGER_URL", "postgresql://127.0.0.1:9/nowhere")
    assert "The ledger does not answer" in accord("audit", "--project", mine, code=4).stderr
    assert "The ledger does not answer" in accord("erase", "a", "--project", mine, code=4).stderr


def test_a_lead_without_a_key_cannot_be_erased(mine: Path, accord: Accord) -> None:
    assert "names no lead" in accord("erase", " ", "--project", mine, code=3).stderr


@pytest.mark.parametrize("why", ["erased", "objected"])
def test_a_barred_lead_in_a_file_is_set_aside_and_not_scored(
    promoted: Path, tmp_path: Path, accord: Accord, why: str
) -> None:
    folder = Path(shutil.copytree(promoted, tmp_path / "project"))
    opened = open_project(folder)
    leads = load(opened).history.leads.head(3)
    leads.to_csv(tmp_path / "leads.csv", index=False)
    barred = str(leads["lead_id"].iloc[1])
    if why == "erased":
        accord("erase", barred, "--project", folder)
    else:
        objecting(opened, barred)
    accord("score", tmp_path / "leads.csv", "--out", tmp_path / "scores.csv", "--project", folder)
    assert barred not in set(pd.read_csv(tmp_path / "scores.csv")["lead_id"])
    aside = pd.read_csv(folder / ".accord" / "quarantine" / "score.csv")
    assert (aside["rule"] == RULE).sum() == 1
    assert barred not in (folder / ".accord" / "quarantine" / "score.csv").read_text()


def test_pages_that_name_a_lead_go_and_other_files_are_named_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<td>Ann &amp; Co</td>")
    (tmp_path / "b.html").write_text("<td>Ann &amp; Cos</td>")
    (tmp_path / "c.json").write_text('{"first": ["Ann & Co"]}')
    (tmp_path / "d.csv").write_text('got,record\n,"{""key"": ""Ann & Co""}"\n,"{""key"": ""other""}"\n')
    found = clear(tmp_path, "Ann & Co")
    assert [path.name for path in found.removed] == ["a.html"]
    assert [path.name for path in found.rewritten] == ["d.csv"]
    assert [path.name for path in found.to_look_at] == ["c.json"]
    assert (tmp_path / "b.html").exists()
    assert "Ann" not in (tmp_path / "d.csv").read_text()


def test_a_key_that_is_a_small_number_is_looked_for_in_tables_alone(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<td>17</td>")
    pd.DataFrame({"lead_id": [17, 18]}).to_parquet(tmp_path / "b.parquet")
    found: Any = clear(tmp_path, "17")
    assert (found.removed, len(found.rewritten)) == ([], 1)
    assert pd.read_parquet(tmp_path / "b.parquet")["lead_id"].tolist() == [18]


def test_a_table_with_a_very_long_cell_or_foreign_bytes_is_cleared_like_any(tmp_path: Path) -> None:
    long = "x" * 200_000
    (tmp_path / "a.csv").write_bytes(f"got,record\nLead-9,{long}\nother,{long}\n".encode() + b"third,\xe9\n")
    found = clear(tmp_path, "Lead-9")
    assert len(found.rewritten) == 1
    left = (tmp_path / "a.csv").read_bytes()
    assert b"Lead-9" not in left
    assert b"third,\xe9" in left


def test_a_file_too_large_to_be_searched_is_named_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord.leftovers._LARGEST", 10)
    (tmp_path / "a.json").write_text('{"key": "Lead-9"}')
    (tmp_path / "b.json").write_text("{}")
    assert [path.name for path in clear(tmp_path, "Lead-9").to_look_at] == ["a.json"]


def test_whoever_asks_for_evidence_after_an_erasure_is_told_why_it_is_out_of_date(mine: Path, accord: Accord) -> None:
    accord("erase", dossier_lead(mine), "--project", mine)
    with pytest.raises(RefusedError) as refused:
        gather(open_project(mine), lambda *_: None)
    assert any("erased" in reason for reason in refused.value.reasons)
