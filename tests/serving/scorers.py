"""Small scorers for the service's tests, put together by hand from the classes of `models`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import lightgbm
import numpy as np

from crm.history import FINAL, Field, History, Kind, Milestone
from features.columns import readable
from features.compute import matrix
from features.facts import Facts
from features.infer import infer
from models import artifact
from models.boosted import Boosted
from models.definition import Definition
from models.head import Head, Heads
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


def saved(folder: Path, seed: int = 1, **of: int) -> Path:
    """The artifact of `scorer`, in a new folder below this one."""
    place = folder / f"scorer-{seed}"
    artifact.save(scorer(seed, **of), place)
    return place


def _head(x: np.ndarray, y: np.ndarray, seed: int, trees: int) -> Head:
    settings = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1, "seed": seed, "bagging_seed": seed}
    booster = lightgbm.train(
        settings | {"bagging_fraction": 0.7, "bagging_freq": 1}, lightgbm.Dataset(x, y.astype(float)), trees
    )
    return Head((Boosted(booster.model_to_string()),), (1.0,))
