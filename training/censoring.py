"""Leads too young to judge: inverse-probability-of-censoring weights, and rates that rest on them.

A snapshot is censored ``C = export - as_of`` days after it was taken, and C is known for every snapshot, settled or
not. So ``G(t) = P(C ≥ t)`` is simply the (weighted) share of snapshots at least t days old; no Kaplan-Meier estimate is
needed. A snapshot whose answer took ``d`` days is seen with probability ``G(d)``, and weighting by ``1 / G(d)`` gives
each kind of answer the share it would have had if nothing were cut off (Robins & Rotnitzky 1992; van der Laan & Robins
2003). Dropping the unsettled ones favours quick answers; counting them as failures favours old ones. The weights assume
that, within a landmark, how old a snapshot is says nothing about how quickly it will be answered; what drift does to
that is mended by the recent level (`training.calibrate`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMALLEST_SHARE = 0.05
"""G is not taken below this: no answer counts more than twenty times. Such slow answers were nearly all cut off, so few
would decide alone; the price is that the rate of slow answers is then underestimated. `Rate.truncated` tells."""


def weights(labels: pd.DataFrame, weight: Floats | None = None, groups: Floats | None = None) -> Floats:
    """The weight of each row of `training.labels.label`: ``settled / G(duration)``; unsettled and unasked rows have 0.

    ``weight`` are the snapshots' own weights: they count in G and are **not** multiplied in. ``groups`` (landmarks) get
    a G each, because later landmarks are cut off sooner; rows that are not asked do not count in it.
    """
    own = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype="float64")
    share = np.ones(len(labels))
    kinds = np.zeros(len(labels)) if groups is None else np.asarray(groups)
    asked = labels["asked"].to_numpy()
    duration = labels["duration"].to_numpy()
    censored_after = labels["censored_after"].to_numpy()
    for kind in np.unique(kinds[asked]):
        mine = asked & (kinds == kind)
        share[mine] = share_left(censored_after[mine], duration[mine], own[mine])
    settled = labels["settled"].to_numpy()
    return np.where(settled, 1.0 / np.maximum(share, SMALLEST_SHARE), 0.0)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of yes with its interval, and what it rests on. NaN where no row is settled."""

    estimate: float
    low: float
    high: float
    rows: int
    settled: int
    leads: int
    truncated: float  # share of the weighted rows whose weight was cut at 1 / `SMALLEST_SHARE`
    dropped: float  # what dropping the unsettled snapshots would have given; biased, for reports
    as_failures: float  # what counting them as no would have given; biased, for reports


def rate(labels: pd.DataFrame, snapshots: pd.DataFrame, z: float = 1.96) -> Rate:
    """The share of yes among the asked snapshots, had all been followed to the end of their horizon.

    ``snapshots`` (``lead_id, landmark, weight``) has the rows of ``labels``. The estimate is the weighted mean of the
    settled answers. The interval is Wilson's with the effective sample size of the linearised (Hájek) mean, where the
    snapshots of one lead are one observation; G is taken as known, which errs on the wide side.
    """
    own = snapshots["weight"].to_numpy()
    censoring = weights(labels, own, snapshots["landmark"].to_numpy())
    total = own * censoring
    mass = total.sum()
    asked, settled = labels["asked"].to_numpy(), labels["settled"].to_numpy()
    counts = (int(asked.sum()), int(settled.sum()), int(snapshots.loc[settled, "lead_id"].nunique()))
    if mass == 0:
        return Rate(np.nan, np.nan, np.nan, *counts, np.nan, np.nan, np.nan)
    yes = float(own[(labels["y"] == 1).to_numpy()].sum())
    naive = (yes / float(own[settled].sum()), yes / float(own[asked].sum()))
    estimate = float((total * np.where(settled, labels["y"], 0.0)).sum() / mass)
    residual = pd.Series(np.where(settled, total * (labels["y"] - estimate), 0.0) / mass)
    variance = float((residual.groupby(snapshots["lead_id"].to_numpy()).sum() ** 2).sum())
    size = estimate * (1 - estimate) / variance if variance > 0 else counts[2]
    low, high = _wilson(estimate, size, z)
    cut = float(total[censoring >= 1 / SMALLEST_SHARE].sum() / mass)
    return Rate(estimate, low, high, *counts, cut, *naive)


def share_left(censored_after: Floats, t: Floats, weight: Floats | None = None) -> Floats:
    """The (weighted) share of ``censored_after`` at or above each ``t``; NaN gives 1."""
    weight = np.ones(len(censored_after)) if weight is None else weight
    order = np.argsort(censored_after, kind="stable")
    above = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
    place = np.searchsorted(censored_after[order], np.nan_to_num(t, nan=-np.inf), side="left")
    return above[place] / above[0] if above[0] > 0 else np.ones(len(t))


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))
