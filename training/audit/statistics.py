"""The few statistics the checks share: intervals, strengths, order and drift. All vectorised, all deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

_FOLDS = 5
_PRIOR = 5.0


def wilson(successes: float, trials: float, alpha: float = 0.05) -> tuple[float, float]:
    """Wilson's score interval of a rate; (0, 1) without trials.

    >>> [round(bound, 3) for bound in wilson(0, 50)]
    [0.0, 0.071]
    """
    if trials <= 0:
        return 0.0, 1.0
    z = float(stats.norm.isf(alpha / 2))
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    spread = z * np.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))


@dataclass(frozen=True, slots=True)
class Strength:
    """How much one field alone says about an outcome, out of fold.

    ``area`` is the area under the ROC curve over all leads (missing is a level of its own), ``area_filled`` over the
    leads where the field is filled; ``explained`` the share of the outcome's log-loss that the field removes.
    """

    area: float
    area_filled: float
    explained: float


def strength(codes: Codes, y: Floats, folds: Codes) -> Strength:
    """The strength of a field given as level codes (-1 is missing) for an outcome of 0 and 1.

    Each lead is predicted by the outcome rate of its level among the other folds, pulled to the mean by five leads, so
    levels seen once or twice teach nothing about themselves.
    """
    predicted = out_of_fold_rates(codes, y, folds)
    filled = codes >= 0
    base = y.mean()
    loss = -np.mean(y * np.log(predicted) + (1 - y) * np.log(1 - predicted))
    start = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    return Strength(area(predicted, y), area(predicted[filled], y[filled]), float(1 - loss / start))


def out_of_fold_rates(codes: Codes, y: Floats, folds: Codes) -> Floats:
    """For each lead, the smoothed outcome rate of its level among the leads of the other folds."""
    width = int(codes.max(initial=-1)) + 2
    cell = (codes + 1) + width * folds
    count = np.bincount(cell, minlength=width * _FOLDS).reshape(_FOLDS, width).astype("float64")
    total = np.bincount(cell, weights=y, minlength=width * _FOLDS).reshape(_FOLDS, width)
    others, wins = count.sum(axis=0) - count, total.sum(axis=0) - total
    base = np.clip(wins.sum(axis=1) / np.maximum(others.sum(axis=1), 1), 1e-6, 1 - 1e-6)[:, None]
    rates = (wins + _PRIOR * base) / (others + _PRIOR)
    return np.asarray(np.clip(rates, 1e-6, 1 - 1e-6)[folds, codes + 1])


def folds_of(lead_ids: pd.Series, account_ids: pd.Series) -> Codes:
    """The fold of each lead, by a hash, so that the order of rows does not matter.

    Leads of one account fall into one fold: they share what is known of the account, and often their fate, which would
    make the account's revenue look like knowledge of the outcome.
    """
    groups = account_ids.where(account_ids.notna(), lead_ids).to_numpy(dtype=object)
    return np.asarray(pd.util.hash_array(groups) % _FOLDS, dtype="int64")


def area(predicted: Floats, y: Floats) -> float:
    """Area under the ROC curve by ranks, ties counted half; 0.5 where one class is absent."""
    positives = float(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return 0.5
    ranks = stats.rankdata(predicted)
    return float((ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def area_by_chance(y: Floats, alpha: float) -> float:
    """The area that a field without any connection stays below with chance ``1 - alpha`` (Mann and Whitney)."""
    positives = float(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return 1.0
    spread = np.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    return float(min(1.0, 0.5 + stats.norm.isf(alpha) * spread))


def stability(before: Floats, after: Floats) -> tuple[float, float]:
    """Population stability index between two tables of counts over the same levels, and its chance without a shift.

    Half a lead is added to each level, and what the index shows by chance alone, ``(levels - 1)(1/n + 1/m)``, is taken
    off. The chance is that of Pearson's two-sample chi-square.
    """
    seen = (before + after) > 0
    before, after = before[seen], after[seen]
    if len(before) < 2:  # noqa: PLR2004 - one level cannot shift
        return 0.0, 1.0
    n, m = before.sum(), after.sum()
    p, q = (before + 0.5) / (n + 0.5 * len(before)), (after + 0.5) / (m + 0.5 * len(after))
    index = float(np.sum((q - p) * np.log(q / p)) - (len(before) - 1) * (1 / n + 1 / m))
    return max(0.0, index), float(stats.chi2_contingency(np.vstack([before, after])).pvalue)


def rank_correlation(left: Floats, right: Floats) -> float:
    """Spearman's correlation of two arrays without missing values; 0 where one of them is constant."""
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:  # noqa: PLR2004
        return 0.0
    return float(np.corrcoef(stats.rankdata(left), stats.rankdata(right))[0, 1])
