"""The recent level: how often leads say yes nowadays, from outcomes of which the latest are not all in yet.

Of the recent snapshots, those that have said yes so far are ``O``. If the model's level still held, one would expect
``E = Σ p · F(age)``, where ``F(t)`` is the share of all answers of yes that come within ``t`` days (delayed
feedback, Chapelle 2014; the chain-ladder method of insurers). The level moves by ``(O + a) / (E + a)``: a gamma prior
worth ``a`` expected outcomes keeps it where it was until there is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from training.censoring import Floats

FURTHEST = 3.0
"""The level moves at most this far, in log-odds."""


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
