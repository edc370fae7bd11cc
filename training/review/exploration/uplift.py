"""What the score adds: leads worked by their grade against leads of low grades drawn by lot and worked all the same.

The draw knows nothing of a lead, so those drawn show what all low grades would have come to. The two kinds are compared
as if they had come in the same quarters, in the mix of all of them together. A lead is judged once its horizon has
passed: with weights for those answered early, what changed lately would be told wrongly (decision 20). Both shares have
Wilson's interval with the effective size of the linearised mean, where the leads of an account are one observation, and
the interval of their difference is made from those of the two (MOVER, Newcombe 1998, Stat. Med. 17:873; Zou & Donner
2008, Stat. Med. 27:1693).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.labels import HeadName
from training.review.handed import GIVEN, Handed
from training.review.shares import wilson
from training.trial.draws import clusters_of

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

PERIOD = pd.Timedelta(days=91)
FEW = 10
"""Yeses, noes and accounts below which the spread is not trusted: then an account counts as one lead, all alike."""

FEWEST = 20
"""Drawn leads whose answer is known below which nothing is compared."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The share of yes of one kind of leads: ``size`` is how many independent leads it is worth."""

    leads: int
    judged: int
    value: float
    low: float
    high: float
    size: float

    @property
    def error(self) -> float:
        """The standard error of the share."""
        return math.sqrt(max(self.value * (1 - self.value), 0.0) / self.size) if self.size > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Uplift:
    """Shares by the score and by lot, and by how much the first is higher, with its 95 % interval.

    The share of the lot is that of low grades at large, drawn or not, had all been worked.
    """

    score: Arm
    lot: Arm
    value: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the score is shown to add something."""
        return self.low > 0

    @property
    def target(self) -> float:
        """Half the width of the range that is wanted next: half of today's, or one that shows what is not shown yet."""
        half = (self.high - self.low) / 2
        return min(half / 2, self.value) if 0 < self.value < half else half / 2

    def longer(self, denser: float = 1.0) -> float:
        """How many times as long all this must go on for `target`, where ``denser`` times as many are drawn.

        Both kinds of leads keep coming as they did, so the square of the range shrinks with time.
        """
        now, then = self.score.error**2 + self.lot.error**2, self.score.error**2 + self.lot.error**2 / denser
        half = (self.high - self.low) / 2
        return (half / self.target) ** 2 * (then / now if now > 0 else 1.0 / denser)


@dataclass(frozen=True)
class Explored:
    """The leads with a score of the ledger, by how they came to be worked.

    ``leads``: those rows of `Handed.leads`; ``drawn`` by lot, ``left`` (not drawn), ``high`` (by their grade): bool[n].
    Leads of a low grade given while nothing was drawn, as where drawing paused, are none of them.
    """

    leads: pd.DataFrame
    drawn: Truth
    left: Truth
    high: Truth


def explored(handed: Handed) -> Explored:
    """The leads that the service scored, from the first draw on: before it nothing was left to the lot."""
    leads = handed.leads
    given = (leads["given"] == GIVEN).to_numpy()
    took_part = leads["explored"].notna().to_numpy() & given
    if took_part.any():
        given = given & (leads["handed_off_at"] >= leads["handed_off_at"][took_part].min()).to_numpy()
    rows = leads[given].reset_index(drop=True)
    drawn = (rows["explored"].astype("boolean").fillna(False)).to_numpy(dtype=bool)  # noqa: FBT003 - missing is not drawn
    left = rows["explored"].notna().to_numpy() & ~drawn
    exploration = handed.definition.exploration
    low = rows["grade"].isin(exploration.grades if exploration else ()).to_numpy()
    return Explored(rows, drawn, left, ~drawn & ~left & ~low)


def uplift(handed: Handed, found: Explored, head: HeadName) -> Uplift | None:
    """What the score adds for one head; ``None`` where too few drawn leads can be judged."""
    judged = judged_of(handed, found, head)
    period = periods_of(found)
    arms = (found.high & judged, found.drawn & judged)
    shared = np.isin(period, np.intersect1d(period[arms[0]], period[arms[1]]))
    y, cluster = found.leads[f"y_{head}"].to_numpy(dtype="float64"), clusters_of(found.leads)
    leads = (int(found.high.sum()), int(found.drawn.sum()))
    mix = np.bincount(period, weights=arms[0] | arms[1]).astype("float64")
    made = [_arm(y, arm & shared, n, period, mix, cluster) for arm, n in zip(arms, leads, strict=True)]
    if any(one is None for one in made):
        return None
    (score, pull), (lot, push) = [one for one in made if one is not None]
    if lot.judged < FEWEST or score.judged < FEWEST:
        return None
    down, up = score.value - score.low, score.high - score.value
    below, above = lot.value - lot.low, lot.high - lot.value
    alike = _alike(pull, push)
    value = score.value - lot.value
    low = value - math.sqrt(max(down**2 + above**2 - 2 * alike * down * above, 0.0))
    high = value + math.sqrt(max(up**2 + below**2 - 2 * alike * up * below, 0.0))
    return Uplift(score, lot, value, low, high)


def judged_of(handed: Handed, found: Explored, head: HeadName) -> Truth:
    """The leads whose horizon has passed and whose answer is known, whatever was answered and however early."""
    days = handed.definition.accept_days if head is HeadName.ACCEPT else handed.definition.close_days
    over = found.leads["handed_off_at"] + pd.Timedelta(days=days) <= handed.until
    return np.asarray(over & found.leads[f"y_{head}"].notna(), dtype=bool)


def periods_of(found: Explored) -> NDArray[np.int64]:
    """The number of the quarter in which each lead was handed over."""
    at = found.leads["handed_off_at"]
    return np.asarray((at - at.min()) // PERIOD, dtype=np.int64)


def _arm(
    answer: Floats, mine: Truth, leads: int, period: NDArray[np.int64], mix: Floats, cluster: NDArray[np.intp]
) -> tuple[Arm, Mapping[int, float]] | None:
    """The share of these rows in the ``mix`` of periods of both arms, and how each cluster pulls at it."""
    if not mine.any():
        return None
    mass = mix[period[mine]] / np.bincount(period[mine], minlength=len(mix))[period[mine]]
    y = answer[mine]
    value = float(mass @ y / mass.sum())
    codes, place = np.unique(cluster[mine], return_inverse=True)
    pull = np.bincount(place, weights=mass * (y - value)) / mass.sum()
    sums = np.bincount(place, weights=mass)
    worth = float(mass.sum() ** 2 / (sums**2).sum())
    size = float(mass.sum() ** 2 / (mass**2).sum())  # no more than that of independent leads
    spread = float((pull**2).sum())
    if spread > 0:
        size = min(size, value * (1 - value) / spread)
    yes, judged = int((y > 0).sum()), int(mine.sum())
    if min(yes, judged - yes, len(codes)) < FEW:
        size = min(size, worth)
    arm = Arm(leads, judged, value, *wilson(value, size), size)
    return arm, dict(zip(codes.tolist(), pull.tolist(), strict=True))


def _alike(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    """How far both shares go together because accounts have leads of both kinds: a correlation, not below nought."""
    scale = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return min(max(sum(v * other.get(k, 0.0) for k, v in one.items()) / scale, 0.0), 1.0) if scale > 0 else 0.0
