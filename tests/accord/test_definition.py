from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accord.agreement import ledger_of
from accord.document import DocumentError
from accord.project import open_project
from models.sheet import ROLES
from tests.sheets import day, sheet

Run = Callable[..., Any]

HISTORY = "name: x\nhistory: {source: {simulated: {leads: 10}}}\n"


def project(folder: Path, definition: str, name: str = "accord.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"{HISTORY}definition: {definition}\n", encoding="utf-8")
    return folder


def test_a_definition_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "agreed.yaml").write_text("name: deal\nclose_days: 90\n")
    apart = open_project(project(tmp_path, "agreed.yaml")).settings.definition
    within = open_project(project(tmp_path / "within", "{name: deal, close_days: 90}")).settings.definition
    assert apart.version == within.version


def test_what_is_wrong_in_a_file_of_its_own_is_told_with_that_file(tmp_path: Path) -> None:
    (tmp_path / "agreed.yaml").write_text("name: deal\nclose_day: 90\n")
    with pytest.raises(DocumentError, match=r"agreed\.yaml:2: close_day: This key is not known"):
        open_project(project(tmp_path, "agreed.yaml"))
    with pytest.raises(DocumentError, match=r"accord\.yaml: definition: There is no such file\. Got 'gone\.yaml'"):
        open_project(project(tmp_path, "gone.yaml"))


def test_the_version_of_the_definition_is_told(tmp_path: Path, accord: Run) -> None:
    folder = project(tmp_path, "{name: deal}")
    told = json.loads(accord("definition", "version", "--project", folder, "--json").stdout)
    assert told["version"] == open_project(folder).settings.definition.version
    assert accord("definition", "version", "--project", folder).stdout.split() == ["deal", told["version"][:12]]


def test_what_changed_since_another_file_is_told_in_words(tmp_path: Path, accord: Run) -> None:
    before = project(tmp_path / "before", "{grades: {A: {capacity_per_week: 40}, B: {}}}")
    now = project(tmp_path / "now", "{grades: {A: {capacity_per_week: 30}, B: {}}}")
    said = accord("definition", "diff", before, "--project", now).stdout
    assert "• Grade A: 30 leads a week; before: 40 leads a week." in said
    said = accord("definition", "diff", before, "--project", now, "--language", "fr").stdout
    assert "• Classe A\u00a0: 30 leads par semaine\u00a0; avant\u00a0: 40 leads par semaine." in said
    told = json.loads(accord("definition", "diff", before, before, "--project", now, "--json").stdout)
    assert told["changes"] == []
    assert told["before"] == told["after"]


def test_a_reference_that_names_nothing_is_told(tmp_path: Path, accord: Run) -> None:
    said = accord("definition", "diff", "yesterday", "--project", project(tmp_path, "{}"), code=2).stderr
    assert "names no definition" in said


def test_without_a_champion_there_is_nothing_to_compare_with(tmp_path: Path, accord: Run) -> None:
    assert "There is no champion" in accord("definition", "diff", "--project", project(tmp_path, "{}"), code=1).stderr


def test_the_signed_definition_and_versions_of_the_ledger_are_known(tmp_path: Path, accord: Run) -> None:
    folder = project(tmp_path, "{grades: {A: {capacity_per_week: 30}, B: {}}}")
    opened = open_project(folder)
    assert "No sheet has been signed" in accord("definition", "diff", "signed", "--project", folder, code=1).stderr
    ledger, signed = ledger_of(opened), sheet()
    ledger.put(signed, day(1))
    for role in ROLES:
        ledger.sign(signed.hash, role, "Ines Roux", day(2))
    for before in ((), ("signed",), (signed.definition.version[:8],)):
        said = accord("definition", "diff", *before, "--project", folder).stdout
        assert "• Grade A: 30 leads a week; before: 40 leads a week." in said
