from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from accord.console import silent
from accord.project import Opened, open_project
from accord.promotion import promote, rollback
from accord.registry import crown, store_of, uncrown, version_at
from accord.shelf import in_service
from tests.accord.challengers import another
from training.dossier import Dossier, newest
from training.tracking import CHALLENGER, CHAMPION

Run = Callable[..., Any]


def worse(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(p=1 - rows["p"])


@pytest.fixture
def opened(mine: Path) -> Opened:
    return open_project(mine)


def test_promoting_and_going_back_the_whole_way(opened: Opened, accord: Run) -> None:
    here = ("--project", opened.folder)
    first = json.loads(accord("promote", "--on-trial", *here, "--json").stdout)
    assert (first["champion"], first["before"], first["changed"]) == ("1", None, True)
    assert {gate["gate"] for gate in first["gates"]} == {"calibration", "audit", "signatures"}
    assert in_service(opened) == "1"

    again = json.loads(accord("promote", "--on-trial", *here, "--json").stdout)
    assert (again["champion"], again["changed"]) == ("1", False)

    assert another(opened, seed=2) == "2"
    second = json.loads(accord("promote", "--on-trial", *here, "--json").stdout)
    assert (second["champion"], second["before"]) == ("2", "1")
    assert [gate["head"] for gate in second["gates"] if gate["gate"] == "champion"] == ["accept", "close"]
    assert in_service(opened) == "2"

    assert "Version 1 is the champion again" in accord("rollback", *here).stdout
    assert (version_at(store_of(opened), CHAMPION), in_service(opened)) == ("1", "1")
    assert "nothing to go back to" in accord("rollback", *here, code=1).stderr
    assert (version_at(store_of(opened), CHAMPION), in_service(opened)) == ("1", "1")


def test_a_refusal_names_every_reason_at_once(opened: Opened, accord: Run) -> None:
    accord("promote", "--on-trial", "--project", opened.folder)
    block = {
        "code": "near-perfect-field",
        "severity": "block",
        "field": "source",
        "evidence": "It tells.",
        "kept": None,
    }
    off = {"slope": [0.5, 0.4, 0.6], "intercept": [1.0, 0.9, 1.1]}
    another(opened, seed=2, forward=worse, calibration={"close": off}, findings=[block])
    refused = json.loads(accord("promote", "--on-trial", "--project", opened.folder, "--json", code=1).stdout)["error"]
    assert refused["code"] == 1
    reasons = "\n".join(refused["reasons"])
    assert len(refused["reasons"]) == 5
    for said in (
        "accept: forward log-loss",
        "close: forward log-loss",
        "slope 0.500",
        "intercept 1.000",
        "near-perfect",
    ):
        assert said in reasons
    assert version_at(store_of(opened), CHAMPION) == "1"
    assert in_service(opened) == "1"


@pytest.mark.parametrize(("asked", "code"), [("1", 1), ("7", 0)])
def test_only_what_the_present_champion_was_asked_counts(opened: Opened, accord: Run, asked: str, code: int) -> None:
    def all_right(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(p_champion=0.98 * rows["y"] + 0.01)

    accord("promote", "--on-trial", "--project", opened.folder)
    another(opened, seed=2, forward=all_right, champion=asked)
    accord("promote", "--on-trial", "--project", opened.folder, code=code)


def test_training_asks_the_champion_about_what_came_after_it(opened: Opened, accord: Run) -> None:
    accord("promote", "--on-trial", "--project", opened.folder)
    project = opened.folder / "accord.yaml"
    later = project.read_text().replace("{leads: 800, seed: 1}", "{leads: 800, seed: 1, wait_days: 150}")
    project.write_text(later, encoding="utf-8")
    accord("train", "--project", opened.folder)
    dossier = newest(opened.state.dossiers)
    assert dossier is not None
    assert dossier.about.champion == "1"
    asked = dossier.forward.loc[dossier.forward["p_champion"].notna(), "as_of"]
    assert len(asked)
    assert asked.min() >= pd.Timestamp("2026-07-01", tz="UTC")
    told = json.loads(accord("promote", "--on-trial", "--project", opened.folder, "--json", code=None).stdout)
    gates = told.get("gates") or told["error"]["reasons"]
    assert "against the champion's" in json.dumps(gates)


def test_without_a_challenger_promotion_is_refused(tmp_path: Path, trained: Path, accord: Run) -> None:
    (tmp_path / "accord.yaml").write_text((trained / "accord.yaml").read_text())
    assert "There is no challenger" in accord("promote", "--project", tmp_path, code=1).stderr
    assert "No scorer has been promoted yet" in accord("rollback", "--project", tmp_path, code=1).stderr


def test_a_challenger_without_a_common_row_is_refused(opened: Opened, accord: Run) -> None:
    accord("promote", "--on-trial", "--project", opened.folder)
    another(opened, seed=2, forward=lambda rows: rows.assign(lead_id="other-" + rows["lead_id"], p_champion=np.nan))
    said = accord("promote", "--on-trial", "--project", opened.folder, code=1).stderr
    assert "no forward row on which both" in said


class Cut(Exception):  # noqa: N818 - it stands for the power going
    pass


def cut_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """The registry takes so many writes, and then the process ends."""
    left = [calls]

    def counted(write_: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if not left[0]:
                raise Cut
            left[0] -= 1
            return write_(*args, **kwargs)

        return run

    for name in ("set_registered_model_alias", "set_registered_model_tag"):
        monkeypatch.setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))


def cut_before_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def put(*_: Any, **__: Any) -> None:
        raise Cut

    monkeypatch.setattr("serving.store.Store.put", put)


@pytest.mark.parametrize("writes", [0, 1, None])
def test_a_promotion_cut_short_is_completed_by_the_next(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, writes: int | None
) -> None:
    promote(opened, silent, on_trial=True)
    another(opened, seed=2)
    with monkeypatch.context() as cut:
        cut_before_the_service(cut) if writes is None else cut_after(cut, writes)
        with pytest.raises(Cut):
            promote(opened, silent, on_trial=True)
    assert promote(opened, silent, on_trial=True).version == "2"
    assert (version_at(store_of(opened), CHAMPION), in_service(opened)) == ("2", "2")
    assert rollback(opened, silent).version == "1"


@pytest.mark.parametrize("writes", [0, 1, 2, None])
def test_a_way_back_cut_short_is_completed_and_goes_no_further(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, writes: int | None
) -> None:
    promote(opened, silent, on_trial=True)
    for seed in (2, 3):
        another(opened, seed=seed)
        promote(opened, silent, on_trial=True)
    with monkeypatch.context() as cut:
        cut_before_the_service(cut) if writes is None else cut_after(cut, writes)
        with pytest.raises(Cut):
            rollback(opened, silent)
    assert rollback(opened, silent).version == "2"
    assert (version_at(store_of(opened), CHAMPION), in_service(opened)) == ("2", "2")


def test_crowning_twice_is_crowning_once(opened: Opened) -> None:
    store = store_of(opened)
    for version in ("1", "1"):
        crown(store, version)
    assert uncrown(store, None) is None


def test_a_champion_made_by_hand_can_be_gone_back_from(opened: Opened) -> None:
    promote(opened, silent, on_trial=True)
    another(opened, seed=2)
    by_hand = MlflowClient(store_of(opened).uri, store_of(opened).uri)
    by_hand.set_registered_model_alias("lead-score", CHAMPION, "2")
    assert rollback(opened, silent).version == "1"


def test_the_service_keeps_its_scorer_when_the_registry_has_another_challenger(opened: Opened) -> None:
    promote(opened, silent, on_trial=True)
    another(opened, seed=2)
    assert version_at(store_of(opened), CHALLENGER) == "2"
    assert in_service(opened) == "1"


def test_a_dossier_lost_here_comes_back_from_the_registry(opened: Opened) -> None:
    for folder in opened.state.dossiers.iterdir():
        (folder / "about.json").unlink()
        folder.rename(folder.with_name(f"lost-{folder.name}"))
    assert promote(opened, silent, on_trial=True).version == "1"
    assert isinstance(newest(opened.state.dossiers), Dossier)
