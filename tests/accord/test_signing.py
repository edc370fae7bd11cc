from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from accord.agreement import ledger_of
from accord.console import silent
from accord.project import Opened
from accord.promotion import promote
from accord.registry import store_of, version_at
from accord.shelf import newest, renew
from accord.signing import sign
from models.sheet import Sheet
from tests.accord.challengers import OTHER, TEAMS, another, both_sign, measured, refused, written
from tests.sheets import day
from training.tracking import CHALLENGER

Run = Callable[..., Any]


@pytest.fixture
def opened(mine: Path) -> Opened:
    return written(mine)


def test_the_registry_keeps_the_agreement_with_the_model(opened: Opened, tmp_path: Path) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    store = store_of(opened)
    client = MlflowClient(store.uri, store.uri)
    version = client.get_model_version("lead-score", "2")
    run = client.get_run(version.run_id)
    for tags in (version.tags, run.data.tags):
        assert tags["accord.sheet"] == measured(opened).hash
        assert tags["accord.signed"] == "true"
        assert tags["accord.signed.sales"] == f"Paul Weber, {day(2).isoformat()}"
    folder = Path(client.download_artifacts(version.run_id, "agreement", str(tmp_path)))
    assert Sheet.from_json(json.loads((folder / "sheet.json").read_text())) == measured(opened)
    kept = json.loads((folder / "signatures.json").read_text())["signatures"]
    assert [(each["role"], each["name"]) for each in kept] == list(TEAMS.items())


def test_signing_goes_on_while_the_registry_is_down_and_promotion_tells_it(
    opened: Opened, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(opened, 2, sheet=measured(opened))
    with monkeypatch.context() as down:
        down.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        for role, name in TEAMS.items():
            told = accord("sign", "--as", role, "--name", name, "--project", opened.folder)
            assert "the signature is kept" in told.stderr
    store = store_of(opened)
    client = MlflowClient(store.uri, store.uri)
    assert "accord.signed" not in client.get_model_version("lead-score", "2").tags
    promote(opened, silent)
    assert client.get_model_version("lead-score", "2").tags["accord.signed"] == "true"


def test_sign_shows_the_sheet_and_what_is_still_missing(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    here = ("--project", opened.folder)
    first = accord("sign", "--as", "marketing", "--name", "Ines Roux", *here).stdout
    assert "A: 40 leads a week (34–46); sales accepts 78–86%, closes 24–31% within 120 days" in first
    assert "within 120 days" in first
    assert "Not signed yet by sales." in first
    again = json.loads(accord("sign", "--as", "marketing", "--name", "Ines Roux", *here, "--json").stdout)
    assert (again["new"], again["missing"]) == (False, ["sales"])
    last = accord("sign", "--as", "sales", "--name", "Paul Weber", *here).stdout
    assert "Both teams have signed this sheet." in last


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [("marketing", " ", "needs a name"), ("finance", "Paul", "marketing"), ("sales", "\x1b[2J", "no name")],
)
def test_who_cannot_sign_is_a_mistake_of_the_command_line(
    opened: Opened, accord: Run, role: str, name: str, said: str
) -> None:
    another(opened, 2, sheet=measured(opened))
    assert said in accord("sign", "--as", role, "--name", name, "--project", opened.folder, code=2).stderr
    assert ledger_of(opened).signatures() == ()


def test_without_a_sheet_there_is_nothing_to_sign(opened: Opened, accord: Run, tmp_path: Path) -> None:
    another(opened, 2)
    how = ("sign", "--as", "sales", "--name", "Paul")
    assert "measured no promises" in accord(*how, "--project", opened.folder, code=1).stderr
    assert refused(accord, opened) == [
        "This training measured no promises (it needs a history with times): there is nothing to sign."
    ]
    (tmp_path / "new").mkdir()
    assert "Nothing has been trained" in accord(*how, "--project", written(tmp_path / "new").folder, code=1).stderr


def test_what_is_signed_is_what_the_file_says(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    changed = written(opened.folder, OTHER)
    said = accord("sign", "--as", "sales", "--name", "Paul", "--project", opened.folder, code=1).stderr
    assert changed.settings.definition.short_version in said
    assert "accord train" in said
    assert ledger_of(opened).signatures() == ()


def test_status_tells_who_signed_and_what_the_challenger_needs(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    another(opened, 3, sheet=measured(opened, accept=0.71))
    sign(opened, "sales", "Paul Weber", day(9))
    told = json.loads(accord("status", "--project", opened.folder, "--json").stdout)
    assert told["in_force"]["sheet"] == measured(opened).short_hash
    assert [each["name"] for each in told["in_force"]["signatures"]] == list(TEAMS.values())
    assert told["on_the_table"]["missing"] == ["marketing"]
    assert datetime.fromisoformat(told["on_the_table"]["signatures"][0]["signed_at"]) == day(9)
    assert told["asks"][0] == "Not signed by marketing."
    assert "promised 78% to 86%" in told["asks"][1]
    text = accord("status", "--project", opened.folder).stdout
    assert "Ines Roux, 01 July 2026" in text
    assert "marketing: not signed" in text


def test_the_challenger_is_what_is_signed(opened: Opened) -> None:
    another(opened, 2, sheet=measured(opened))
    assert version_at(store_of(opened), CHALLENGER) == "2"
    done = sign(opened, "sales", "Paul Weber", day(1))
    assert done.noted == ("2",)
    assert done.agreement.sheet == measured(opened)


def test_a_scorer_whose_training_is_not_here_gets_its_signatures_too(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(opened, 2, sheet=measured(opened))
    promote(opened, silent, on_trial=True)
    sign(opened, "marketing", "Ines Roux", day(1))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("accord.signing.renew", lambda *_: None)
        sign(opened, "sales", "Paul Weber", day(2))
    for folder in opened.state.dossiers.iterdir():
        shutil.rmtree(folder)
    assert renew(opened, ledger_of(opened)) == "2"
    stored = newest(opened)
    assert stored is not None
    agreed = stored.agreement()
    assert agreed is not None
    assert agreed.complete
    assert renew(opened, ledger_of(opened)) is None
