from __future__ import annotations

from pathlib import Path

import pytest

from accord.document import DocumentError
from accord.exits import MisuseError
from accord.project import Opened, Project, open_project
from crm.errors import AccordError

LEAST = "name: acme\nhistory:\n  source: {simulated: {leads: 10}}\n"


def opened(folder: Path, more: str = "") -> Opened:
    (folder / "accord.yaml").write_text(LEAST + more, encoding="utf-8")
    return open_project(folder)


def test_everything_but_name_and_history_has_defaults(tmp_path: Path) -> None:
    settings = opened(tmp_path).settings
    assert settings.definition.close_days == 180
    assert settings.serving.host == "127.0.0.1"
    assert settings == Project.model_validate(settings.model_dump())


def test_a_project_cannot_be_changed_after_it_was_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        opened(tmp_path).settings.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("training: {date: 3}\n", "accord.yaml:4: training.date: This key is not known. Got 3.\nDid you mean 'dates'?"),
        (
            "serving:\n  port: 70000\n",
            "accord.yaml:5: serving.port: Input should be less than or equal to 65535. Got 70000.\nCorrect `port`",
        ),
        (
            "definition:\n  grades: {A: 90, B: 95}\n",
            "accord.yaml:5: definition.grades: grades go down from the best to the last, which takes the rest and so",
        ),
        ("extra: 1\n", "accord.yaml:4: extra: This key is not known. Got 1.\n"),
        (
            "promotion:\n  slope: {low: 2, high: 1}\n",
            "accord.yaml:5: promotion.slope: low is above high.\nCorrect `slope` and run the command again.",
        ),
        ("audit:\n  perfect_areas: 0.9\n", "accord.yaml:5: audit.perfect_areas: This key is not known. Got 0.9.\n"),
    ],
)
def test_mistakes_come_back_with_their_line(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        opened(tmp_path, more)
    assert str(caught.value).startswith(said)


def test_a_mistake_inside_the_history_is_found_through_lists_and_unions(tmp_path: Path) -> None:
    leads = "  leads: {from: leads.csv, key: id}\n"
    text = f"name: a\nhistory:\n{leads}  milestones:\n    - from: won.csv\n      mileston: won\n"
    (tmp_path / "accord.yaml").write_text(text)
    with pytest.raises(DocumentError) as caught:
        open_project(tmp_path)
    first = caught.value.problems[-1]
    assert first.where == "accord.yaml:6: history.milestones[0].mileston"
    assert first.remedy == "Did you mean 'milestone'?"


def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = (
        "name: a\nhistory:\n  source: {database: 'postgresql://me:hunter2@db/crm'}\n  leads: {from: leads, key: id}\n"
    )
    (tmp_path / "accord.yaml").write_text(text)
    with pytest.raises(DocumentError) as caught:
        open_project(tmp_path)
    assert "No passwords in this file" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_no_project_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=r"no accord\.yaml"):
        open_project(tmp_path)


def test_the_environment_comes_before_the_file_and_the_file_before_the_embedded_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = opened(tmp_path)
    assert embedded.tracking_uri == f"sqlite:///{tmp_path}/.accord/mlflow.db"
    written = opened(tmp_path, "tracking: {uri: 'http://${REGISTRY:-registry}:5000'}\n")
    assert written.tracking_uri == "http://registry:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere:5000")
    assert written.tracking_uri == "http://elsewhere:5000"


def test_a_variable_that_is_not_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="ACCORD_NOT_SET is not set"):
        _ = opened(tmp_path, "tracking: {uri: 'http://${ACCORD_NOT_SET}:5000'}\n").tracking_uri


def test_the_state_closes_itself_to_git(tmp_path: Path) -> None:
    state = opened(tmp_path).state.make()
    assert (state.folder / ".gitignore").read_text() == "*\n"
