"""Leads handed over in the simulated company and in small histories, for tests of the reviews."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from crm.history import History
from crm.simulation import Company, simulate
from features.infer import infer
from models.definition import Definition, Language
from models.scorer import Scorer
from tests import fitted
from training.pages.document import Document, as_dict, html, terminal
from training.review.handed import SCORES, Handed, hand

GRADES = ("A", "B", "C", "D")

DEFINITION: dict[str, Any] = {
    "name": "test",
    "grades": {
        "A": {"score": 90, "within_hours": 8},
        "B": {"score": 70, "within_hours": 24},
        "C": {"score": 40},
        "D": {},
    },
    "kinds": {"contact": ["call", "meeting"], "service": ["ticket"]},
    "voices": {
        "marketing": {"rule": {"field": "source", "in": ["webinar", "event", "website"]}},
        "sales": {"rule": {"field": "phone_given", "is": True}},
    },
    "words": {
        "source": {"en": "source", "fr": "source"},
        "account.industry": {"en": "industry", "fr": "secteur"},
    },
}


def definition(**more: object) -> Definition:
    return Definition.parse({**DEFINITION, **more}, "definition")


@cache
def company(leads: int = 2_500, seed: int = 5) -> History:
    return simulate(Company.model_validate({"leads": leads, "leaks": False}), seed=seed).history


def graded(history: History, seed: int = 0) -> pd.DataFrame:
    """Scores as the ledger has them, one a lead, drawn at random: what is tested here does not depend on them."""
    at = history.milestones.loc[(history.milestones["milestone"] == "handed_off").to_numpy()]
    rows = at.drop_duplicates("lead_id").sort_values("lead_id")[["lead_id", "reached_at"]]
    p = np.random.default_rng(seed).beta(2, 10, len(rows))
    grade = np.array(GRADES, dtype=object)[np.searchsorted(-np.quantile(p, [0.9, 0.7, 0.4]), -p)]
    told = rows.rename(columns={"reached_at": "given_at"}).assign(p_accept=p, p_close=p, score=50, grade=grade)
    return told.assign(as_of=told["given_at"]).reindex(columns=list(SCORES))


def knowing(history: History) -> Scorer:
    """A scorer that may look at all fields of the history. It must not be asked to score."""
    return replace(fitted.scorer(), catalog=infer(history), fields=history.fields)


def handed(history: History, since: str = "2024-10-01", *, scorer: bool = True, **more: object) -> Handed:
    """The leads handed over since then, each with a grade."""
    made = hand(history, definition(**more), since=pd.Timestamp(since, tz="UTC"), scores=graded(history))
    return replace(made, scorer=knowing(history) if scorer else None)


def written(document: Document, language: Language) -> str:
    """What people read of a report, page and terminal, without its pictures; its figures must be JSON."""
    json.dumps(as_dict(document, language), allow_nan=False)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(terminal(document))
    return re.sub(r'src="data:[^"]*"', "", html(document, language)).split("<main>")[1] + console.export_text()
