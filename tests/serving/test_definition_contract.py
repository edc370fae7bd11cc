from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.agreement import FILE
from models.definition import Definition
from models.scorer import Scorer
from models.sheet import Role, Sheet
from serving.store import put
from tests.serving.conftest import Running
from tests.serving.scorers import by_hand
from tests.serving.test_scores_contract import a_lead
from tests.sheets import agreement, definition, sheet

Run = Callable[..., Running]
Artifacts = Callable[..., Path]


def sheet_of(scorer: Scorer) -> Sheet:
    return sheet(of=scorer.definition, grading=scorer.grading)


def hand_over(running: Running, artifacts: Artifacts, agreed: Sheet, *roles: Role) -> None:
    """Puts the scorer made by hand with this sheet, signed for these teams, and has it taken over."""
    running.store.put(artifacts("by hand"), {"version": "12"}, agreement(agreed, *roles, texts={"en": "40 a week"}))
    running.incumbent.look()


def test_the_reply_holds_definition_sheet_and_signatures(run: Run, artifacts: Artifacts) -> None:
    running = run("by hand")
    agreed = sheet_of(by_hand())
    hand_over(running, artifacts, agreed, "marketing", "sales")
    assert running.client.get("/v1/definition").json() == {
        "definition": {"name": "what a lead is", "version": agreed.definition.short_version, "signed": True},
        "full_version": agreed.definition.version,
        "content": agreed.definition.canonical(),
        "model": {"version": "12", "trained_at": "2026-06-30T00:00:00+00:00"},
        "grading": {
            "cuts": [
                {"grade": "A", "score": 90, "probability": None},
                {"grade": "B", "score": 70, "probability": None},
                {"grade": "C", "score": 40, "probability": None},
            ],
            "rest": "D",
        },
        "sheet": {
            "hash": agreed.hash,
            "definition_version": agreed.definition.short_version,
            "promises": agreed.to_json()["promises"],
            "measured": agreed.to_json()["measured"],
            "texts": {"en": "40 a week"},
        },
        "signatures": [
            {"role": "marketing", "name": "Marketing Person", "signed_at": "2026-07-10T12:00:00Z"},
            {"role": "sales", "name": "Sales Person", "signed_at": "2026-07-10T12:00:00Z"},
        ],
        "signed": True,
    }
    assert running.post(a_lead())["definition"] == running.client.get("/v1/definition").json()["definition"]


def test_a_scorer_without_a_sheet_is_told_as_it_is(run: Run) -> None:
    told = run("by hand").client.get("/v1/definition").json()
    assert (told["sheet"], told["signatures"], told["signed"]) == (None, [], False)
    assert Definition.of_canonical(told["content"]).version == told["full_version"]


@pytest.mark.parametrize(
    ("agreed", "roles", "signed"),
    [
        (sheet_of(by_hand()), ("marketing", "sales"), True),
        (sheet_of(by_hand()), ("sales", "marketing", "sales"), True),
        (sheet_of(by_hand()), ("marketing",), False),
        (sheet_of(by_hand()), ("sales", "sales"), False),
        (sheet_of(by_hand()), (), False),
        (sheet(of=definition(), grading=by_hand().grading), ("marketing", "sales"), False),
        (sheet(of=by_hand().definition), ("marketing", "sales"), False),
    ],
    ids=["both", "three people", "marketing", "sales twice", "nobody", "another definition", "another grading"],
)
def test_signed_is_true_exactly_when_both_teams_signed_this_definition(
    run: Run, artifacts: Artifacts, agreed: Sheet, roles: tuple[Role, ...], signed: bool
) -> None:
    running = run(2)
    hand_over(running, artifacts, agreed, *roles)
    assert running.post(a_lead())["definition"]["signed"] is signed
    assert running.client.get("/v1/definition").json()["signed"] is signed
    assert f'signed="{str(signed).lower()}"' in running.client.get("/metrics").text


def test_a_signature_given_later_is_taken_over_with_the_same_scorer(run: Run, artifacts: Artifacts) -> None:
    running = run("by hand")
    before = running.post(a_lead())
    hand_over(running, artifacts, sheet_of(by_hand()), "marketing", "sales")
    after = running.post(a_lead())
    assert (before["definition"].pop("signed"), after["definition"].pop("signed")) == (False, True)
    assert before == after


def test_an_agreement_that_was_changed_is_not_taken_over(run: Run, artifacts: Artifacts) -> None:
    running = run("by hand")
    store = running.store
    store.put(artifacts(2), {"version": "13"}, agreement(sheet_of(by_hand()), "marketing", "sales"))
    newest = store.newest()
    assert newest
    path = store.get(newest).folder.parent / FILE
    path.write_text(path.read_text().replace("Sales Person", "Nobody").replace('"low": 0.78', '"low": 0.1'))
    running.incumbent.look()
    assert running.post(a_lead())["model"]["version"] == "12"
    assert 'accord_takeovers_total{outcome="failed"} 1.0' in running.client.get("/metrics").text


def test_there_is_no_definition_before_a_scorer(run: Run) -> None:
    reply = run(None).client.get("/v1/definition")
    assert reply.status_code == 503
    assert reply.json()["type"] == "urn:accord:problem:no-scorer"


def test_an_agreement_goes_with_a_scorer_put_from_elsewhere(tmp_path: Path, artifacts: Artifacts) -> None:
    agreed = agreement(sheet_of(by_hand()), "sales")
    put(artifacts("by hand"), {"version": "1"}, agreed, home=tmp_path)
    (place,) = (tmp_path / "models").rglob(FILE)
    assert place.parent.joinpath("scorer").is_dir()
