"""What anyone could do without us, trained on the same rows as the candidates and judged on the same forward rows."""

from __future__ import annotations

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from features.catalog import Catalog, Family, Feature, FeatureKind
from models.arrays import Matrix, Vector
from training.backtest import Contestant
from training.candidates import Sample
from training.designs import design_of
from training.folds import Fold
from training.labels import HeadName
from training.recent import recent_of
from training.settings import Settings

BASE_RATE = "base_rate"
RECENT_RATE = "recent_rate"
LOGISTIC = "logistic_attributes"
LIGHTGBM = "lightgbm_plain"
NAIVE_BAYES = "naive_bayes"

RECENT_DAYS = 90.0
"""Days over which the recent rate is measured."""

ATTRIBUTES = frozenset({Family.ATTRIBUTE, Family.PRESENCE, Family.AGE, Family.SENIORITY, Family.DOMAIN})
"""Families of features that say who a lead is, not what it did."""

ADDED = 0.1
"""What naive Bayes adds to each frequency so that none is zero."""

_BINS = 5
_EDGE = 1e-4


def baselines(seed: int = 0) -> dict[str, Contestant]:
    """All baselines by name, as contestants of the backtest: each trains on a fold's rows and scores its test rows."""
    return {
        BASE_RATE: lambda fold, head: np.full(len(fold.test), base_rate(fold.sample(head))),
        RECENT_RATE: lambda fold, head: np.full(len(fold.test), recent_rate(fold, head)),
        LOGISTIC: lambda fold, head: logistic(fold.sample(head), fold.test.x),
        LIGHTGBM: lambda fold, head: plain_lightgbm(fold.sample(head), fold.test.x, seed),
        NAIVE_BAYES: lambda fold, head: naive_bayes(fold.sample(head), fold.test.x),
    }


def base_rate(sample: Sample) -> float:
    """The weighted share of yes, half an answer added to each side."""
    return float((sample.weight @ sample.y + 0.5) / (sample.weight.sum() + 1.0))


def recent_rate(fold: Fold, head: HeadName) -> float:
    """The rate of the last `RECENT_DAYS`: yeses so far over the share of all yeses that should have come by now.

    The chain-ladder estimate of insurers: without it, leads too young to have answered would pull the rate down. One
    expected answer at the base rate keeps it from 0. In a flat history nothing is recent: it is the base rate.
    """
    base = base_rate(fold.sample(head))
    recent = recent_of(fold, head, (), Settings(level_days=(RECENT_DAYS,)))
    came, due = float(recent.weight @ recent.yes), float(recent.weight @ recent.seen)
    return float(np.clip((came + base) / (due + 1.0), _EDGE, 1 - _EDGE))


def logistic(sample: Sample, x: Matrix) -> Vector:
    """Logistic regression with its library's defaults (L2, C = 1) on what the lead is, not on what it did."""
    columns = _columns(sample.catalog)
    catalog = Catalog(tuple(sample.catalog.features[i] for i in columns))
    design = design_of(catalog, sample.x[:, columns], sample.weight)
    encoded = design.encode(sample.x[:, columns])
    if encoded.shape[1] == 0 or not _both(sample.y):
        return np.full(len(x), base_rate(sample))
    model = LogisticRegression(max_iter=500).fit(encoded, sample.y, sample_weight=sample.weight)
    return np.asarray(model.predict_proba(design.encode(x[:, columns]))[:, 1])


def plain_lightgbm(sample: Sample, x: Matrix, seed: int) -> Vector:
    """LightGBM with its library's defaults: 100 trees of 31 leaves on all features, no early stopping, no tuning."""
    if not _both(sample.y):
        return np.full(len(x), base_rate(sample))
    parameters = {"objective": "binary", "seed": seed, "num_threads": 1, "deterministic": True, "verbosity": -1}
    categories = [i for i, f in enumerate(sample.catalog.features) if f.kind == FeatureKind.CATEGORY]
    data = lightgbm.Dataset(sample.x, sample.y, weight=sample.weight, categorical_feature=categories)
    return np.asarray(lightgbm.train(parameters, data, 100).predict(x, num_threads=1))


def naive_bayes(sample: Sample, x: Matrix) -> Vector:
    """Naive Bayes on frequency tables of won and lost by field and value, as CRM suites use it.

    After the predictive lead scoring of Odoo CRM (``_pls_get_naive_bayes_probabilities`` in ``crm_lead.py``): the odds
    of the base rate times, for each field, the frequency of the value among the won over that among the lost; 0.1 is
    added to each; values missing or never seen say nothing. Categories are taken as they are; numbers, which Odoo
    leaves out, in five bins of equal count, so that the baseline is not poorer than its rows.
    """
    won, lost = sample.weight @ sample.y, sample.weight @ (1 - sample.y)
    odds = np.full(len(x), np.log((won + ADDED) / (lost + ADDED)))
    for i in _columns(sample.catalog):
        odds += _evidence(sample.catalog.features[i], sample, sample.x[:, i], x[:, i])
    return np.asarray(np.clip(expit(odds), _EDGE, 1 - _EDGE))


def _evidence(feature: Feature, sample: Sample, train: Vector, asked: Vector) -> Vector:
    """What each asked value adds to the log-odds by its frequencies among won and lost."""
    if feature.kind == FeatureKind.NUMBER and np.isfinite(train).any():
        edges = np.unique(np.nanquantile(train, np.linspace(0, 1, _BINS + 1)[1:-1]))
        train, asked = _binned(train, edges), _binned(asked, edges)
    seen = np.isfinite(train)
    values, code = np.unique(train[seen], return_inverse=True)
    if len(values) == 0:
        return np.zeros(len(asked))
    weight, y = sample.weight[seen], sample.y[seen]
    won = np.bincount(code, weights=weight * y, minlength=len(values)) + ADDED
    lost = np.bincount(code, weights=weight * (1 - y), minlength=len(values)) + ADDED
    told = np.log(won / won.sum()) - np.log(lost / lost.sum())
    place = np.minimum(np.searchsorted(values, asked), len(values) - 1)
    return np.where(values[place] == asked, told[place], 0.0)


def _binned(values: Vector, edges: Vector) -> Vector:
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="right").astype("float64"), np.nan)


def _columns(catalog: Catalog) -> list[int]:
    return [i for i, feature in enumerate(catalog.features) if feature.family in ATTRIBUTES]


def _both(y: NDArray[np.float64]) -> bool:
    return len(np.unique(y)) > 1
