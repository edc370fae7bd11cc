"""What share of a group of leads will say yes in the period to come, with the range in which it should lie.

A prediction range, not a confidence interval: it must hold the share that comes out, so it allows for three things.

* How well the scorer's probabilities are known to fit the group. At each date of the backtest, of the group's arrivals
  a share ``r`` said yes where the scorer of that date expected ``q``. The group's own error ``b`` on the scale of
  log-odds is learned from all dates.
* That periods differ: each has a departure ``u ~ N(0, τ²)`` of its own beyond chance, and so will the next. Few dates
  tell little of ``τ``, so it has a prior that keeps away from 0 and is averaged over, not estimated.
* Chance: so many leads come in, and leads of one account decide together.

The next period's share is expected at the mean probability that the scorer in force gives the group's recent arrivals,
shifted by ``b + u``. The method is the prediction interval of a random-effects meta-analysis (Higgins, Thompson &
Spiegelhalter 2009, J. R. Statist. Soc. A 172:137) with binomial likelihoods and a log-normal prior on ``τ``, which like
the priors of Chung et al. (2013, Psychometrika 78:685) keeps off the boundary; clusters count by Kish's design effect.
``docs/agreement.md`` shows how often the ranges held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betainc, expit, logit, logsumexp

from models.sheet import Range

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

OWN = 0.15
"""Prior standard deviation of a group's own error, log-odds: the scorer is calibrated, so it is small."""

ODD, FAR = 0.1, 1.0
"""Unless it is not: with the first chance the error comes from a law with the second standard deviation."""

PERIODS = 0.2
"""Prior median of the standard deviation between periods, log-odds."""

UNSURE = 0.5
"""Standard deviation of its logarithm: 0.2 may as well be 0.07 or 0.5."""

PAIRS = 50.0
"""Pairs of leads of one account for which the prior of no likeness counts."""

_TAU = np.linspace(0.02, 0.98, 25)
_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(9)
_SHARES = _SHARES / _SHARES.sum()
_OWN = np.sinh(np.linspace(-3.5, 3.5, 41)) * OWN
_PRIOR = np.gradient(_OWN) * sum(
    share / spread * np.exp(-0.5 * (_OWN / spread) ** 2) for share, spread in ((1 - ODD, OWN), (ODD, FAR))
)
_EDGE = 1e-6
_PARTS = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """Forward arrivals with an answer, ``[n]`` each: period and account as codes, answer, weight, what was said."""

    period: Codes
    account: Codes
    y: Floats
    weight: Floats
    p: Floats

    @classmethod
    def of(cls, arrivals: pd.DataFrame, head: str) -> Self:
        """The judged ones among `training.arrivals.forward` for this head."""
        rows = arrivals[(arrivals[f"weight_{head}"] > 0).to_numpy() & arrivals[f"p_{head}"].notna().to_numpy()]
        return cls(
            period=codes(rows["date"]),
            account=accounts_of(rows),
            y=rows[f"y_{head}"].to_numpy(dtype="float64"),
            weight=rows[f"weight_{head}"].to_numpy(),
            p=rows[f"p_{head}"].to_numpy(),
        )

    def __len__(self) -> int:
        return len(self.y)

    def periods(self) -> list[Self]:
        """The rows of each period."""
        return [self.where(self.period == period) for period in np.unique(self.period)]

    def where(self, rows: NDArray[np.bool_]) -> Self:
        """Some of the rows."""
        return type(self)(self.period[rows], self.account[rows], self.y[rows], self.weight[rows], self.p[rows])


@dataclass(frozen=True, slots=True)
class Drift:
    """How periods differ: the posterior of ``τ`` on a grid, and how alike leads of one account decide."""

    weights: Floats
    likeness: float


def drift(groups: Sequence[Judged]) -> Drift:
    """Learned from all groups together, since each alone has too few periods."""
    alike = likeness(groups)
    log = -0.5 * (np.log(_TAU / PERIODS) / UNSURE) ** 2 - np.log(_TAU)
    for group in groups:
        if len(group):
            log = log + logsumexp(_posterior(group, alike), axis=1)
    return Drift(np.exp(log - logsumexp(log)), alike)


def share(judged: Judged, p: Floats, sizes: Floats, leads: float, learned: Drift, coverage: float) -> Range | None:
    """The share of yes among the ``leads`` of the next period, and its range; ``None`` where none was judged.

    ``p[n]`` is what the scorer in force says of the group's recent arrivals (where there are none, what was said of the
    judged ones stands in), ``sizes`` how many of them each account sent.
    """
    if not len(judged):
        return None
    p = p if len(p) else judged.p
    mean = float(np.clip(p.mean(), _EDGE, 1 - _EDGE))
    blur = float(p.var()) / len(p) / (mean * (1 - mean)) ** 2
    log = np.log(learned.weights + 1e-300)[:, None] + _posterior(judged, learned.likeness)
    weight = np.exp(log - logsumexp(log))
    spread = np.sqrt(_TAU**2 + blur)
    shift = _OWN[None, :, None] + spread[:, None, None] * _NODES
    chances = expit(logit(mean) + shift).ravel()
    weights = (weight[:, :, None] * _SHARES).ravel()
    chances, weights = _condensed(chances, weights)
    trials = max(leads, 1.0) / effect(sizes, learned.likeness)
    low, high = (_quantile(tail, trials, chances, weights) for tail in ((1 - coverage) / 2, (1 + coverage) / 2))
    value = float(weights @ chances)
    return Range(value, min(low, value), max(high, value))


def likeness(groups: Sequence[Judged]) -> float:
    """The correlation of answers of leads of one account in one period and group, from pairs; drawn towards none."""
    together = apart = pairs = 0.0
    for cell in (cell for group in groups for cell in group.periods()):
        rate = np.average(cell.y, weights=cell.weight)
        together += _crossed(cell.account, cell.weight * (cell.y - rate))
        weight = _crossed(cell.account, cell.weight)
        apart += weight * rate * (1 - rate)
        pairs += weight
    if pairs <= 0 or apart <= 0:
        return 0.0
    return float(np.clip(together / apart * pairs / (pairs + 2 * PAIRS), 0.0, 1.0))


def _crossed(account: Codes, value: Floats) -> float:
    """The sum of the products of all pairs of rows of one account, each pair twice."""
    sums = np.bincount(account, weights=value)
    return float((sums**2).sum() - (value**2).sum())


def effect(sizes: Floats, alike: float) -> float:
    """Kish's design effect: how many leads are worth one, where accounts send ``sizes`` leads."""
    total = float(sizes.sum())
    return 1.0 + alike * max(float((sizes**2).sum()) / total - 1.0, 0.0) if total > 0 else 1.0


def codes(values: pd.Series) -> Codes:
    """A number for each distinct value."""
    return np.asarray(pd.factorize(values)[0], dtype=np.intp)


def accounts_of(arrivals: pd.DataFrame) -> Codes:
    """A number for each account of arrivals; a lead without one is an account of its own."""
    account = arrivals["account_id"]
    return codes(account.where(account.notna(), "lead " + arrivals["lead_id"]))


def sizes_of(arrivals: pd.DataFrame) -> Floats:
    """How many of these arrivals each account sent."""
    return np.bincount(accounts_of(arrivals)).astype("float64")


def _posterior(group: Judged, alike: float) -> Floats:
    """Log-likelihood of each ``τ`` (rows) and own error (columns), the prior of the latter included."""
    log = np.tile(np.log(_PRIOR), (len(_TAU), 1))
    for cell in group.periods():
        sums = np.bincount(cell.account, weights=cell.weight)
        worth = cell.weight.sum() ** 2 / (cell.weight**2).sum() / effect(sums[sums > 0] / cell.weight.mean(), alike)
        rate, said = (np.average(v, weights=cell.weight) for v in (cell.y, cell.p))
        at = logit(np.clip(said, _EDGE, 1 - _EDGE)) + _OWN[None, :, None] + _TAU[:, None, None] * _NODES
        one = worth * (rate * at - np.logaddexp(0.0, at))
        log = log + logsumexp(one + np.log(_SHARES), axis=2)
    return log


def _condensed(chances: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The mixture in `_PARTS` parts of about equal weight, each at its mean: a fortieth of the work, the same ends."""
    order = np.argsort(chances, kind="stable")
    part = np.minimum((np.cumsum(weights[order]) * _PARTS).astype("int64"), _PARTS - 1)
    mass, weighted = (
        np.bincount(part, weights=column[order], minlength=_PARTS).astype("float64")
        for column in (weights, weights * chances)
    )
    return weighted[mass > 0] / mass[mass > 0], mass[mass > 0]


def _quantile(tail: float, trials: float, chances: Floats, weights: Floats) -> float:
    """The share at which the mixture of binomials (mid-probabilities, continuous in between) reaches ``tail``."""

    def below(count: float) -> float:
        return float(weights @ betainc(trials - count + 0.5, count + 0.5, 1 - chances)) - tail

    if below(0.0) >= 0:
        return 0.0
    if below(trials) <= 0:
        return 1.0
    return float(brentq(below, 0.0, trials, xtol=1e-4)) / trials
