"""Shares of leads with their intervals: an account counts as one observation, young leads by those like them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from training.censoring import SMALLEST_SHARE, share_left
from training.labels import HeadName, label
from training.review.handed import Handed
from training.trial.draws import clusters_of

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
Codes = NDArray[np.intp]

Z = 1.959964
"""Errors on either side of an interval of 95 %."""

_NOUGHT = 1e-12
"""A variance that is one of rounding."""

FEW = 20
"""Answers below which a share tells too little to be compared."""

DOUBT = 0.05
"""The share of false discoveries that is put up with."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of yes with its 95 % interval. ``leads``: all of them, ``judged``: those whose answer is known."""

    leads: int
    judged: int
    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there was anything to judge by."""
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to one question, row by row: ``y`` (NaN where not known), ``weight`` (0 there), ``cluster`` from 0.

    ``took`` and ``followed``: days until the answer was known, and from the hand-off to the export (NaN: not asked);
    ``horizon``: the days within which an answer comes. Where they are given, the young leads of a group are stood for
    by older ones of that group. A group that only came of late has none: its share is not known, for all that is seen
    of it are its quick answers.
    """

    y: Floats
    weight: Floats
    cluster: Codes
    took: Floats | None = None
    followed: Floats | None = None
    horizon: float = 0.0

    def among(self, rows: Truth) -> Floats:
        """The weights of these rows, such that the judged ones stand for all of them; 0 elsewhere, or where none can.

        As `training.censoring`, but within these rows: were all leads to say how long leads are followed, a group that
        is younger than the others would be told by its quick answers.
        """
        own = np.where(rows, self.weight, 0.0)
        if self.took is None or self.followed is None:
            return own
        mine = rows & np.isfinite(self.followed)
        if not mine.any() or np.isfinite(self.y[mine]).all():
            return own
        if (self.followed[mine] >= self.horizon).mean() < SMALLEST_SHARE:
            return np.zeros(len(own))
        left = share_left(self.followed[mine], np.where(own > 0, self.took, 0.0))
        return own / np.maximum(left, SMALLEST_SHARE)

    def within(self, rows: Truth) -> Answers:
        """The answers of these rows, as if there were no others."""
        followed = None if self.followed is None else np.where(rows, self.followed, np.nan)
        return replace(self, weight=np.where(rows, self.weight, 0.0), followed=followed)

    def share(self, rows: Truth) -> Share:
        """The share of yes among these rows.

        Wilson's interval with the effective size of the linearised weighted mean, clusters being one observation. Few
        clusters that happen to be alike do not make it surer than as many leads of different clusters would.
        """
        weight = self.among(rows)
        judged = weight > 0
        leads, count = int(rows.sum()), int(judged.sum())
        if not count:
            return Share(leads, 0, math.nan, math.nan, math.nan)
        own, y, cluster = weight[judged], self.y[judged], self.cluster[judged]
        value = float((own * y).sum() / own.sum())
        spread = np.bincount(np.unique(cluster, return_inverse=True)[1], weights=own * (y - value)) / own.sum()
        variance = float((spread**2).sum())
        clusters = float(len(np.unique(cluster)))
        size = min(value * (1 - value) / variance, float(count)) if variance > _NOUGHT and clusters > 1 else clusters
        return Share(leads, count, value, *wilson(value, size))

    def gap(self, rows: Truth) -> tuple[float, float]:
        """How far the share of these rows lies from that of all others, and how many errors that is (NaN: unknown).

        Errors are those that there would be were all alike: a group without any yes is not taken for exactly known.
        """
        sides = (self.among(rows), self.among(~rows))
        if min((side > 0).sum() for side in sides) < FEW:
            return math.nan, math.nan
        weight = sides[0] + sides[1]
        judged = weight > 0
        every = float((weight[judged] * self.y[judged]).sum() / weight[judged].sum())
        pull = np.zeros(len(rows))
        means = []
        for side, sign in zip(sides, (1.0, -1.0), strict=True):
            part = side > 0
            means.append(float((side[part] * self.y[part]).sum() / side.sum()))
            pull[part] = sign * side[part] * (self.y[part] - every) / side.sum()
        error = math.sqrt(float((np.bincount(self.cluster[judged], weights=pull[judged]) ** 2).sum()))
        gap = means[0] - means[1]
        return gap, gap / error if error > 0 else math.nan


def answers_of(handed: Handed, head: HeadName) -> Answers:
    """What is known of all leads handed over, for one head: of those too young others like them stand for them."""
    snapshots = handed.leads[["lead_id"]].assign(as_of=handed.leads["handed_off_at"])
    labels = label(handed.history, snapshots, head, handed.definition)
    y = handed.leads[f"y_{head}"].to_numpy(dtype="float64")
    return labelled(labels, y, clusters_of(handed.leads), horizon_of(handed, head))


def labelled(labels: pd.DataFrame, y: Floats, cluster: Codes, horizon: float, counts: Floats | float = 1.0) -> Answers:
    """The answers of `training.labels.label`, each lead counting for so much."""
    return Answers(
        y,
        np.where(np.isnan(y) | ~labels["settled"].to_numpy(), 0.0, 1.0) * counts,
        cluster,
        labels["duration"].to_numpy(),
        labels["censored_after"].where(labels["asked"]).to_numpy(),
        horizon,
    )


def horizon_of(handed: Handed, head: HeadName) -> float:
    """The days within which a head's answer comes."""
    return handed.definition.accept_days if head is HeadName.ACCEPT else handed.definition.close_days


def plain(yes: Truth, asked: Truth, leads: pd.DataFrame) -> Answers:
    """Answers that need no weights: yes or no where ``asked``, nothing else."""
    return Answers(np.where(asked, yes.astype("float64"), np.nan), asked.astype("float64"), clusters_of(leads))


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's interval (1927, J. Am. Stat. Assoc. 22:209)."""
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(max(p * (1 - p), 0.0) / n + Z**2 / (4 * n**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def doubts(errors: Floats) -> Floats:
    """Two-sided p-values of distances in errors; 1 where not known."""
    return np.asarray(2 * norm.sf(np.abs(np.nan_to_num(errors))))


def found(p: Floats, doubt: float = DOUBT) -> Truth:
    """Which of these are found when at most ``doubt`` of all found may be false (Benjamini & Hochberg 1995)."""
    order = np.argsort(p, kind="stable")
    held = p[order] <= doubt * np.arange(1, len(p) + 1) / max(len(p), 1)
    last = int(np.max(np.flatnonzero(held), initial=-1))
    out = np.zeros(len(p), dtype=bool)
    out[order[: last + 1]] = True
    return out
