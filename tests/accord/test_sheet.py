from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_the_sheet_is_printed_and_kept_as_a_page(trained: Path, accord: Run) -> None:
    for language, title in (("en", "WHAT WE CALL A LEAD"), ("fr", "CE QUE NOUS APPELONS UN LEAD")):
        assert title in accord("sheet", "--project", trained, "--language", language).stdout
        assert (trained / f".accord/reports/sheet.{language}.html").is_file()


def test_the_sheet_as_json_is_what_will_be_signed(trained: Path, accord: Run) -> None:
    found = json.loads(accord("sheet", "--project", trained, "--json").stdout)
    assert len(found["hash"]) == 64
    assert [promise["grade"] for promise in found["promises"]] == ["A", "B", "C", "D"]
    assert found["measured"]["coverage"] == 0.9


def test_negotiation_marks_what_the_hours_suffice_for(trained: Path, accord: Run) -> None:
    found = json.loads(accord("negotiate", "--project", trained, "--cuts", "1,3", "--hours", "2", "--json").stdout)
    assert [offer["fits"] for offer in found["offers"]].count(True) == 1
    assert list(found["grades"]) == ["A", "B", "C", "D"]
    assert (trained / ".accord/reports/negotiation.en.html").is_file()
    said = accord("negotiate", "--project", trained, "--cuts", "1,3", "--hours", "2", "--language", "fr").stdout
    assert "Avec 2 heures par semaine" in said


@pytest.mark.parametrize("cuts", ["", "ten", "5,-1", "nan", ",".join(["1"] * 31)])
def test_cut_offs_that_make_no_sense_are_refused(trained: Path, accord: Run, cuts: str) -> None:
    assert "--cuts" in accord("negotiate", "--project", trained, "--cuts", cuts, code=2).stderr


@pytest.mark.parametrize("command", ["sheet", "negotiate"])
def test_before_training_there_is_nothing_to_promise(tmp_path: Path, trained: Path, accord: Run, command: str) -> None:
    (tmp_path / "accord.yaml").write_text((trained / "accord.yaml").read_text())
    assert "accord train" in accord(command, "--project", tmp_path, code=1).stderr


def test_whoever_signed_stands_on_the_sheet(mine: Path, accord: Run) -> None:
    accord("sign", "--project", mine, "--as", "sales", "--name", "Léa Martin")
    assert "Léa Martin" in accord("sheet", "--project", mine).stdout
    (signed,) = json.loads(accord("sheet", "--project", mine, "--json").stdout)["signatures"]
    assert (signed["role"], signed["name"]) == ("sales", "Léa Martin")


def test_a_definition_changed_since_is_told(mine: Path, accord: Run) -> None:
    file = mine / "accord.yaml"
    file.write_text(file.read_text().replace("close_days: 120", "close_days: 120, accept_days: 20"))
    assert "has changed since" in accord("sheet", "--project", mine).stderr


def test_cut_offs_are_not_weighed_on_another_history(mine: Path, accord: Run) -> None:
    file = mine / "accord.yaml"
    file.write_text(file.read_text().replace("leads: 800, seed: 1", "leads: 800, seed: 2"))
    assert "history is not the one" in accord("negotiate", "--project", mine, code=1).stderr
