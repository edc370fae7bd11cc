"""The report as one HTML page: no scripts, nothing fetched, plots inside, readable on paper."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2
import pandas as pd

from training.audit import Severity
from training.audit.subjects import subjects
from training.guards import Guards
from training.report.facts import Report, chosen, figures, headlines, warnings
from training.report.guards import (
    Table,
    accounts_said,
    accounts_tables,
    persons_said,
    persons_table,
    protected_said,
)
from training.report.plots import plots
from training.report.words import CHOSEN, HEADS, METRICS, between, method, number, percent

_CAPTIONS = {
    "calibration": "predicted probability against the share that happened",
    "gain": "share of yeses held by the best share of leads",
    "scores": "spread of the predicted probabilities",
    "dates": "AUC and log-loss by date of the backtest",
}


def page(report: Report, drawn: Mapping[str, bytes] | None = None) -> str:
    """The report as HTML, with its plots (drawn unless given). Everything from the data is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters.update(percent=percent, number=number)
    template = environment.from_string(files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8"))
    images = {name: base64.b64encode(svg).decode("ascii") for name, svg in (drawn or plots(report)).items()}
    return template.render(
        report=report,
        title=f"{report.name}: how good is the score?",
        warnings=warnings(report),
        heads=[_head(report, head, images) for head in report.heads],
        metrics=METRICS,
        subjects=[] if report.audit is None else [s for s in subjects(report.audit) if s.severity is not Severity.NOTE],
        guards=_guards(report.guards),
        dates=[f"{date:%Y-%m-%d}" for date in report.trained.backtest.dates],
    )


def _guards(found: Guards | None) -> list[tuple[str, list[str], list[Table]]]:
    """The heading, the sentences and the tables of each guard; nothing where they were not asked."""
    if found is None:
        return []
    persons = persons_table(found.leniency)
    return [
        ("A few large accounts", list(accounts_said(found.accounts)), list(accounts_tables(found.accounts))),
        ("Who decides", list(persons_said(found)), [persons] if persons else []),
        ("Protected attributes", list(protected_said(found)), []),
    ]


def _head(report: Report, head: str, drawn: dict[str, str]) -> dict[str, Any]:
    kinds = [kind for kind in _CAPTIONS if f"{head}_{kind}" in drawn]
    return {
        "name": HEADS[head][0],
        "done": HEADS[head][1],
        "within": report.within(head),
        "headlines": list(headlines(report, head)),
        "plots": [(kind, drawn[f"{head}_{kind}"], f"{HEADS[head][0]}: {_CAPTIONS[kind]}") for kind in kinds],
        "table": [_row(report, head, name) for name in report.methods],
        "by_date": _by_date(report, head),
        "counted": report.counted(head),
        "chosen": chosen(report, head),
        "tried": report.tried(head).to_dict("records"),
        "forward": _forward(report, head),
    }


def _row(report: Report, head: str, name: str) -> dict[str, Any]:
    return {"name": method(name), "own": name == CHOSEN, "cells": _cells(figures(report, head, name))}


def _by_date(report: Report, head: str) -> list[dict[str, Any]]:
    """The chosen method's figures at each date."""
    table = report.evaluation.metrics
    mine = table[(table["head"] == head) & (table["method"] == CHOSEN) & table["date"].notna()]
    out = []
    for date, rows in mine.groupby("date", sort=True):
        out.append(
            {
                "date": f"{date:%Y-%m-%d}",
                "rows": int(rows["rows"].iloc[0]),
                "leads": int(rows["leads"].iloc[0]),
                "cells": _cells(figures(report, head, CHOSEN, pd.Timestamp(date))),
            }
        )
    return out


def _cells(found: pd.DataFrame) -> list[tuple[str, str]]:
    return [(number(m["value"]), between(m["low"], m["high"])) for _, m in found.iterrows()]


def _forward(report: Report, head: str) -> dict[str, int]:
    rows = report.table[report.table["head"] == head]
    settled = rows[rows["settled"]]
    return {
        "asked": len(rows),
        "settled": len(settled),
        "immature": len(rows) - len(settled),
        "leads": int(settled["lead_id"].nunique()),
        "yes": report.yeses(head),
    }
