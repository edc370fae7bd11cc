from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from accord.exits import Exit
from accord.project import open_project
from accord.review import gather
from serving.ledger import Ledger
from serving.ledger.checks import latest
from serving.ledger.tables import scores
from training.progress import silent
from training.review.reports import REPORTS

Run = Callable[..., Any]
LONG = 100_000


def ledger_of(folder: Path) -> Ledger:
    return Ledger.open(open_project(folder).ledger_url, folder)


def test_right_after_training_the_backtest_stands_in_and_the_report_says_so(trained: Path, accord: Run) -> None:
    said = accord("report", "kept", "quality", "--project", trained, "--language", "fr")
    assert "rien ne peut encore être jugé" in " ".join(said.stdout.split())
    assert "Le modèle en service a appris sur" in " ".join(said.stdout.split())
    for name in ("kept", "quality"):
        for language in ("en", "fr"):
            page = trained / f".accord/reports/{name}.{language}.html"
            assert f'lang="{language}"' in page.read_text(encoding="utf-8")
            assert page.name in said.stderr.replace("\n", "")


def test_json_holds_every_report(trained: Path, accord: Run) -> None:
    found = json.loads(accord("report", "kept", "--project", trained, "--json").stdout)
    assert set(found["reports"]) == {"kept"}
    assert {"unsigned", "backtest"} <= set(found["notes"])
    assert {each["state"] for each in found["reports"]["kept"]["promises"]} == {"young"}
    everything = json.loads(accord("report", "--project", trained, "--json").stdout)
    assert set(everything["reports"]) | set(everything["nothing_to_report"]) == set(REPORTS)


def test_since_a_date_only_the_leads_of_then_are_told_of(trained: Path) -> None:
    opened = open_project(trained)
    every = gather(opened, silent).handed.leads
    since = datetime(2026, 3, 1, tzinfo=UTC)
    some = gather(opened, silent, since).handed.leads
    assert some["handed_off_at"].min() > since
    assert 0 < len(some) < len(every)
    assert set(some["given"]) <= {"backtest", "none"}, "the scorer learned from all of them"


def test_a_report_nobody_knows_and_a_period_without_leads_are_refused(
    trained: Path, accord: Run, tmp_path: Path
) -> None:
    assert "kept" in accord("report", "nonsense", "--project", trained, code=Exit.USAGE).stderr
    said = accord("report", "--project", trained, "--since", "2031-01-01", code=Exit.REFUSED).stderr
    assert "No lead was handed over" in said
    (tmp_path / "accord.yaml").write_text((trained / "accord.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert "accord train" in accord("report", "--project", tmp_path, code=Exit.REFUSED).stderr


def test_a_check_ends_with_its_own_code_and_is_kept_in_the_ledger(mine: Path, accord: Run) -> None:
    said = accord("check", "--project", mine, code=Exit.ALARM)
    assert "ALARM" in said.stdout
    assert "The export is of" in said.stdout
    assert "0 broken" in said.stderr
    at, kept = latest(ledger_of(mine)) or (None, {})
    assert kept["alarm"] is True
    assert [each["code"] for each in kept["findings"] if each["alarm"]] == ["export_old"]
    assert {each["what"] for each in kept["promises"]} == {"per_week", "accept", "close"}
    accord("check", "--project", mine, "--export-days", LONG)
    later, fine = latest(ledger_of(mine)) or (None, {})
    assert at is not None
    assert later is not None
    assert later > at
    assert fine["alarm"] is False


def test_a_check_says_in_json_and_in_french_what_stopped(mine: Path, accord: Run) -> None:
    ledger = ledger_of(mine)
    with ledger.database.writing() as connection:
        connection.execute(sa.insert(scores), [given(number) for number in range(1, 26)])
    found = json.loads(
        accord("check", "--project", mine, "--export-days", LONG, "--language", "fr", "--json", code=Exit.ALARM).stdout
    )
    (one,) = [each for each in found["findings"] if each["alarm"]]
    assert (one["code"], one["what"]) == ("data_stopped", "scores")
    assert "scores donnés" in one["sentence"]
    assert one["remedy"]


def given(number: int) -> dict[str, Any]:
    at = datetime(2024, 1, number, 12, tzinfo=UTC)
    return {
        "id": f"{number:032x}",
        "lead_id": f"other {number}",
        "given_at": at,
        "as_of": at,
        "score": 50,
        "grade": "A",
        "p_accept": 0.5,
        "p_close": 0.2,
        "enough_information": True,
        "explored": None,
        "reasons": "[]",
        "features": np.zeros(1).tobytes(),
        "catalog": "c" * 64,
        "model_version": "1",
        "stored_version": "v",
        "definition_version": "d" * 64,
        "about": "{}",
        "caller": "local",
        "request_id": "r",
    }
