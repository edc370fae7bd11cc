"""The command line and the ledger of scores: bulk scores recorded, standings made anew, old rows deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from accord.project import open_project
from accord.recorded import Recorded
from features.facts import Facts
from features.records import Record
from serving.lead import microseconds
from serving.ledger.database import Database, database
from serving.ledger.delivery import delivery_to
from serving.ledger.lines import encode
from serving.ledger.spool import Spool
from tests.serving.ledger.rows import AT, kept, score
from tests.serving.scorers import scorer

Run = Callable[..., Any]


@pytest.fixture
def project(promoted: Path, tmp_path: Path) -> Path:
    """A copy of a project with a champion."""
    return Path(shutil.copytree(promoted, tmp_path / "own"))


def ledger(project: Path) -> Database:
    opened = open_project(project)
    return database(opened.ledger_url, project)


def test_bulk_scores_are_recorded_as_they_were_written(project: Path, tmp_path: Path, accord: Run) -> None:
    out = tmp_path / "scores.csv"
    told = json.loads(accord("score", "-o", out, "--project", project, "--record", "--json").stdout)
    written = pd.read_csv(out, dtype={"lead_id": "str"}).set_index("lead_id")
    rows = kept(ledger(project))
    assert told["recorded"] == len(rows) == len(written) > 0
    assert {row["caller"] for row in rows} == {"accord score"}
    assert len({row["request_id"] for row in rows}) == 1
    for row in rows:
        assert row["p_close"] == pytest.approx(written.loc[row["lead_id"], "p_close"], abs=1e-12)
        assert row["grade"] == written.loc[row["lead_id"], "grade"]
        assert np.isfinite(np.frombuffer(row["features"], "<f8")).any()
    about = [json.loads(row["about"]) for row in rows]
    assert any("source" in each for each in about)
    assert any("handed_off_at" in each for each in about)
    assert {row["lead_id"] for row in kept(ledger(project), "standings")} == set(written.index)
    assert not list((project / ".accord" / "spool").glob("*.segment"))


def test_what_others_left_in_the_spool_is_delivered_and_not_counted_as_recorded(
    project: Path, tmp_path: Path, accord: Run
) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("lead_id,source\nq1,webinar\nq2,fair\n")
    left = Spool(open_project(project).state.make().spool)
    left.write([encode("scores", score(f"theirs{number}")) for number in range(5)])
    left.close()
    told = accord("score", leads, "-o", tmp_path / "a.csv", "--project", project, "--record", "--json")
    assert json.loads(told.stdout)["recorded"] == 2
    assert len(kept(ledger(project))) == 7


def test_a_files_scores_are_recorded_and_nothing_is_without_the_option(
    project: Path, tmp_path: Path, accord: Run
) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("lead_id,source\nq1,webinar\nq2,fair\n")
    accord("score", leads, "-o", tmp_path / "a.csv", "--project", project)
    assert not (project / ".accord" / "spool").exists()
    accord("score", leads, "-o", tmp_path / "a.csv", "--project", project, "--record")
    assert {row["lead_id"] for row in kept(ledger(project))} == {"q1", "q2"}


def test_scores_of_which_nobody_knows_who_objected_are_not_given(
    project: Path, tmp_path: Path, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text("lead_id,source\nq1,webinar\n")
    monkeypatch.setenv("ACCORD_LEDGER_URL", f"sqlite:///{tmp_path / 'away' / 'ledger.db'}")
    said = accord("score", leads, "-o", tmp_path / "a.csv", "--project", project, "--record", code=4)
    assert "The ledger does not answer" in said.stderr


def test_what_cannot_be_delivered_at_the_end_waits_on_disk(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_project(project)
    monkeypatch.setenv("ACCORD_LEDGER_URL", f"sqlite:///{project / 'away' / 'ledger.db'}")
    for rows in (1, 2):
        recorded = Recorded(opened, scorer())
        facts = Facts.of_records([Record("q1")], scorer().fields)
        at = np.array([microseconds(AT)])
        recorded.put_records([Record("q1")], at.tolist(), scorer().score(facts, np.array([0]), at))
        recorded.finish()
        assert f"{rows} rows wait" in capsys.readouterr().err
    (project / "away").mkdir()
    last = Recorded(opened, scorer())
    last.finish()
    assert len(kept(ledger(project))) == 2


def test_old_scores_are_deleted_and_standings_made_anew_by_command(project: Path, accord: Run) -> None:
    accord("ledger", "upgrade", "--project", project)
    place = ledger(project)
    now = datetime.now(UTC)
    old, new = score("a", given_at=now - timedelta(days=40), score=11), score("b", given_at=now, score=77)
    delivery_to(place).deliver([("scores", old), ("scores", new)])
    said = accord("ledger", "retain", "--older-than", 30, "--project", project).stdout
    assert "scores       1" in said
    assert "deliveries   0" in said
    assert [row["lead_id"] for row in kept(place)] == ["b"]
    told = json.loads(accord("ledger", "retain", "--older-than", 30, "--project", project, "--json").stdout)
    assert told["deleted"] == {"scores": 0, "deliveries": 0}
    with place.writing() as connection:
        connection.exec_driver_sql("DELETE FROM standings")
    assert json.loads(accord("ledger", "rebuild", "--project", project, "--json").stdout) == {"leads": 1}
    assert [row["score"] for row in kept(place, "standings")] == [77]
    accord("ledger", "retain", "--project", project, code=2)
    accord("ledger", "retain", "--older-than", 1_000_000, "--project", project, code=2)
