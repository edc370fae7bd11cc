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
from training import average
from training.average import Average
from training.designs import design_of, encoded
from training.habits import beside, habits_of
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
    snapshot to the as-of date, 0 in a flat history; ``newest[n]``: the rows of the newest `INNER` leads; ``person[n]``:
    a number for who decided on the lead, `training.persons.UNKNOWN` where nobody is known, or ``None`` where persons
    are not told apart.
    """

    catalog: Catalog
    x: Matrix
    y: Vector
    weight: Vector
    age: Vector
    newest: NDArray[np.bool_]
    person: NDArray[np.int64] | None = None

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


@dataclass(frozen=True)
class Away:
    """Persons' habits beside a candidate that is fitted.

    ``offset[n]``: the log-odds that each row's person adds of their own, 0 where unknown; ``average``: over those who
    decide nowadays, for whom the candidate then speaks.
    """

    offset: Vector
    average: Average


class Fitter:
    """Fits candidates by name on one sample; what several of them need is made once.

    Where the sample tells who decided, their habits are estimated, stand beside each candidate while it is fitted, and
    are averaged out of it afterwards: it speaks for the average person, and nothing about persons is left in it.

    ``tree_half_life`` is the fading of the boosted trees: which one is decided on forward errors of the logistic
    regressions, because trees cost more. Fitting is deterministic: one thread, fixed order, given seed.
    """

    def __init__(self, sample: Sample, settings: Settings, tree_half_life: float | None, seed: int) -> None:
        self._sample = sample
        self._settings = settings
        self._tree_half_life = tree_half_life
        self._seed = seed
        self._encoded: tuple[Design, Matrix] | None = None
        self._away: Away | None = None
        self._looked = False
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
            return self._logistic(design, rows, self._sample.faded(half_life), width)
        return boosted(
            self._sample,
            self._sample.faded(self._tree_half_life),
            self._trees[name],
            most=self._settings.most_trees,
            seed=self._seed,
            away=self.away(),
        )

    def away(self) -> Away | None:
        """The persons' habits; ``None`` where nobody is known, or no two persons can be told apart."""
        sample = self._sample
        if not self._looked and sample.person is not None:
            _, rows = self._design()
            nothing = np.zeros(len(sample.y))
            found = habits_of(sample.person, sample.y, sample.weight, rows, offset=nothing)
            habit = nothing if found is None else found.of(sample.person)
            recent = sample.newest & np.isfinite(habit) & (sample.weight > 0)
            if found is not None and recent.any():
                self._away = Away(np.nan_to_num(habit), Average.of(habit[recent], sample.weight[recent]))
        self._looked = True
        return self._away

    def _logistic(self, design: Design, rows: Matrix, weight: Vector, width: float) -> Linear:
        sample, away = self._sample, self.away()
        if away is None or rows.shape[1] == 0:
            return logistic(design, rows, sample.y, weight, width)
        weights, intercept = beside(away.offset, sample.y, weight, rows, width)
        recent = sample.newest
        line = away.average.line(rows[recent] @ weights + intercept, sample.weight[recent])
        return average.linear(Linear(design, tuple(weights.tolist()), intercept), *line)

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


def boosted(
    sample: Sample, weight: Vector, trees: Trees, *, most: int, seed: int, away: Away | None = None
) -> Component:
    """Boosted trees; how many is decided on the newest leads, then all are used. None at all gives the base rate."""
    older = ~sample.newest
    parameters = _parameters(trees, seed)
    categories = [i for i, f in enumerate(sample.catalog.features) if f.kind == FeatureKind.CATEGORY]
    base = constant(sample.y, weight).intercept
    start = None if away is None else away.offset + base

    def data(rows: NDArray[np.bool_] | None = None, like: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
        chosen = slice(None) if rows is None else rows
        x, y, w = (a[chosen] for a in (sample.x, sample.y, weight))
        return lightgbm.Dataset(
            x,
            y,
            weight=w,
            init_score=None if start is None else start[chosen],
            reference=like,
            categorical_feature=categories,
            params=parameters,
            free_raw_data=True,
        )

    count = most
    if _both(sample.y[older]) and _both(sample.y[sample.newest]):
        learn = data(older)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        trial = lightgbm.train(parameters, learn, most, [data(sample.newest, learn)], callbacks=[stop])
        count = trial.best_iteration
    booster = lightgbm.train(parameters, data(), max(count, 1))
    if away is None:
        return Boosted(booster.model_to_string())
    raw = np.asarray(booster.predict(sample.x[sample.newest], raw_score=True, num_threads=1)) + base
    slope, intercept = away.average.line(raw, sample.weight[sample.newest])
    return average.boosted(booster, slope, slope * base + intercept)


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
