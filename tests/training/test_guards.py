"""The guards of a training run, as data and in the report: accounts, persons, protected attributes."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from crm.history import History
from crm.simulation import Company, simulate
from models.definition import Definition
from training.audit import Audit, audit
from training.card import card
from training.evaluation import evaluate
from training.fit import Trained, learned_from, train
from training.guards import Guards, guards
from training.report import CHOSEN, Report, page, render
from training.settings import Settings, Trees

SETTINGS = Settings(dates=2, widths=(0.15,), half_lives=(), trees=(Trees(leaves=3, rate=0.2),), account_share=0.05)
REASON = "Forms of address are needed by the insurer; counsel agreed on 3 May."
BIG = "<GIANT>"


def company() -> History:
    """A third of the leads belong to one account."""
    history = simulate(Company(leads=1_500, leniency=1.5), seed=1).history
    third = np.arange(len(history.leads)) % 3 == 0
    leads = history.leads.assign(account_id=history.leads["account_id"].mask(third, BIG))
    return replace(
        history, leads=leads, accounts=history.accounts.assign(account_id=[BIG, *history.accounts["account_id"][1:]])
    )


def guarded(trained: Trained, definition: Definition) -> tuple[Audit, Guards]:
    """The audit and the guards under a definition, of a training that is there already."""
    history = company()
    found = audit(history, definition, kept=definition.keep)
    learned = learned_from(history, definition, found.blocked)
    return found, guards(learned, trained, definition, SETTINGS, found)


@pytest.fixture(scope="module")
def report() -> Report:
    history, definition = company(), Definition()
    found = audit(history, definition)
    trained = train(history, definition, SETTINGS, seed=1, blocked=found.blocked)
    methods = (CHOSEN, *trained.backtest.contestants)
    evaluation = evaluate(trained.backtest.table, methods, seed=1, rounds=20)
    return Report("x", trained, evaluation, *guarded(trained, definition))


@pytest.fixture(scope="module")
def found(report: Report) -> Guards:
    assert report.guards is not None
    return report.guards


def test_the_share_of_the_largest_accounts_is_told_and_what_the_cap_leaves_of_it(found: Guards) -> None:
    assert found.accounts is not None
    first, *_, last = found.accounts.carried
    assert first.leads == pytest.approx(1 / 3, abs=0.01)
    assert last.leads is not None
    assert last.leads > first.leads
    for share in first.learned.values():
        assert share == pytest.approx(0.05)
    assert {large.account for large in found.accounts.above} == {BIG}
    assert all(large.uncapped > 0.25 and large.capped == pytest.approx(0.05) for large in found.accounts.above)


def test_forward_figures_of_the_others_stand_beside_those_of_all(found: Guards, report: Report) -> None:
    assert found.accounts is not None
    for head, by_count in found.accounts.forward.items():
        own = report.evaluation.of(head, CHOSEN)["value"]
        assert by_count[0]["auc"] == pytest.approx(own["auc"])
        assert by_count[0]["log_loss"] == pytest.approx(own["log_loss"])
        leads = [by_count[count]["leads"] or 0.0 for count in (0, 1, 3, 10)]
        assert leads[0] * 0.75 > leads[1] > leads[2] > leads[3]


def test_a_score_that_never_saw_the_largest_is_held_against_the_one_that_did(found: Guards, report: Report) -> None:
    assert found.accounts is not None
    table = report.table
    newest = table["fold"] == table["fold"].max()
    assert table.loc[~newest, "without_largest"].isna().all()
    assert table.loc[newest, "without_largest"].notna().all()
    for head, apart in found.accounts.refitted.items():
        assert 0 < apart.apart < 0.2
        assert apart.served["leads"] == apart.without["leads"]
        rows = table[newest & (table["head"] == head)]
        assert (rows["without_largest"] != rows["chosen"]).any()


def test_no_close_above_accept_without_the_largest_either(report: Report) -> None:
    table = report.table[report.table["without_largest"].notna()]
    wide = table.pivot_table(index=["lead_id", "as_of"], columns="head", values="without_largest").dropna()
    assert (wide["close"] <= wide["accept"] + 1e-12).all()


def test_persons_are_told_with_their_leniency(found: Guards) -> None:
    assert found.leniency is not None
    assert len(found.leniency.persons) >= 12
    assert found.leniency.spread > 0.2
    assert found.habits_away


def test_refused_attributes_are_told_and_kept_ones_with_their_reason(found: Guards, report: Report) -> None:
    assert [(f.field, f.reason) for f in found.protected] == [("salutation", None)]
    audited, kept = guarded(report.trained, Definition(keep={"salutation": REASON}))
    assert [(f.field, f.reason) for f in kept.protected] == [("salutation", REASON)]
    assert page(replace(report, audit=audited, guards=kept)).count(REASON) == 2


def test_guards_are_plain_json(found: Guards) -> None:
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["accounts"]["cap"] == 0.05
    assert {"name", "leads", "accepted", "expected", "leniency", "low", "high", "records"} == set(
        told["leniency"]["persons"][0]
    )


def test_report_and_card_say_what_the_guards_found(report: Report) -> None:
    out = io.StringIO()
    Console(width=200, file=out).print(render(report))
    html = page(report)
    assert report.audit is not None
    told = card("x", report.trained, report.evaluation, report.audit, (CHOSEN,), report.guards)
    for text in (out.getvalue(), told):
        assert "Guards" in text
        assert f"{BIG} would carry" in text
        assert "salutation (words for sex or gender) is refused" in text
        assert "people decide" in text
        assert "trained out of acceptance" in text
    assert BIG not in html
    assert "&lt;GIANT&gt; would carry" in html
    assert report.guards is not None
    assert report.guards.leniency is not None
    for person in report.guards.leniency.persons:
        assert f"<td>{person.name}</td>" in html


def test_a_report_without_guards_says_nothing_of_them(report: Report) -> None:
    assert "<h2>Guards</h2>" not in page(replace(report, guards=None))
