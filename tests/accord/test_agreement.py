from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from accord.agreement import ANEW, grading_kept, ledger_of
from accord.console import silent
from accord.project import Opened
from accord.promotion import hand_over, promote, rollback
from accord.registry import store_of, version_at
from accord.shelf import in_service, newest
from accord.signing import sign
from serving.lead import microseconds
from serving.scoring import Served, open_scorer
from tests.accord.challengers import GRADES, OTHER, another, both_sign, measured, refused, written
from tests.sheets import day
from training.tracking import CHAMPION

Run = Callable[..., Any]


@pytest.fixture
def opened(mine: Path) -> Opened:
    return written(mine)


def served(opened: Opened) -> Served:
    """What a running service would have taken over."""
    stored = newest(opened)
    assert stored is not None
    return open_scorer(stored, microseconds(day(1)))


def test_nothing_unsigned_is_promoted_and_every_missing_signature_is_named(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    assert refused(accord, opened) == ["Not signed by marketing.", "Not signed by sales."]
    assert version_at(store_of(opened), CHAMPION) is None
    sign(opened, "sales", "Paul Weber", day(1))
    assert refused(accord, opened) == ["Not signed by marketing."]
    sign(opened, "marketing", "Ines Roux", day(2))
    assert promote(opened, silent).signed
    assert served(opened).definition.signed


def test_the_signatures_are_told_beside_every_other_reason(opened: Opened, accord: Run) -> None:
    off = {"slope": [0.5, 0.4, 0.6], "intercept": [0.0, -0.1, 0.1]}
    another(opened, 2, sheet=measured(opened), calibration={"close": off})
    reasons = "\n".join(refused(accord, opened))
    for said in ("slope 0.500", "Not signed by marketing", "Not signed by sales"):
        assert said in reasons
    both_sign(opened)
    assert [reason for reason in refused(accord, opened) if "igned" in reason] == []


def test_a_trial_waives_the_signatures_and_nothing_else(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    told = accord("promote", "--on-trial", "--project", opened.folder)
    assert "not signed, so on trial" in told.stdout
    assert "trial  Not signed by sales." in told.stderr
    assert not served(opened).definition.signed
    off = {"slope": [0.5, 0.4, 0.6], "intercept": [0.0, -0.1, 0.1]}
    another(opened, 3, sheet=measured(opened), calibration={"close": off})
    assert "slope 0.500" in accord("promote", "--on-trial", "--project", opened.folder, code=1).stderr


def test_another_threshold_is_another_version_and_is_refused_until_both_sign_again(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    promote(opened, silent)
    before = served(opened)
    changed = written(opened.folder, OTHER)
    version = changed.settings.definition.short_version
    assert version != opened.settings.definition.short_version
    another(changed, 3, sheet=measured(changed, cut=0.3))
    reasons = refused(accord, changed)
    assert reasons[:2] == ["Not signed by marketing.", "Not signed by sales."]
    assert f"signed definition {before.definition.version}; this scorer is of definition {version}" in reasons[2]
    still = served(changed)
    assert (still.stored.tag, still.definition) == (before.stored.tag, before.definition)
    assert still.definition.signed
    sign(changed, "sales", "Paul Weber", day(5))
    assert len(refused(accord, changed)) == 2
    sign(changed, "marketing", "Ines Roux", day(6))
    assert served(changed).definition == before.definition
    promote(changed, silent)
    assert (served(changed).definition.version, served(changed).definition.signed) == (version, True)


def test_retraining_on_more_data_asks_for_no_signature_while_the_promise_holds(opened: Opened) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    promote(opened, silent)
    later = measured(opened, accept=0.84, exported_at="2026-08-01T00:00:00+00:00")
    assert later.hash != measured(opened).hash
    another(opened, 3, sheet=later)
    done = promote(opened, silent)
    assert (done.version, done.signed) == ("3", True)
    now = served(opened)
    assert now.definition.signed
    assert now.agreement is not None
    assert now.agreement.sheet == measured(opened)
    assert len(ledger_of(opened).signatures()) == 2


def test_a_broken_promise_asks_both_teams_to_sign_again(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    promote(opened, silent)
    another(opened, 3, sheet=measured(opened, accept=0.71))
    assert refused(accord, opened) == [
        "Not signed by marketing.",
        "Not signed by sales.",
        "A: sales accepts 71%, promised 78% to 86%: both teams must sign again.",
    ]
    assert in_service(opened) == "2"
    both_sign(opened, on=7)
    assert promote(opened, silent).signed


def test_new_cut_offs_ask_both_teams_to_sign_again(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    another(opened, 3, sheet=measured(opened, cut=0.3))
    assert "A from 25.00%, now from 30.00%" in refused(accord, opened)[2]


def test_a_signature_given_on_trial_reaches_the_service_without_training(opened: Opened) -> None:
    another(opened, 2, sheet=measured(opened))
    promote(opened, silent, on_trial=True)
    trial = served(opened)
    assert sign(opened, "sales", "Paul Weber", day(1)).handed_over == "2"
    assert not served(opened).definition.signed
    done = sign(opened, "marketing", "Ines Roux", day(2))
    assert (done.handed_over, done.agreement.complete) == ("2", True)
    now = served(opened)
    assert now.definition.signed
    assert now.stored.labels["artifact"] == trial.stored.labels["artifact"]
    assert sign(opened, "marketing", "Ines Roux", day(3)).handed_over is None


def test_promoting_again_hands_over_a_signature_that_the_service_has_not_got(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(opened, 2, sheet=measured(opened))
    promote(opened, silent, on_trial=True)
    with monkeypatch.context() as cut:
        cut.setattr("accord.signing.renew", lambda *_: None)
        both_sign(opened)
    assert not served(opened).definition.signed
    assert promote(opened, silent).changed
    assert served(opened).definition.signed
    assert not promote(opened, silent).changed


def test_serving_brings_the_signatures_too(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    another(opened, 2, sheet=measured(opened))
    promote(opened, silent, on_trial=True)
    with monkeypatch.context() as cut:
        cut.setattr("accord.signing.renew", lambda *_: None)
        both_sign(opened)
    hand_over(opened)
    assert served(opened).definition.signed


def test_going_back_is_going_back_to_what_was_agreed(opened: Opened) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    promote(opened, silent)
    changed = written(opened.folder, OTHER)
    another(changed, 3, sheet=measured(changed))
    both_sign(changed, on=5)
    promote(changed, silent)
    assert rollback(changed, silent).signed
    assert served(changed).definition.version == opened.settings.definition.short_version
    assert served(changed).definition.signed


def test_a_definition_that_was_replaced_is_signed_again_before_it_is_promoted_again(
    opened: Opened, accord: Run
) -> None:
    another(opened, 2, sheet=measured(opened))
    both_sign(opened)
    changed = written(opened.folder, OTHER)
    another(changed, 3, sheet=measured(changed))
    both_sign(changed, on=5)
    back = written(opened.folder)
    another(back, 4, sheet=measured(back))
    assert len(refused(accord, back)) == 3
    both_sign(back, on=9)
    assert promote(back, silent).signed


@pytest.mark.parametrize("which", ["serve", "rollback"])
def test_a_ledger_that_is_down_takes_no_signature_from_the_service(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    for seed in (2, 3):
        another(opened, seed, sheet=measured(opened))
        both_sign(opened)
        promote(opened, silent)
    monkeypatch.setenv("ACCORD_LEDGER_URL", "postgresql://anne:s3cret@127.0.0.1:9/ledger")
    hand_over(opened) if which == "serve" else rollback(opened, silent)
    assert in_service(opened) == ("3" if which == "serve" else "2")
    assert served(opened).definition.signed


def test_a_ledger_that_is_down_is_told_without_its_password(
    opened: Opened, accord: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    another(opened, 2, sheet=measured(opened))
    monkeypatch.setenv("ACCORD_LEDGER_URL", "postgresql://anne:s3cret@127.0.0.1:9/ledger")
    here = ("--project", opened.folder)
    for command in (("promote",), ("sign", "--as", "sales", "--name", "Paul"), ("ledger", "status")):
        told = accord(*command, *here, "--json", code=4)
        assert "127.0.0.1:9" in told.stderr
        assert "s3cret" not in told.stderr + told.stdout
    status = accord("status", *here)
    assert "does not answer" in status.stdout
    assert "s3cret" not in status.stdout


def test_a_training_keeps_where_the_signed_grades_start(opened: Opened) -> None:
    assert grading_kept(opened) == (None, ANEW)
    another(opened, 2, sheet=measured(opened))
    assert grading_kept(opened) == (None, ANEW)
    sign(opened, "sales", "Paul Weber", day(1))
    assert grading_kept(opened) == (measured(opened).grading, f"sheet {measured(opened).short_hash}")
    assert grading_kept(written(opened.folder, OTHER)) == (None, ANEW)
    who = written(opened.folder, "grades: {A: {capacity_per_week: 40, who: sales, within_hours: 8}, B: {}}")
    assert grading_kept(who)[0] == measured(opened).grading
    horizon = written(opened.folder, f"{GRADES}, accept_days: 14")
    assert grading_kept(horizon) == (None, ANEW)


@pytest.mark.slow
def test_training_keeps_the_signed_cut_offs_unless_new_ones_are_asked_for(opened: Opened, accord: Run) -> None:
    another(opened, 2, sheet=measured(opened, cut=0.123456))
    sign(opened, "sales", "Paul Weber", day(1))
    store = store_of(opened)
    client = MlflowClient(store.uri, store.uri)
    here = ("--project", opened.folder, "--json")

    def trained(*options: str) -> tuple[float | None, str]:
        told = json.loads(accord("train", *options, *here).stdout)
        run = client.get_run(client.get_model_version("lead-score", told["version"]).run_id)
        grading = json.loads((Path(told["dossier"]) / "scorer/grading.json").read_text())
        return grading["cuts"][0]["probability"], run.data.params["grading.from"]

    assert trained() == (0.123456, f"sheet {measured(opened, cut=0.123456).short_hash}")
    cut, origin = trained("--new-cutoffs")
    assert cut != 0.123456
    assert origin == ANEW
