"""Small scorers for the service's tests, put together by hand from the classes of `models`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lightgbm
import numpy as np

from crm.history import Field, History, Kind, Milestone
from features.catalog import OTHER, Catalog, Family, Feature, FeatureKind
from features.columns import readable
from features.compute import matrix
from features.facts import Facts
from features.infer import infer
from models import artifact
from models.boosted import Boosted
from models.definition import Definition
from models.design import Column, Design, Form
from models.grades import Cut, Grading
from models.head import Head, Heads
from models.linear import Linear
from models.reference import Reference
from models.scorer import Meta, Scorer, assemble
from tests.builders import Row, account, activity, history, lead, milestone

LEADS = 300
TRAINED_AT = "2026-06-30T00:00:00+00:00"


@cache
def past(seed: int = 1) -> History:
    """Some hundred leads: webinars, large companies and page views close better."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = [account(f"a{i}", industry=draw.choice(["logistics", "retail", "energy"])) for i in range(60)]
    for i in range(LEADS):
        source = draw.choice(["webinar", "fair", "web"])
        employees = float(draw.integers(5, 500))
        views = int(draw.integers(0, 6))
        created = np.datetime64("2026-01-01") + int(draw.integers(0, 60))
        rows.append(
            lead(
                f"l{i}",
                f"{created}T08:00:00Z",
                f"a{draw.integers(0, 60)}",
                source=source,
                employees=employees,
                newsletter=bool(draw.random() < 0.5),
                job_title=draw.choice(["CEO", "Sales Manager", "Intern"]),
                email=f"person{i}@{draw.choice(['gmail.com', 'example.com'])}",
            )
        )
        rows += [
            activity(f"l{i}", draw.choice(["page_view", "form"]), f"{created + d}T10:00:00Z") for d in range(views)
        ]
        odds = 0.8 * (source == "webinar") + employees / 400 + views / 4 - 1.5
        if draw.random() < 1 / (1 + np.exp(-odds)):
            rows.append(milestone(f"l{i}", "accepted", f"{created + 12}T09:00:00Z"))
            rows.append(milestone(f"l{i}", "won" if draw.random() < 0.5 else "lost", f"{created + 40}T09:00:00Z"))
        else:
            rows.append(milestone(f"l{i}", "rejected", f"{created + 14}T09:00:00Z"))
    declared = (
        Field("newsletter", Kind.BOOLEAN),
        Field("job_title", Kind.TITLE),
        Field("email", Kind.EMAIL),
    )
    return history(*rows, fields=declared)


@cache
def scorer(seed: int = 1, trees: int = 15, accept: bool = True) -> Scorer:
    """A scorer of two small boosters, fitted to `past`; the seed tells one scorer from another."""
    seen = past()
    numbers, words = readable(seen.fields)
    fields = (*numbers, *words)
    facts = Facts.of_history(seen, fields)
    rows = np.arange(len(facts), dtype=np.int64)
    as_of = facts.moment("created") + 10 * 86_400_000_000
    catalog = infer(seen)
    x = matrix(catalog, facts, rows, as_of)
    at = seen.milestones.set_index("lead_id")["milestone"]
    accepted, won = (np.isin(facts.lead_ids, at.index[at == name]) for name in (Milestone.ACCEPTED, Milestone.WON))
    heads = Heads(close=_head(x, won, seed, trees), accept=_head(x, accepted, seed, trees) if accept else None)
    meta = Meta(trained_at=TRAINED_AT, seed=seed, data="0" * 64)
    definition = Definition(name="what a lead is")
    return assemble(catalog, fields, heads, definition, meta, x=x, accepted=np.zeros(len(x), bool))


def _head(x: np.ndarray, y: np.ndarray, seed: int, trees: int) -> Head:
    settings = {
        "objective": "binary",
        "num_leaves": 7,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "bagging_seed": seed,
    }
    booster = lightgbm.train(
        settings | {"bagging_fraction": 0.7, "bagging_freq": 1}, lightgbm.Dataset(x, y.astype(float)), trees
    )
    return Head((Boosted(booster.model_to_string()),), (1.0,))


@cache
def by_hand() -> Scorer:
    """A scorer of three features whose scores can be worked out with a pencil; see the golden reply."""
    catalog = Catalog(
        (
            Feature("employees", FeatureKind.NUMBER, Family.ATTRIBUTE, "employees", field="employees"),
            Feature(
                "source", FeatureKind.CATEGORY, Family.ATTRIBUTE, "source", field="source", levels=("webinar", OTHER)
            ),
            Feature(
                "page_view_count_30d",
                FeatureKind.NUMBER,
                Family.COUNT,
                "page_view",
                activity="page_view",
                window_days=30.0,
            ),
        )
    )
    design = Design(
        (Column(0, Form.NUMBER, mean=100, scale=100), Column(1, Form.LEVEL, level=0), Column(2, Form.NUMBER))
    )
    close = Head((Linear(design, (0.5, 1.0, 0.25), -2.0),), (1.0,))
    accept = Head((Linear(design, (0.5, 1.0, 0.25), 0.0),), (1.0,))
    return Scorer(
        catalog=catalog,
        fields=(Field("employees", Kind.NUMBER), Field("source", Kind.CATEGORY)),
        heads=Heads(close=close, accept=accept),
        reference=Reference(tuple(i / 99 for i in range(1, 99)), 98),
        definition=Definition(name="what a lead is"),
        grading=Grading((Cut("A", 90), Cut("B", 70), Cut("C", 40)), "D"),
        importance=(1.0, 1.0, 1.0),
        meta=Meta(trained_at=TRAINED_AT, seed=0, data="0" * 64),
    )


NAMED = {"by hand": by_hand, "without accept": lambda: scorer(1, accept=False)}


def saved(folder: Path, seed: int | str = 1) -> Path:
    """The artifact of `scorer`, or of one of `NAMED`, in a new folder below this one."""
    place = folder / f"scorer-{seed}"
    artifact.save(scorer(seed) if isinstance(seed, int) else NAMED[seed](), place)
    return place
