from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from accord.__main__ import app
from accord.console import plain, steps
from accord.exits import Exit, MisuseError, RefusedError, code_of, guarded
from accord.project import Project, ServingSettings
from crm.errors import AccordError, UnavailableError
from training.gates import Bounds

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
HEAVY = ("mlflow", "bentoml", "lightgbm", "pandas", "numpy", "sklearn", "scipy", "matplotlib", "pydantic", "sqlalchemy")

Run = Callable[..., Any]


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words: ``train``, ``definition diff``."""
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from [(name, command)] if inner is None else [(f"{name} {word}", one) for word, one in inner.items()]


def section(command: str) -> str:
    found = re.search(rf"^## accord {command}\b.*?(?=^## |\Z)", DOCS, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/cli.md has no section `## accord {command}`"
    return found[0]


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_and_option_is_documented(name: str) -> None:
    shared = DOCS[DOCS.index("## Options of every command") : DOCS.index("## Exit codes")]
    own = section(name)
    for parameter in dict(commands())[name].params:
        for option in (option for option in parameter.opts if option.startswith("-")):
            told = shared if option in {"--project", "--json", "--debug"} else own
            assert f"`{option}" in told, f"docs/cli.md does not tell of {option} of {name}"


def test_no_command_or_option_is_documented_that_does_not_exist() -> None:
    known = dict(commands())
    named = set(re.findall(r"^## accord ([a-z]+(?: [a-z]+)?)", DOCS, flags=re.MULTILINE))
    assert named == set(known)
    for name in named:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"^\| `(--[a-z-]+)", section(name), flags=re.MULTILINE)) <= options


def test_every_exit_code_is_documented() -> None:
    codes = DOCS[DOCS.index("## Exit codes") : DOCS.index("## accord.yaml")]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", codes, flags=re.MULTILINE)} == {int(e) for e in Exit}


def test_every_section_of_the_project_file_is_documented() -> None:
    table = DOCS[DOCS.index("## accord.yaml") : DOCS.index("## accord init")]
    for name in (*Project.model_fields, *ServingSettings.model_fields, *Bounds.model_fields):
        assert f"`{name}`" in table, name


def test_asking_for_help_loads_no_model_library() -> None:
    program = f"import sys, accord.__main__; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_program_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "accord", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+", run.stdout.strip())
    assert run.stderr == ""


def test_the_shell_completes_commands() -> None:
    asked = {"_ACCORD_COMPLETE": "complete_bash", "COMP_WORDS": "accord pro", "COMP_CWORD": "1"}
    program = "from accord.__main__ import app; app(prog_name='accord')"
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split() == ["promote"], run.stderr


@pytest.mark.parametrize("arguments", [("promot",), ("audit", "--projekt", "."), ("score", "a.csv", "--reasons", "11")])
def test_a_mistyped_command_line_ends_with_2(arguments: tuple[str, ...], accord: Run) -> None:
    accord(*arguments, code=2)


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path, accord: Run) -> None:
    for command in ("audit", "train", "register", "promote", "rollback", "serve", "status"):
        result = accord(command, "--project", tmp_path, code=2)
        assert result.stdout == ""
        assert result.stderr.replace("\n", " ") == (
            f"Error: {tmp_path}: There is no accord.yaml here. "
            "Make one from an export with `accord init EXPORT`, or name its folder with --project DIR. "
        )


def test_with_json_an_error_is_one_document_on_stdout(tmp_path: Path, accord: Run) -> None:
    error = json.loads(accord("status", "--project", tmp_path, "--json", code=2).stdout)["error"]
    assert error["code"] == 2
    assert error["where"] == str(tmp_path)
    assert error["remedy"].startswith("Make one")


def test_a_history_that_is_not_there_ends_with_3(tmp_path: Path, accord: Run) -> None:
    text = "name: a\nhistory:\n  source: {folder: nowhere}\n  leads: {from: leads.csv, key: id}\n"
    (tmp_path / "accord.yaml").write_text(text)
    said = accord("audit", "--project", tmp_path, code=3).stderr
    assert "The folder of the export is not there" in said
    assert "Traceback" not in said


def test_a_registry_that_is_down_is_told_before_the_history_is_read(
    tmp_path: Path, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "name: a\nhistory:\n  source: {folder: nowhere}\n  leads: {from: leads.csv, key: id}\n"
    (tmp_path / "accord.yaml").write_text(text)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    said = accord("train", "--project", tmp_path, code=4).stderr
    assert "does not answer" in said
    assert "MLFLOW_TRACKING_URI" in said
    assert "accord train --later" in said


def test_audit_gives_findings_as_json_and_fails_on_what_it_is_told_to(trained: Path, accord: Run) -> None:
    result = accord("audit", "--project", trained, "--json")
    found = json.loads(result.stdout)
    assert {"code", "severity", "field", "title", "evidence"} <= found["findings"][0].keys()
    assert "price_list" in found["blocked"]
    refused = json.loads(
        accord("audit", "--project", trained, "--json", "--fail-on", "block", code=1).stdout.splitlines()[-1]
    )
    assert any("price_list" in reason for reason in refused["error"]["reasons"])
    assert (trained / ".accord/reports/audit.html").is_file()


def test_training_writes_its_report_and_card_and_names_the_challenger(trained: Path) -> None:
    (dossier,) = (trained / ".accord/dossiers").iterdir()
    names = {str(path.relative_to(dossier)) for path in dossier.rglob("*") if path.is_file()}
    assert {"card.md", "audit.json", "forward.parquet", "reports/training.html", "plots/close_calibration.svg"} <= names
    card = (dossier / "card.md").read_text()
    for title in ("## Data", "## How it was chosen", "## Forward figures, close", "## Audit", "## Limits"):
        assert title in card


def test_training_without_the_registry_loses_nothing(mine: Path, accord: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (mine / "accord.yaml").read_text()
    (mine / "accord.yaml").write_text(text + "seed: 9\n")
    with monkeypatch.context() as down:
        down.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        later = json.loads(accord("train", "--project", mine, "--later", "--json").stdout)
        assert later["version"] is None
        assert accord("register", "--project", mine, code=4).stderr.count("accord register") == 1
    registered = [json.loads(accord("register", "--project", mine, "--json").stdout) for _ in range(2)]
    assert [(r["version"], r["new"]) for r in registered] == [("2", True), ("2", False)]


def test_status_tells_who_is_where(promoted: Path, accord: Run) -> None:
    found = json.loads(accord("status", "--project", promoted, "--json").stdout)
    assert (found["champion"], found["challenger"], found["in_service"]) == ("1", "1", "1")
    assert "champion" in accord("status", "--project", promoted).stdout


def test_init_writes_a_project_that_audit_reads_and_does_not_write_over_one(tmp_path: Path, accord: Run) -> None:
    export = tmp_path / "export"
    export.mkdir()
    rows = [
        f"{i},2025-{1 + i % 12:02d}-05,{'web' if i % 3 else 'fair'},{'yes' if i % 4 == 0 else 'no'}" for i in range(120)
    ]
    (export / "leads.csv").write_text("lead_id,created,source,converted\n" + "\n".join(rows) + "\n")
    accord("init", export, "--project", tmp_path / "project")
    accord("audit", "--project", tmp_path / "project")
    assert "--force" in accord("init", export, "--project", tmp_path / "project", code=2).stderr
    accord("init", export, "--project", tmp_path / "project", "--force")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RefusedError("No.", reasons=("a",)), Exit.REFUSED),
        (MisuseError("What?"), Exit.USAGE),
        (AccordError("Bad rows."), Exit.DATA),
        (UnavailableError("Down."), Exit.UNAVAILABLE),
        (ZeroDivisionError("oops"), Exit.FAULT),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    error: BaseException, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(error) is code

    @guarded
    def command(debug: bool = False) -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    if not isinstance(error, KeyboardInterrupt):
        with pytest.raises(typer.Exit):
            command(debug=True)
        assert "Traceback" in capsys.readouterr().err


def test_a_refusal_prints_each_reason_on_a_line_of_its_own() -> None:
    assert (
        str(RefusedError("No.", reasons=("first", "second"), remedy="Mend it."))
        == "No.\n  - first\n  - second\nMend it."
    )


@pytest.mark.parametrize(
    ("quiet", "terminal", "drawn"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_bars_are_drawn_only_where_somebody_watches(
    quiet: bool, terminal: bool, drawn: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    with steps(quiet=quiet) as step:
        step("Reading the history", 0.3)
    said = capsys.readouterr()
    assert ("Reading the history" in said.err) is drawn
    assert said.out == ""


def test_the_audit_is_told_in_words_too(trained: Path, accord: Run) -> None:
    result = accord("audit", "--project", trained, "--notes")
    assert "price_list" in result.stdout
    assert "audit.html" in result.stderr


def test_json_holds_no_number_that_json_does_not_know() -> None:
    assert plain({"a": (float("nan"), float("inf"), 1.5), "b": Path("x")}) == {"a": [None, None, 1.5], "b": "x"}
