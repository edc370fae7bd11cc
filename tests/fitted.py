"""Small fitted scorers for tests, and feature matrices to score: made once, deterministic, no history needed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import lightgbm
import numpy as np
from numpy.typing import NDArray

from crm.history import Field, Kind
from features.catalog import OTHER, Catalog, Family, Feature, FeatureKind, RateTable
from models.boosted import Boosted
from models.calibration import Calibration
from models.components import Component
from models.definition import Definition
from models.design import Column, Design, Form
from models.head import Head, Heads
from models.linear import Linear
from models.scorer import Meta, Scorer, assemble

NUMBER, CATEGORY = FeatureKind.NUMBER, FeatureKind.CATEGORY
SOURCES = ("webinar", "fair", "cold_call", OTHER)
SENIORITY = ("executive", "director", "manager", OTHER)

FIELDS = (
    Field("employees", Kind.NUMBER),
    Field("opted_in", Kind.BOOLEAN),
    Field("source", Kind.CATEGORY),
    Field("job_title", Kind.TITLE),
    Field("account.industry", Kind.CATEGORY),
)

FEATURES = (
    Feature("employees", NUMBER, Family.ATTRIBUTE, "employees", field="employees"),
    Feature("opted_in", NUMBER, Family.ATTRIBUTE, "opted_in", field="opted_in"),
    Feature("source", CATEGORY, Family.ATTRIBUTE, "source", field="source", levels=SOURCES),
    Feature("job_title_seniority", CATEGORY, Family.SENIORITY, "job_title", field="job_title", levels=SENIORITY),
    Feature("days_since_created", NUMBER, Family.LEAD_AGE, "created", measure="created"),
    Feature("page_view_count_7d", NUMBER, Family.COUNT, "page_view", activity="page_view", window_days=7.0),
    Feature("page_view_count_30d", NUMBER, Family.COUNT, "page_view", activity="page_view", window_days=30.0),
    Feature("page_view_recency_days", NUMBER, Family.RECENCY, "page_view", activity="page_view"),
    Feature("account_won_count", NUMBER, Family.ACCOUNT_RECORD, "account_record", measure="won"),
    Feature("source_close_rate", NUMBER, Family.RATE, "source", field="source", measure="close"),
)
NO_DECISIONS = RateTable(
    field="source",
    outcome="close",
    until=0,
    levels=(),
    first=(0, 0),
    day=(),
    judged=(),
    positive=(),
    strength=20.0,
    since="created",
    within_days=30,
)
CATALOG = Catalog(FEATURES, (NO_DECISIONS,))
CATEGORIES = [i for i, feature in enumerate(FEATURES) if feature.kind is CATEGORY]


def rows(n: int, seed: int = 0) -> NDArray[np.float64]:
    """A plausible feature matrix ``[n, 10]``, a tenth of the attributes missing."""
    rng = np.random.default_rng(seed)
    week = rng.poisson(1.0, n)
    month = week + rng.poisson(2.0, n)
    columns = [
        np.round(np.exp(rng.normal(4, 1.5, n))),
        rng.integers(0, 2, n),
        rng.integers(0, len(SOURCES), n),
        rng.integers(0, len(SENIORITY), n),
        rng.exponential(30, n),
        week,
        month,
        np.where(month > 0, rng.exponential(5, n), np.nan),
        rng.poisson(0.3, n),
        rng.beta(2, 8, n),
    ]
    x = np.stack([np.asarray(column, np.float64) for column in columns], axis=1)
    x[:, :4] = np.where(rng.random((n, 4)) < 0.1, np.nan, x[:, :4])
    return np.ascontiguousarray(x)


def outcomes(x: NDArray[np.float64], seed: int, level: float = -2.0) -> NDArray[np.float64]:
    """Outcomes that depend on size, source and visits, not additively."""
    size, visits = np.log1p(np.nan_to_num(x[:, 0])), x[:, 6]
    signal = 0.3 * size + 0.4 * visits + 0.8 * (x[:, 2] == 0) - 0.5 * (x[:, 3] == 2) * visits / 3
    return (np.random.default_rng(seed).random(len(x)) < 1 / (1 + np.exp(-signal - level))).astype(np.float64)


@cache
def boosted(trees: int = 20, leaves: int = 7, seed: int = 0, level: float = -2.0) -> Boosted:
    x = rows(1500, seed)
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbosity": -1, "seed": 0}
    data = lightgbm.Dataset(x, outcomes(x, seed, level), categorical_feature=CATEGORIES, params={"verbosity": -1})
    return Boosted(lightgbm.train({**settings, "deterministic": True}, data, trees).model_to_string())


@cache
def linear() -> Linear:
    """Every form of column, with weights as a fit would give them."""
    columns = [
        Column(0, Form.LOG, fill=60.0, low=1.0, high=5000.0),
        Column(0, Form.MISSING),
        Column(1, Form.NUMBER, fill=0.5),
        *(Column(2, Form.LEVEL, level=i) for i in range(len(SOURCES))),
        Column(2, Form.MISSING),
        Column(6, Form.NUMBER, high=20.0),
        Column(7, Form.NUMBER, fill=30.0),
        Column(7, Form.MISSING),
    ]
    made = Design(tuple(columns)).raw(rows(1500))
    scale = np.maximum(made.std(axis=0), 1e-3)
    design = Design(tuple(columns)).standardised(made.mean(axis=0), scale)
    weights = np.random.default_rng(3).normal(0, 0.4, len(columns))
    return Linear(design, tuple(weights.tolist()), -1.25)


def components() -> dict[str, Component]:
    """One of each sort, the odd ones too."""
    return {
        "linear": linear(),
        "linear without columns": Linear(Design(()), (), -2.0),
        "boosted": boosted(),
        "boosted deeply": boosted(trees=60, leaves=31),
        "boosted stumps": boosted(trees=5, leaves=2),
        "boosted without a split": constant_trees(),
    }


@cache
def constant_trees() -> Boosted:
    x = np.zeros((200, len(FEATURES)))
    settings = {"objective": "binary", "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(x, np.arange(200) % 4 == 0, params={"verbosity": -1})
    return Boosted(lightgbm.train(settings, data, 3).model_to_string())


def heads() -> Heads:
    close = Head((boosted(), linear()), (0.6, 0.4), Calibration(0.9, -0.2, 0.1))
    accept = Head((boosted(seed=1, level=-0.5),), (1.0,), Calibration(1.1, 0.1))
    return Heads(close=close, accept=accept)


def definition(**more: object) -> Definition:
    return Definition.parse({"name": "test", "accept_days": 14, "close_days": 90, **more}, "accord.yaml: definition")


@cache
def scorer() -> Scorer:
    """Both heads, a blend, every family of features that reasons tell differently."""
    x = rows(800, seed=5)
    meta = Meta(trained_at="2026-06-30T00:00:00+00:00", seed=7, data="0" * 64)
    return assemble(CATALOG, FIELDS, heads(), definition(), meta, x=x, accepted=np.zeros(len(x), bool))


def close_only() -> Scorer:
    """As of a history that records no acceptances."""
    return replace(scorer(), heads=Heads(close=heads().close))
