"""Whether probabilities meant what they said, among leads handed over whose time has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit, logsumexp

from features.instants import DAY, micros, micros_of
from training.evaluation import calibration_curve
from training.forecast import accounts_of
from training.intervals import intervals
from training.labels import HeadName
from training.metrics import NAMES, Ranked
from training.review.answers import VISIT
from training.review.handed import Handed
from training.review.wagers import ALPHA, SIDES, Floats, Ints, Side, Stretch, Wealth, merged, starts

FEWEST = 50
"""With fewer judged leads than this nothing is said of calibration."""

TRIFLE = 0.25
"""By how much, in log-odds, all probabilities together may be off before an alarm is raised."""

STAKES = (0.1, 0.3, 0.6, 0.9)
"""How much of its money each bet puts on an answer: the same on every one, so that only the average counts."""

_EDGE = 1e-9


@dataclass(frozen=True)
class Calibrated:
    """One head: ``expected`` and ``came``, shares of the judged ``leads``; figures are value, low, high (95 %).

    ``curve``: bins as `training.evaluation.calibration_curve` makes them. ``wealth`` is the evidence that all
    probabilities together are off by more than `TRIFLE`, an alarm when it reaches the ``threshold``.
    """

    head: HeadName
    leads: int
    expected: float
    came: float
    slope: tuple[float, float, float]
    intercept: tuple[float, float, float]
    curve: pd.DataFrame
    wealth: Wealth
    threshold: float

    @property
    def alarm(self) -> tuple[pd.Timestamp, Side] | None:
        """When the alarm was raised first, and on which side."""
        crossed = self.wealth.crossed(float(np.log(self.threshold)))
        return None if crossed is None else (pd.Timestamp(crossed[0], unit="us", tz="UTC"), crossed[1])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        alarm = self.alarm
        return {
            "head": str(self.head),
            "leads": self.leads,
            "expected": self.expected,
            "came": self.came,
            "slope": list(self.slope),
            "intercept": list(self.intercept),
            "evidence": self.wealth.factor,
            "threshold": self.threshold,
            "off_since": alarm[0].isoformat() if alarm else None,
            "side": alarm[1] if alarm else None,
        }


def calibrated(handed: Handed, seed: int) -> tuple[Calibrated, ...]:
    """Each head that has `FEWEST` judged leads or more.

    Of leads that the scorer in service did not learn from, where there are any: what an earlier one said of older leads
    (the sheet may be older than the scorer) says nothing of this one.
    """
    handed = handed.newest
    days = {HeadName.ACCEPT: handed.definition.accept_days, HeadName.CLOSE: handed.definition.close_days}
    found = (_calibrated(handed, head, days[head], seed) for head in HeadName)
    return tuple(each for each in found if each is not None)


def _calibrated(handed: Handed, head: HeadName, days: float, seed: int) -> Calibrated | None:
    leads = handed.graded
    over = leads["handed_off_at"] + pd.Timedelta(days=days) <= handed.until
    known = over & leads[f"y_{head}"].notna() & leads[f"p_{head}"].notna()
    rows = leads[known.to_numpy()]
    if len(rows) < FEWEST:
        return None
    y, p = rows[f"y_{head}"].to_numpy(dtype="float64"), rows[f"p_{head}"].to_numpy(dtype="float64")
    account = accounts_of(rows)
    ranked, weight = Ranked.of(y, p), np.ones(len(y))
    value = ranked.metrics(weight)
    low, high = intervals(ranked, weight, account, rounds=200, seed=seed)
    told = {name: (float(value[i]), float(low[i]), float(high[i])) for i, name in enumerate(NAMES)}
    table = pd.DataFrame({"lead_id": account, "y": y, "weight": weight, "p": p})
    return Calibrated(
        head=head,
        leads=len(rows),
        expected=float(p.mean()),
        came=float(y.mean()),
        slope=told["slope"],
        intercept=told["intercept"],
        curve=calibration_curve(table, "p"),
        wealth=_off(micros(rows["handed_off_at"]), account, y, p, days, handed),
        threshold=len(HeadName) / ALPHA,
    )


def _off(at: Ints, account: np.ndarray, y: Floats, p: Floats, days: float, handed: Handed) -> Wealth:
    """The evidence that probabilities are off, as `wagers.wealth`, each lead betting on its own probability.

    Each lead's bet is on whether it comes to less, or more, than its probability moved by `TRIFLE`. As stakes never
    change, what is held is that all leads together come to what those probabilities are on average: some may lie above
    and others below. An account bets the mean of its leads of a week, once from each start on.
    """
    stretches: dict[Side, list[Stretch]] = {}
    begins = starts(micros_of(handed.since), micros_of(handed.until), DAY)
    for side in SIDES:
        sign = -1.0 if side == "below" else 1.0
        bound = expit(logit(np.clip(p, _EDGE, 1 - _EDGE)) + sign * TRIFLE)
        factor = 1.0 + sign * (y - bound)[:, None] * np.array(STAKES)
        stretches[side] = [_won(at, account, factor, days, int(start), micros_of(handed.until)) for start in begins]
    return merged(stretches)


def _won(at: Ints, account: np.ndarray, factor: Floats, days: float, start: int, until: int) -> Stretch:
    """The logarithm of one doubter's wealth at each instant when an account had its say."""
    later = at > start
    if not later.any():
        return Stretch(np.zeros(0, dtype=np.int64), np.zeros(0))
    at, factor = at[later], factor[later]
    _, account = np.unique(account[later], return_inverse=True)
    first = np.full(account.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, account, at)
    inside = at - first[account] <= VISIT * DAY
    sums = np.zeros((len(first), factor.shape[1]))
    np.add.at(sums, account[inside], factor[inside])
    mean = sums / np.bincount(account[inside])[:, None]
    enters = first + (VISIT * DAY + round(days * DAY))
    order = np.argsort(enters, kind="stable")
    order = order[enters[order] <= until]
    grown = np.cumsum(np.log(mean[order]), axis=0)
    return Stretch(enters[order], np.asarray(logsumexp(grown, axis=1) - np.log(len(STAKES))))
