"""How good forward predictions were: every metric with its interval, by backtest date and together.

Every method is judged on the same rows and its intervals (`training.intervals`) rest on the same draws of leads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.intervals import intervals
from training.metrics import NAMES, Ranked
from training.progress import Step, silent

ROUNDS = 200
"""Bootstrap draws."""

BINS = 10
"""Points of a calibration curve."""

FEWEST_IN_BIN = 30
"""Leads that a point of a calibration curve should rest on; few leads give fewer points."""

METRIC_COLUMNS = ("head", "method", "date", "metric", "value", "low", "high", "rows", "leads")


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found, as tidy tables.

    * ``metrics``: for each head, method, date (NaT: all of them) and metric of `training.metrics.NAMES`: ``value``,
      its 95 % interval ``low, high``, and how many settled ``rows`` and ``leads`` it rests on;
    * ``calibration``: for each head and method, bins of the prediction: ``predicted, observed, low, high, share``;
    * ``gain``: for each head and method, the ``share`` of leads taken, best first, and of all yeses ``captured``.
    """

    metrics: pd.DataFrame
    calibration: pd.DataFrame
    gain: pd.DataFrame

    def of(self, head: str, method: str, date: pd.Timestamp | None = None) -> pd.DataFrame:
        """``value, low, high`` of one method by metric; all dates together unless one is given."""
        rows = self.metrics[(self.metrics["head"] == head) & (self.metrics["method"] == method)]
        dated = rows["date"].isna() if date is None else rows["date"] == date
        return rows[dated].set_index("metric")[["value", "low", "high"]]


def evaluate(
    predictions: pd.DataFrame, methods: Sequence[str], *, seed: int, rounds: int = ROUNDS, step: Step = silent
) -> Evaluation:
    """Judges methods on the settled rows of forward predictions.

    ``predictions`` has ``head, date, lead_id, y, weight`` and a column of probabilities for each method, as
    `training.backtest.Backtest.table`; rows of weight 0 do not count. ``date`` is NaT throughout in a history without
    times, which gives the figures of all together only. Deterministic for a seed; neither the order of rows nor other
    methods change a number.
    """
    scopes = list(_scopes(predictions))
    found: list[tuple[object, ...]] = []
    for i, (head, date, rows) in enumerate(scopes):
        step(f"evaluating {head}", i / len(scopes))
        found += _judged(head, date, rows, methods, seed, rounds)
    metrics = pd.DataFrame(found, columns=list(METRIC_COLUMNS))
    metrics["date"] = pd.to_datetime(metrics["date"], utc=True)
    whole = [(head, rows) for head, date, rows in scopes if date is pd.NaT]
    step("evaluated", 1.0)
    return Evaluation(
        metrics=metrics,
        calibration=_stacked({(h, m): calibration_curve(r, m) for h, r in whole for m in methods}),
        gain=_stacked({(h, m): gain_curve(r, m) for h, r in whole for m in methods}),
    )


def calibration_curve(rows: pd.DataFrame, method: str, bins: int = BINS) -> pd.DataFrame:
    """Mean prediction and observed share in bins of equal weight, with intervals clustered by lead; ties stay together.

    A bin with nothing but yes or no has Wilson's interval (1927) for its number of leads.
    """
    p, weight = rows[method].to_numpy(), rows["weight"].to_numpy()
    fitting = max(1, min(bins, rows["lead_id"].nunique() // FEWEST_IN_BIN))
    level, group = np.unique(p, return_inverse=True)
    mass = np.bincount(group, weights=weight, minlength=len(level))
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    place = np.minimum((middle * fitting).astype(int), fitting - 1)[group]
    out = [_point(rows[place == b], method, weight.sum()) for b in np.unique(place)]
    return pd.DataFrame(out, columns=["predicted", "observed", "low", "high", "share"])


def gain_curve(rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """The share of yeses captured by the best share of leads, at each percent; tied leads are taken in part."""
    order = np.argsort(-rows[method].to_numpy(), kind="stable")
    p = rows[method].to_numpy()[order]
    last = np.append(p[1:] != p[:-1], True)
    weight = rows["weight"].to_numpy()[order]
    yes = weight * rows["y"].to_numpy()[order]
    taken = np.concatenate([[0.0], np.cumsum(weight)[last] / weight.sum()])
    found = np.concatenate([[0.0], np.cumsum(yes)[last] / max(yes.sum(), np.finfo(float).tiny)])
    share = np.linspace(0.0, 1.0, 101)
    return pd.DataFrame({"share": share, "captured": np.interp(share, taken, found)})


def _scopes(predictions: pd.DataFrame) -> Iterator[tuple[str, pd.Timestamp, pd.DataFrame]]:
    """Each head's settled rows, by date and then all together (NaT), in an order of their own."""
    settled = predictions[(predictions["weight"] > 0) & predictions["y"].notna()]
    keys = ["lead_id", *(["as_of"] if "as_of" in settled else [])]
    settled = settled.sort_values(["date", *keys], kind="stable")
    for head, rows in settled.groupby("head", sort=True):
        for date, dated in rows.groupby("date", sort=True):
            yield str(head), date, dated
        yield str(head), pd.NaT, rows


def _judged(
    head: str, date: pd.Timestamp, rows: pd.DataFrame, methods: Sequence[str], seed: int, rounds: int
) -> Iterator[tuple[object, ...]]:
    y, weight = rows["y"].to_numpy(), rows["weight"].to_numpy()
    lead, leads = _codes(rows["lead_id"])
    for method in methods:
        ranked = Ranked.of(y, rows[method].to_numpy())
        value = ranked.metrics(weight)
        low, high = intervals(ranked, weight, lead, rounds=rounds, seed=seed)
        for i, name in enumerate(NAMES):
            yield head, method, date, name, value[i], low[i], high[i], len(rows), leads


def _codes(lead_ids: pd.Series) -> tuple[NDArray[np.intp], int]:
    codes, names = pd.factorize(lead_ids)
    return codes, len(names)


def _point(rows: pd.DataFrame, method: str, total: float) -> tuple[float, ...]:
    weight, y = rows["weight"].to_numpy(), rows["y"].to_numpy()
    mass = weight.sum()
    observed = float(weight @ y / mass)
    lead, leads = _codes(rows["lead_id"])
    variance = float((np.bincount(lead, weights=weight * (y - observed)) ** 2).sum()) / mass**2
    size = observed * (1 - observed) / variance if variance > 0 else float(leads)
    z = 1.96
    centre = (observed + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(observed * (1 - observed) / size + z**2 / (4 * size**2))
    predicted = float(weight @ rows[method].to_numpy() / mass)
    return predicted, observed, max(centre - half, 0.0), min(centre + half, 1.0), mass / total


def _stacked(curves: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    if not curves:
        return pd.DataFrame({"head": [], "method": []})
    return pd.concat([curve.assign(head=head, method=method) for (head, method), curve in curves.items()])
