from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.accord.conftest import TINY

Run = Callable[..., Any]

VOICES = """
  voices:
    marketing:
      says: {en: In our countries and interested., fr: Dans nos pays et intéressé.}
      rule: {all: [{field: country, in: [FR, BE, DE]}, {activity: any, at_least: 1}]}
    sales:
      rule: {all: [{field: account.employees, at_least: 50}, {field: job_title, in: [executive, director, manager]}]}
"""
HEAD = "definition:\n  close_days: 120"


def write(folder: Path, definition: str) -> None:
    """The project's file with another definition."""
    text = TINY.replace("definition: {close_days: 120}", definition)
    assert text != TINY
    (folder / "accord.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def voiced(mine: Path) -> Path:
    write(mine, HEAD + VOICES)
    return mine


def test_both_pages_are_written_and_the_terminal_speaks_the_language_asked_for(voiced: Path, accord: Run) -> None:
    said = accord("trial", "--project", voiced, "--language", "fr")
    assert "les deux règles à l’épreuve" in said.stdout
    assert "Dans nos pays et intéressé." in said.stdout
    for language, words in (("en", "the two rules on trial"), ("fr", "les deux règles à l’épreuve")):
        page = voiced / f".accord/reports/trial.{language}.html"
        assert str(page) in said.stderr.replace("\n", "")
        assert words in page.read_text(encoding="utf-8")
        assert f'lang="{language}"' in page.read_text(encoding="utf-8")


def test_json_holds_every_figure_with_its_range(voiced: Path, accord: Run) -> None:
    found = json.loads(accord("trial", "--project", voiced, "--json").stdout)
    outcomes = found["outcomes"]
    assert {"every", "marketing", "sales", "both", "either", "score_for_marketing", "score_for_sales"} <= set(outcomes)
    assert outcomes["marketing"]["closed"]["low"] <= outcomes["marketing"]["closed"]["value"]
    assert outcomes["score_for_sales"]["leads"] == pytest.approx(outcomes["sales"]["leads"])
    assert 0 < outcomes["sales"]["share"] < 1
    assert found["said"]["against_the_score"]
    assert found["definition"]["version"]
    again = json.loads(accord("trial", "--project", voiced, "--json").stdout)
    assert again == found


def test_grades_and_words_may_change_without_another_training(mine: Path, accord: Run) -> None:
    write(mine, HEAD + VOICES + "  grades: {top: 80, rest: 1}\n  words: {country: {en: land}}\n")
    assert "Land: FR, BE" in accord("trial", "--project", mine).stdout


def test_without_voices_the_refusal_shows_how_to_write_them(trained: Path, accord: Run) -> None:
    said = accord("trial", "--project", trained, code=1).stderr
    assert "has no voices" in said
    assert "rule: {all:" in said
    assert "docs/voices.md" in said


def test_without_a_training_run_one_is_asked_for(tmp_path: Path, accord: Run) -> None:
    write(tmp_path, HEAD + VOICES)
    said = accord("trial", "--project", tmp_path, code=1).stderr
    assert "Nothing has been trained yet" in said
    assert "accord train" in said


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (f"definition:\n  close_days: 90{VOICES}", "closed within 120 days, the definition within 90"),
        (f"{HEAD}\n  accept_days: 20{VOICES}", "accepted within 30 days, the definition within 20"),
        (f"{HEAD}{VOICES}  never_use: [campaign]\n", "other fields since: campaign"),
    ],
)
def test_a_run_of_another_definition_is_refused(definition: str, said: str, mine: Path, accord: Run) -> None:
    write(mine, definition)
    refusal = accord("trial", "--project", mine, code=1).stderr
    assert said in refusal
    assert "accord train" in refusal


def test_a_run_on_another_export_is_refused(voiced: Path, accord: Run) -> None:
    text = (voiced / "accord.yaml").read_text(encoding="utf-8")
    (voiced / "accord.yaml").write_text(text.replace("leads: 800", "leads: 801"), encoding="utf-8")
    assert "the export, its mapping" in accord("trial", "--project", voiced, code=1).stderr


def test_all_that_is_wrong_with_the_rules_is_told_at_once_with_its_place(mine: Path, accord: Run) -> None:
    wrong = VOICES.replace("field: country", "field: land").replace("job_title, in: [executive", "job_title, in: [CEO")
    write(mine, HEAD + wrong)
    said = " ".join(accord("trial", "--project", mine, code=2).stderr.split())
    assert "definition.voices.marketing.rule.all[0].field: The history has no field of this name. Got 'land'" in said
    assert "definition.voices.sales.rule.all[1].in[0]: There is no such level. Got 'CEO'" in said
    problems = json.loads(accord("trial", "--project", mine, "--json", code=2).stdout)["error"]["problems"]
    assert len(problems) == 2


def test_a_field_that_the_audit_takes_out_is_refused_until_it_is_kept(mine: Path, accord: Run) -> None:
    write(mine, HEAD + VOICES.replace("field: country, in: [FR, BE, DE]", "field: price_list, known: true"))
    said = accord("trial", "--project", mine, code=2).stderr
    assert "The audit takes this field out. Got 'price_list'" in said
    assert "accord audit" in said
