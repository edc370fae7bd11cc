"""Weighted sums over the leads that each choice takes, as they were and over many draws of accounts.

A draw gives each account a Poisson weight of mean 1, all its leads the same, and each lead without an account its own
(Hanley & MacGibbon 2006, Comput. Methods Programs Biomed. 83:57, on Poisson draws; Field & Welsh 2007, J. R. Statist.
Soc. B 69:369, on drawing clusters). Unlike drawing a fixed number it lets the number of leads vary too, as it does from
one quarter to the next. The cut of the score is found anew in each draw, at the volume that the rule has there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.trial.figures import TEAMS, Name

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

ROUNDS = 1_000
"""Draws."""

LEADS, ACCEPT_ASKED, ACCEPTED, CLOSE_ASKED, CLOSED, REVENUE = range(6)
"""Columns of sums: leads; weights of those judged and of those that said yes, for either head; weighted amounts."""

_CELLS = (Name.BOTH, Name.ONLY_MARKETING, Name.ONLY_SALES, Name.NEITHER)


def columns_of(arrivals: pd.DataFrame) -> Floats:
    """What each lead adds to the sums: [n, 6]. Answers that are not known add nothing."""
    accept, close = arrivals["weight_accept"].to_numpy(), arrivals["weight_close"].to_numpy()
    accepted = accept * np.nan_to_num(arrivals["y_accept"].to_numpy(dtype="float64"))
    closed = close * np.nan_to_num(arrivals["y_close"].to_numpy(dtype="float64"))
    revenue = closed * np.nan_to_num(arrivals["amount"].to_numpy(dtype="float64"))
    return np.column_stack([np.ones(len(arrivals)), accept, accepted, close, closed, revenue])


def clusters_of(arrivals: pd.DataFrame) -> NDArray[np.intp]:
    """The number of each lead's account, from 0; a lead without one has a number to itself."""
    account = arrivals["account_id"]
    own = "\0" + arrivals["lead_id"].astype(str)
    codes: NDArray[np.intp] = pd.factorize(account.astype(object).where(account.notna(), own))[0]
    return codes


def draw(
    columns: Floats,
    clusters: NDArray[np.intp],
    verdicts: Mapping[str, Truth],
    p_close: Floats,
    *,
    seed: int,
    rounds: int = ROUNDS,
) -> Mapping[Name, Floats]:
    """The sums of every choice: [1 + rounds, 6], the leads as they were first, then each draw."""
    marketing, sales = verdicts["marketing"], verdicts["sales"]
    cells = [marketing & sales, marketing & ~sales, sales & ~marketing, ~marketing & ~sales]
    count = int(clusters.max(initial=-1)) + 1
    of_cells = np.stack([_by_cluster(columns * cell[:, None], clusters, count) for cell in cells])
    ranked = _Ranked(columns, clusters, p_close)
    rng = np.random.default_rng((seed, count))
    out = {name: np.zeros((1 + rounds, columns.shape[1])) for name in Name}
    for i in range(1 + rounds):
        times = np.ones(count) if i == 0 else rng.poisson(1.0, count).astype("float64")
        both, only_marketing, only_sales, neither = times @ of_cells
        sums = dict(zip(_CELLS, (both, only_marketing, only_sales, neither), strict=True))
        sums[Name.MARKETING], sums[Name.SALES] = both + only_marketing, both + only_sales
        sums[Name.EITHER] = sums[Name.MARKETING] + only_sales
        sums[Name.EVERY] = sums[Name.EITHER] + neither
        best = ranked.sums(times)
        for team, score in TEAMS.items():
            sums[score] = best.of(float(sums[team][LEADS]))
        for name, found in sums.items():
            out[name][i] = found
    return out


def curve_of(columns: Floats, clusters: NDArray[np.intp], p_close: Floats) -> tuple[tuple[float, float], ...]:
    """The share of all wins that the best share of leads holds, at each percent of the leads; none without wins."""
    best = _Ranked(columns, clusters, p_close).sums(np.ones(int(clusters.max(initial=-1)) + 1))
    every = best.of(len(columns))
    if not every[CLOSED] > 0:
        return ()
    shares = np.linspace(0.0, 1.0, 101)
    return tuple((float(share), float(best.of(share * len(columns))[CLOSED] / every[CLOSED])) for share in shares)


class _Ranked:
    """The leads by score, best first."""

    def __init__(self, columns: Floats, clusters: NDArray[np.intp], p_close: Floats) -> None:
        order = np.argsort(-p_close, kind="stable")
        p = p_close[order]
        self._columns, self._clusters = columns[order], clusters[order]
        self._last = np.flatnonzero(np.append(p[1:] != p[:-1], True)[: len(p)])

    def sums(self, times: Floats) -> _Best:
        """Running sums of one draw, at the last lead of each score."""
        running = np.cumsum(self._columns * times[self._clusters][:, None], axis=0)[self._last]
        return _Best(np.vstack([np.zeros(running.shape[1]), running]))


class _Best:
    """The sums over the best leads of one draw."""

    def __init__(self, running: Floats) -> None:
        self._running = running

    def of(self, volume: float) -> Floats:
        """Over as many leads as that; of leads that tie at the cut all count in part."""
        leads = self._running[:, LEADS]
        place = int(np.clip(np.searchsorted(leads, volume), 1, len(leads) - 1)) if len(leads) > 1 else 0
        if place == 0:
            return np.asarray(self._running[0])
        before, after = self._running[place - 1], self._running[place]
        width = after[LEADS] - before[LEADS]
        part = min((volume - before[LEADS]) / width, 1.0) if width > 0 else 0.0
        return np.asarray(before + part * (after - before))


def _by_cluster(columns: Floats, clusters: NDArray[np.intp], count: int) -> Floats:
    return np.column_stack([np.bincount(clusters, weights=column, minlength=count) for column in columns.T])
