"""The recent level: how often leads say yes nowadays, from outcomes of which the latest are not all in yet.

Of the recent snapshots, those that have said yes so far are ``O``. If the model's level still held, one would expect
``E = Σ p · F(age)``, where ``F(t)`` is the share of all answers of yes that come within ``t`` days (delayed
feedback, Chapelle 2014; the chain-ladder method of insurers). The level moves by ``(O + a) / (E + a)``: a gamma prior
worth ``a`` expected outcomes keeps it where it was until there is evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from training.censoring import Floats

FURTHEST = 3.0
"""The level moves at most this far, in log-odds."""

Seen = Callable[[Floats, NDArray[np.int64]], Floats]
"""From ages in days and landmarks, ``[n]`` each, to the share of yeses that have come by that age, ``[n]``."""


@dataclass(frozen=True, slots=True)
class LevelRule:
    """Over which window the recent level is measured and what the old one counts for; no days: no correction."""

    days: float | None = None
    prior: float = 10.0


@dataclass(frozen=True)
class Recent:
    """The snapshots before an instant from which the level then is measured: one row each.

    ``age`` in days at that instant; ``weight`` of the snapshot; ``yes``: it had said yes by then; ``seen``: F of its
    age; ``raw[n, m]``: log-odds of each candidate.
    """

    age: Floats
    weight: Floats
    yes: NDArray[np.bool_]
    seen: Floats
    raw: Floats

    def shift(self, rule: LevelRule, blend: Floats) -> float:
        """What to add to the blended log-odds ``raw @ blend`` so that they fit the recent level."""
        if rule.days is None:
            return 0.0
        rows = self.age <= rule.days
        raw = self.raw[rows] @ blend
        part = self.weight[rows] * self.seen[rows]
        expected = float(part @ expit(raw))
        observed = float(self.weight[rows] @ self.yes[rows])
        wanted = expected * (observed + rule.prior) / (expected + rule.prior)

        def gap(shift: float) -> float:
            return float(part @ expit(raw + shift)) - wanted

        if expected == 0 or gap(FURTHEST) <= 0:
            return FURTHEST if wanted > expected else 0.0
        return -FURTHEST if gap(-FURTHEST) >= 0 else float(brentq(gap, -FURTHEST, FURTHEST, xtol=1e-9))


def seen_share(labels: pd.DataFrame, weight: Floats, landmark: NDArray[np.int64]) -> Seen:
    """``F`` from the durations of those that said yes, by landmark; ``weight`` includes the censoring weights.

    Landmarks with fewer than 10 yeses share one F. Without any yes, F is 1: nothing is known about how long it takes.
    """
    yes = (labels["y"] == 1).to_numpy() & (weight > 0)
    curves = {None: _curve(labels["duration"].to_numpy()[yes], weight[yes])}
    for kind in np.unique(landmark[yes]):
        mine = yes & (landmark == kind)
        if mine.sum() >= 10:  # noqa: PLR2004  said in the docstring
            curves[kind] = _curve(labels["duration"].to_numpy()[mine], weight[mine])

    def share(age: Floats, kinds: NDArray[np.int64]) -> Floats:
        out = np.ones(len(age))
        for kind in np.unique(kinds):
            out[kinds == kind] = curves.get(kind, curves[None])(age[kinds == kind])
        return out

    return share


def _curve(duration: Floats, weight: Floats) -> Callable[[Floats], Floats]:
    if len(duration) == 0:
        return np.ones_like
    order = np.argsort(duration, kind="stable")
    so_far = np.concatenate([[0.0], np.cumsum(weight[order])])
    days = duration[order]

    def share(age: Floats) -> Floats:
        return np.asarray(so_far[np.searchsorted(days, age, side="right")] / so_far[-1])

    return share
