"""What had been said and left unsaid before: support tickets and complaints, and our own silence, against wins."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import micros
from training.review.handed import Handed
from training.review.lost.ended import LOST, UNDECIDED, WON
from training.review.shares import FEW, Floats, Truth
from training.trial.draws import clusters_of

WINDOW = 90
"""Days before the end in which service is looked at."""

LONG = 21
"""Days without a contact of ours that make a long silence."""

ROUNDS = 500
_AT_ONCE = 50
_SECOND, _BITS = 1_000_000, 32


@dataclass(frozen=True, slots=True)
class Against:
    """The share of ``lost`` leads with a signal, of ``won`` leads comparable to them, and the gap with its range."""

    leads: int
    wins: int
    lost: float
    won: float
    gap: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the signal is clearly more frequent before losses."""
        return self.low > 0


@dataclass(frozen=True)
class Signals:
    """What came before the end of each lead, in the order of `Handed.leads`, and how losses compare with wins.

    ``own``, ``others``: service activities of the lead, and of others of its account, in the `WINDOW` before its end;
    ``last``: days from the last of them to the end; ``silence``: the longest silence of ours in days (NaN: not ended,
    or contacts are not recorded); ``medians``: of it, for losses and wins.
    """

    own: NDArray[np.int64]
    others: NDArray[np.int64]
    last: Floats
    silence: Floats
    service: dict[str, Against | None]
    silent: Against | None
    medians: tuple[float, float]
    has_service: bool
    has_contact: bool


def measure(handed: Handed, *, seed: int) -> Signals:
    """Losses are those after acceptance, where it is recorded: wins are accepted too."""
    leads = handed.leads
    kinds = handed.definition.kinds
    service = _done(handed, kinds.service if kinds else ())
    contact = _done(handed, kinds.contact if kinds else ())
    end = micros(leads["outcome_at"])
    ended = leads["outcome"].isin([LOST, UNDECIDED, WON]).to_numpy()
    own, others, last = _service(handed, service, end, ended)
    silence = _silence(handed, contact, end, ended)
    comparable = ended & (leads["accepted_at"].notna().to_numpy() | ~np.bool_(handed.history.tracks_acceptance))
    lost, won = comparable & (leads["outcome"] != WON).to_numpy(), comparable & (leads["outcome"] == WON).to_numpy()
    grade = pd.factorize(leads["grade"])[0] + 1
    company = leads["account_id"].notna().to_numpy().astype(int)
    cluster = clusters_of(leads)
    alike = grade * 2 + company
    compared = {
        name: against(yes, lost, won, alike, cluster, seed=seed) if len(service) else None
        for name, yes in (("own", own > 0), ("others", others > 0), ("either", own + others > 0))
    }
    days = (end - micros(leads["handed_off_at"])) / (86_400 * _SECOND)
    steps = np.quantile(days[lost | won], [0.2, 0.4, 0.6, 0.8]) if (lost | won).any() else np.zeros(1)
    as_long = np.searchsorted(steps, days) * 2 + company
    silent = against(silence > LONG, lost, won, as_long, cluster, seed=seed) if len(contact) else None
    medians = tuple(
        float(np.nanmedian(silence[mine])) if len(contact) and mine.any() else np.nan for mine in (lost, won)
    )
    return Signals(
        own, others, last, silence, compared, silent, (medians[0], medians[1]), bool(len(service)), bool(len(contact))
    )


def against(
    yes: Truth, lost: Truth, won: Truth, alike: NDArray[np.intp], cluster: NDArray[np.intp], *, seed: int
) -> Against | None:
    """Losses against wins that are ``alike`` (strata from 0), weighed as the losses are.

    ``None`` with too few of either. The range is the middle 95 of 100 draws that give each account a Poisson weight
    (`training.trial.draws`).
    """
    if lost.sum() < FEW or won.sum() < FEW:
        return None
    kinds, group = np.unique(alike, return_inverse=True)
    columns = [mine & (group == k) for k in range(len(kinds)) for mine in (lost, lost & yes, won, won & yes)]
    count = int(cluster.max()) + 1
    sums = np.column_stack([np.bincount(cluster[c], minlength=count) for c in columns]).astype("float64")
    rng = np.random.default_rng((seed, count))
    drawn = [np.ones((1, count)) @ sums]
    drawn += [rng.poisson(1.0, (_AT_ONCE, count)) @ sums for _ in range(ROUNDS // _AT_ONCE)]
    shares = _standardised(np.concatenate(drawn).reshape(-1, len(kinds), 4))
    gaps = shares[:, 0] - shares[:, 1]
    known = gaps[1:][np.isfinite(gaps[1:])]
    if not np.isfinite(gaps[0]) or len(known) < ROUNDS / 2:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    figures = (float(shares[0, 0]), float(shares[0, 1]), float(gaps[0]), float(low), float(high))
    return Against(int(lost.sum()), int(won.sum()), *figures)


def _standardised(sums: Floats) -> Floats:
    """Shares of losses and of wins, [draws, 2], over the strata that hold both, in the mix of the losses."""
    lost, lost_yes, won, won_yes = (sums[:, :, i] for i in range(4))
    both = (lost > 0) & (won > 0)
    mass = (lost * both).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_won = np.where(both, lost * won_yes / won, 0.0).sum(axis=1) / mass
        return np.column_stack([(lost_yes * both).sum(axis=1) / mass, of_won])


def _done(handed: Handed, kinds: Collection[str]) -> pd.DataFrame:
    done = handed.history.activities
    return done[done["kind"].isin(list(kinds)).to_numpy()][["lead_id", "occurred_at"]]


def _service(
    handed: Handed, done: pd.DataFrame, end: NDArray[np.int64], ended: Truth
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Service of the lead and of others of its account before its end, counted by two searches in ordered keys."""
    every = handed.history.leads
    account = every["account_id"].astype(object)
    group = pd.factorize(account.where(account.notna(), "\0" + every["lead_id"].astype(object)))[0]
    row = pd.Index(every["lead_id"])
    mine, theirs = row.get_indexer(pd.Index(handed.leads["lead_id"])), row.get_indexer(pd.Index(done["lead_id"]))
    seconds, until = micros(done["occurred_at"]) // _SECOND, np.where(ended, end // _SECOND, 0)
    since = np.where(ended, until - WINDOW * 86_400, 0)
    own = _between(theirs, seconds, mine, since, until)[0]
    all_, last = _between(group[theirs], seconds, group[mine], since, until)
    days = np.where((all_ > 0) & ended, (until - last) / 86_400, np.nan)
    return np.where(ended, own, 0), np.where(ended, all_ - own, 0), days


def _between(
    of: NDArray[np.intp],
    at: NDArray[np.int64],
    who: NDArray[np.intp],
    since: NDArray[np.int64],
    until: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many of each one's events lie from ``since`` to before ``until``, and when the last of them was."""
    keys = np.sort((of.astype("int64") << _BITS) + at)
    whose = who.astype("int64") << _BITS
    first, past = np.searchsorted(keys, whose + since), np.searchsorted(keys, whose + until)
    padded = np.append(keys, 0)
    return past - first, padded[np.maximum(past - 1, 0)] - whose


def _silence(handed: Handed, done: pd.DataFrame, end: NDArray[np.int64], ended: Truth) -> Floats:
    """The longest time without a contact of ours between hand-off and end, in days."""
    if done.empty:
        return np.full(len(end), np.nan)
    row = pd.Index(handed.leads["lead_id"]).get_indexer(pd.Index(done["lead_id"]))
    at, begin = micros(done["occurred_at"]), micros(handed.leads["handed_off_at"])
    inside = (row >= 0) & (at >= begin[row]) & (at <= end[row]) & ended[row]
    rows = np.concatenate([np.flatnonzero(ended), row[inside], np.flatnonzero(ended)])
    times = np.concatenate([begin[ended], at[inside], end[ended]])
    order = np.lexsort((times, rows))
    rows, times = rows[order], times[order]
    gaps = np.where(np.diff(rows) == 0, np.diff(times), 0)
    longest = np.full(len(end), 0, dtype="int64")
    np.maximum.at(longest, rows[1:], gaps)
    return np.where(ended, longest / (86_400 * _SECOND), np.nan)
