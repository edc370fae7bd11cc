"""What is tried: a constant, logistic regressions, boosted trees, each with or without fading of old data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from features.catalog import Catalog, FeatureKind
from models.arrays import Matrix, Vector
from models.boosted import Boosted
from models.components import Component
from models.design import Design
from models.linear import Linear
from training.designs import design_of, encoded
from training.settings import Settings, Trees

CONSTANT = "constant"

INNER = 0.2
"""Share of the newest leads on which the number of trees is decided."""

PATIENCE = 15
"""Trees without progress on them before boosting stops."""


@dataclass(frozen=True)
class Sample:
    """The rows one head learns from.

    ``x[n, k]``; ``y[n]`` 0 or 1; ``weight[n]``: of the snapshot, times the chance of ``y`` where it is not settled
    (such a snapshot is there once for each answer, see `training.samples`); ``age[n]``: days from the
    snapshot to the as-of date, 0 in a flat history; ``newest[n]``: the rows of the newest `INNER` leads.
    """

    catalog: Catalog
    x: Matrix
    y: Vector
    weight: Vector
    age: Vector
    newest: NDArray[np.bool_]

    def faded(self, half_life: float | None) -> Vector:
        """The weights where data as old as ``half_life`` (a share of the oldest row's age) counts half."""
        oldest = self.age.max(initial=0.0)
        if half_life is None or oldest == 0:
            return self.weight
        return np.asarray(self.weight * 0.5 ** (self.age / (half_life * oldest)))


def yeses_of(sample: Sample) -> float:
    """How many leads said yes, or are expected to."""
    return float(sample.weight @ sample.y)


def logistic_name(width: float, half_life: float | None) -> str:
    """Short, for tables: ``logistic_0.15`` or ``logistic_0.15_half_0.5``."""
    return f"logistic_{width:g}" + ("" if half_life is None else f"_half_{half_life:g}")


def names(settings: Settings) -> tuple[str, ...]:
    """All candidates of these settings, in the order in which they are tried."""
    fading = (None, *settings.half_lives)
    logistics = [logistic_name(width, fade) for fade in fading for width in settings.widths]
    return (CONSTANT, *logistics, *(trees.name for trees in settings.trees))


class Fitter:
    """Fits candidates by name on one sample; what several of them need is made once.

    ``tree_half_life`` is the fading of the boosted trees: which one is decided on forward errors of the logistic
    regressions, because trees cost more. Fitting is deterministic: one thread, fixed order, given seed.
    """

    def __init__(self, sample: Sample, settings: Settings, tree_half_life: float | None, seed: int) -> None:
        self._sample = sample
        self._settings = settings
        self._tree_half_life = tree_half_life
        self._seed = seed
        self._encoded: tuple[Design, Matrix] | None = None
        self._logistics = {
            logistic_name(width, fade): (width, fade)
            for width in settings.widths
            for fade in (None, *settings.half_lives)
        }
        self._trees = {trees.name: trees for trees in settings.trees}

    def fit(self, name: str) -> Component:
        """The candidate of this name, fitted. Raises `KeyError` for one that the settings do not know."""
        if name == CONSTANT:
            return constant(self._sample.y, self._sample.weight)
        if name in self._logistics:
            width, half_life = self._logistics[name]
            design, rows = self._design()
            return logistic(design, rows, self._sample.y, self._sample.faded(half_life), width)
        return boosted(
            self._sample,
            self._sample.faded(self._tree_half_life),
            self._trees[name],
            most=self._settings.most_trees,
            seed=self._seed,
        )

    def _design(self) -> tuple[Design, Matrix]:
        if self._encoded is None:
            design = design_of(self._sample.catalog, self._sample.x, self._sample.weight)
            self._encoded = design, encoded(design, self._sample.x)
        return self._encoded


def constant(y: Vector, weight: Vector) -> Linear:
    """The base rate as log-odds, half an answer added to each side so that it is never 0 or 1."""
    rate = (weight @ y + 0.5) / (weight.sum() + 1.0)
    return Linear(Design(()), (), float(logit(rate)))


def logistic(design: Design, rows: Matrix, y: Vector, weight: Vector, width: float) -> Linear:
    """Fit a logistic regression whose weights are expected within ``width`` log-odds of 0 on rows the design encoded.

    That is a normal prior (ridge); the intercept has none. ``weight`` counts leads, so the fewer there are the more the
    prior matters.
    """
    if rows.shape[1] == 0:
        return constant(y, weight)
    model = LogisticRegression(C=width**2, solver="newton-cholesky", tol=1e-6, max_iter=100)
    model.fit(rows, y, sample_weight=weight)
    return Linear(design, tuple(model.coef_[0].tolist()), float(model.intercept_[0]))


def boosted(sample: Sample, weight: Vector, trees: Trees, *, most: int, seed: int) -> Component:
    """Boosted trees; how many is decided on the newest leads, then all are used. None at all gives the base rate."""
    older = ~sample.newest
    parameters = _parameters(trees, seed)
    categories = [i for i, f in enumerate(sample.catalog.features) if f.kind == FeatureKind.CATEGORY]

    def data(rows: NDArray[np.bool_] | None = None, like: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
        x, y, w = (a if rows is None else a[rows] for a in (sample.x, sample.y, weight))
        return lightgbm.Dataset(
            x, y, weight=w, reference=like, categorical_feature=categories, params=parameters, free_raw_data=True
        )

    count = most
    if _both(sample.y[older]) and _both(sample.y[sample.newest]):
        learn = data(older)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        trial = lightgbm.train(parameters, learn, most, [data(sample.newest, learn)], callbacks=[stop])
        count = trial.best_iteration
    booster = lightgbm.train(parameters, data(), max(count, 1))
    return Boosted(booster.model_to_string())


def _parameters(trees: Trees, seed: int) -> dict[str, object]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": trees.leaves,
        "learning_rate": trees.rate,
        "min_data_in_leaf": 20,
        "min_sum_hessian_in_leaf": trees.least_leads * 0.1,  # a lead of even odds has a hessian of a quarter
        "feature_fraction": trees.columns,
        "lambda_l2": trees.ridge,
        "cat_l2": trees.ridge,
        "cat_smooth": 20,
        "max_bin": 63,
        "max_cat_threshold": 16,
        "seed": seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _both(y: Vector) -> bool:
    return len(np.unique(y)) > 1


def stack(components: Sequence[Component], x: Matrix) -> Matrix:
    """The log-odds of each component, ``[n, len(components)]``; neighbours of one design share its encoding."""
    out = np.empty((len(x), len(components)))
    design, rows = None, np.empty((len(x), 0))
    for j, component in enumerate(components):
        if isinstance(component, Linear):
            if component.design is not design:
                design, rows = component.design, encoded(component.design, x)
            out[:, j] = rows @ np.array(component.weights) + component.intercept
        else:
            out[:, j] = component.log_odds(x)
    return out
