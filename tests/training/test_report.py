from __future__ import annotations

import io
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from crm.simulation import Company, simulate
from models.definition import Definition
from training.audit import audit
from training.evaluation import evaluate
from training.fit import train
from training.report import CHOSEN, Report, page, render
from training.report.facts import chosen, headlines, warnings
from training.settings import Settings, Trees

SETTINGS = Settings(dates=3, widths=(0.15,), half_lives=(0.5,), trees=(Trees(leaves=3, rate=0.2),))


@pytest.fixture(scope="module")
def report() -> Report:
    history = simulate(Company(leads=1_500), seed=1).history
    definition = Definition(name="<b>lead</b>")
    found = audit(history, definition)
    trained = train(history, definition, SETTINGS, seed=1, blocked=found.blocked)
    methods = (CHOSEN, *trained.backtest.contestants)
    return Report("A & B", trained, evaluate(trained.backtest.table, methods, seed=1, rounds=40), found)


def text_of(report: Report) -> str:
    out = io.StringIO()
    Console(width=200, file=out).print(render(report))
    return out.getvalue()


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return page(report)


def test_terminal_tells_figures_baselines_young_leads_and_choice(report: Report) -> None:
    text = text_of(report)
    for words in (
        "Acceptance by sales",
        "Winning",
        "recent rate",
        "naive Bayes",
        "too young to judge",
        "Chosen:",
        "AUC",
    ):
        assert words in text
    auc = report.evaluation.of("close", CHOSEN).loc["auc", "value"]
    assert f"{auc:.3f}" in text


def test_page_stands_alone_and_escapes_what_comes_from_outside(html: str) -> None:
    assert "<script" not in html
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", html)
    assert "A &amp; B" in html
    assert "<b>lead</b>" not in html
    assert html.count("<img") == 8


def test_every_image_has_words(html: str) -> None:
    said = re.findall(r'<img alt="([^"]*)"', html)
    assert len(set(said)) == 8
    assert all(words.strip() for words in said)


def test_page_tells_how_many_snapshots_were_immature_and_how_they_were_used(report: Report, html: str) -> None:
    for head in report.heads:
        counted = report.counted(head)
        assert counted.immature > 0
        assert f"{counted.immature:,} of them were too young" in html
    assert "had we called them failures" in html


def test_page_names_what_the_audit_took_out(report: Report, html: str) -> None:
    assert report.audit is not None
    assert len(report.audit.blocked) >= 4
    for field in report.audit.blocked:
        assert field in html


def test_same_report_is_the_same_to_the_byte_and_leaves_matplotlib_alone(report: Report, html: str) -> None:
    before = dict(mpl.rcParams)
    assert page(report) == html
    assert dict(mpl.rcParams) == before


def test_blend_told_is_the_blend_chosen(report: Report) -> None:
    tried = report.tried("close").set_index("candidate")
    assert tried["weight"].sum() == pytest.approx(1.0)
    assert tried["log_loss"].is_monotonic_increasing
    for name in report.choice("close").blend:
        assert name in chosen(report, "close")["blend"]


def spoiled(report: Report, **change: float) -> Report:
    """The report had the chosen method had these figures."""
    metrics = report.evaluation.metrics.copy()
    mine = (metrics["head"] == "close") & (metrics["method"] == CHOSEN) & metrics["date"].isna()
    for metric, value in change.items():
        row = mine & (metrics["metric"] == metric)
        metrics.loc[row, ["value", "low", "high"]] = [value, value - 0.01, value + 0.01]
    return replace(report, evaluation=replace(report.evaluation, metrics=metrics))


def test_reader_is_warned_of_a_baseline_that_did_better(report: Report) -> None:
    assert not any("had the lower log-loss" in text for text in warnings(spoiled(report, log_loss=0.01)))
    said = [text for text in warnings(spoiled(report, log_loss=9.0)) if "had the lower log-loss" in text]
    assert len(said) == 1
    assert said[0].startswith("Winning")
    assert any("more for the score" in text for text in headlines(spoiled(report, log_loss=9.0), "close"))


def test_reader_is_warned_of_bad_calibration(report: Report) -> None:
    assert any("spread of the probabilities is off" in text for text in warnings(spoiled(report, slope=0.5)))
    assert any("level of the probabilities is off" in text for text in warnings(spoiled(report, intercept=0.6)))
    fine = warnings(spoiled(report, slope=1.0, intercept=0.0))
    assert not any(text.startswith("Winning") and "is off" in text for text in fine)


def test_reader_is_warned_where_no_audit_was_made_and_few_leads_said_yes(report: Report) -> None:
    assert any("No audit" in text for text in warnings(replace(report, audit=None)))
    table = report.table
    few = table[(table["y"] != 1) | (table["lead_id"] < "L000600")]
    backtest = replace(report.trained.backtest, table=few)
    said = warnings(replace(report, trained=replace(report.trained, backtest=backtest)))
    assert any(re.search(r"rest on \d+ leads", text) for text in said)


def test_history_without_times_is_reported_with_its_warning(report: Report) -> None:
    table = report.table.assign(date=pd.NaT)
    backtest = replace(report.trained.backtest, table=table, dates=(), warnings=())
    trained = replace(report.trained, backtest=backtest, warnings=("no times",))
    methods = (CHOSEN, *backtest.contestants)
    flat = Report("flat", trained, evaluate(table, methods, seed=1, rounds=5))
    html = page(flat)
    assert html.count("<img") == 6
    assert "no times" in html
    assert "random parts" in html
    assert "random parts" in text_of(flat)


def test_slope_of_a_constant_is_not_told(report: Report) -> None:
    row = next(line for line in text_of(report).splitlines() if line.strip().startswith("base rate"))
    assert "\N{EN DASH}" in row
    assert np.isfinite(report.evaluation.of("close", "base_rate").loc["intercept", "value"])
