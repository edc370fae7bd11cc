from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accord.__main__ import app

TINY = """\
name: tiny
history:
  source:
    simulated: {leads: 800, seed: 1}
definition: {close_days: 120}
training: {dates: 2, widths: [0.15], half_lives: [], trees: [], level_days: [60], level_priors: [10]}
"""


class Accord:
    """The command line in this process."""

    def __init__(self) -> None:
        self._runner = CliRunner()

    def __call__(self, *arguments: object, code: int | None = 0) -> Result:
        result = self._runner.invoke(app, [str(argument) for argument in arguments])
        assert code is None or result.exit_code == code, f"{result.exit_code}\n{result.stdout}\n{result.stderr}"
        return result


@pytest.fixture(autouse=True)
def _no_other_registry_or_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("ACCORD_LEDGER_URL", raising=False)


@pytest.fixture(scope="session")
def accord() -> Accord:
    return Accord()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, accord: Accord) -> Path:
    """A project on the simulated company with one challenger. Tests that change it take `mine`."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "accord.yaml").write_text(TINY, encoding="utf-8")
    accord("train", "--project", folder)
    return folder


@pytest.fixture
def mine(trained: Path, tmp_path: Path) -> Path:
    """A copy of `trained` that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "project"))


@pytest.fixture(scope="session")
def promoted(trained: Path, tmp_path_factory: pytest.TempPathFactory, accord: Accord) -> Path:
    """A project with a champion, for tests that only read."""
    folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("promoted") / "project"))
    accord("promote", "--on-trial", "--project", folder)
    return folder
