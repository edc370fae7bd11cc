"""Folds of the backtest: what was known on a date, what was to be scored after it, and what then happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import History
from crm.past import known_at
from features.catalog import Catalog
from features.compute import matrix
from features.facts import Facts
from features.infer import infer
from models.arrays import Matrix, Vector
from training.accounts import accounts_of, capped
from training.candidates import INNER, Sample
from training.censoring import weights
from training.delay import Delays, delays_of
from training.drawn import Drawn
from training.funnel import instants
from training.labels import HeadName, Horizons, label
from training.persons import coded, deciders
from training.samples import sample_of
from training.settings import Settings
from training.snapshots import take

AWAY = (HeadName.ACCEPT,)
"""Heads out of which persons' habits are trained."""

Labels = Mapping[HeadName, pd.DataFrame]


@dataclass(frozen=True)
class Rows:
    """Snapshots with their features and labels, row by row.

    ``snapshots[lead_id, as_of, landmark, weight]``; ``x[n, k]``; ``labels[head]`` as of `training.labels.label`;
    ``weight[head][n]``: snapshot weight times censoring weight, 0 where not settled or not asked, for what is told;
    ``learning[head][n]``: snapshot weight with large accounts capped, 0 where not asked, for what is learned. Both are
    0 for leads left unworked by lot, and more for those that stand for them (`training.drawn`).
    """

    snapshots: pd.DataFrame
    x: Matrix
    labels: Labels
    weight: Mapping[HeadName, Vector]
    learning: Mapping[HeadName, Vector]

    def __len__(self) -> int:
        return len(self.x)

    def learned(self, head: HeadName) -> pd.DataFrame:
        """The snapshots with the weights from which this head learns."""
        return self.snapshots.assign(weight=self.learning[head])

    def of(self, rows: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(
            snapshots=self.snapshots[rows].reset_index(drop=True),
            x=self.x[rows],
            labels={head: table[rows].reset_index(drop=True) for head, table in self.labels.items()},
            weight={head: own[rows] for head, own in self.weight.items()},
            learning={head: own[rows] for head, own in self.learning.items()},
        )

    @property
    def landmark(self) -> NDArray[np.int64]:
        """Days after the hand-off, ``[n]``."""
        return np.asarray(self.snapshots["landmark"])


@dataclass(frozen=True)
class Fold:
    """One date of the backtest, or the last fit (then ``test`` is empty).

    ``known`` is the history as it was known on ``date`` and all that ``catalog`` and ``train`` rest on; ``test`` holds
    the snapshots taken after it, with the same catalog, labelled as known at the export. Flat: ``date`` is NaT.
    """

    number: int
    date: pd.Timestamp
    known: History
    catalog: Catalog
    train: Rows
    test: Rows
    habits_of: frozenset[HeadName] = frozenset()
    _last: dict[HeadName, Sample] = field(default_factory=dict, repr=False, compare=False)

    def sample(self, head: HeadName) -> Sample:
        """What one head learns from; see `training.samples`. The last one asked for is kept."""
        if head not in self._last:
            train = self.train
            self._last.clear()
            self._last[head] = sample_of(
                self.catalog,
                train.x,
                train.learned(head),
                train.labels[head],
                self.delays(head),
                self.ages(train.snapshots),
                _newest(train.snapshots, timed=self.known.timed),
                self._persons(head),
            )
        return self._last[head]

    def _persons(self, head: HeadName) -> NDArray[np.int64] | None:
        """Who decided on each training row, or will, as known on the date; not told where habits stay in."""
        return coded(deciders(self.known), self.train.snapshots["lead_id"]) if head in self.habits_of else None

    def delays(self, head: HeadName) -> Delays:
        """How long answers took, as known on the date."""
        return delays_of(self.train.labels[head], self.train.learned(head))

    def ages(self, snapshots: pd.DataFrame) -> Vector:
        """Days from each snapshot to the date; 0 in a flat history."""
        if not self.known.timed:
            return np.zeros(len(snapshots))
        return np.asarray((self.known.exported_at - snapshots["as_of"]) / pd.Timedelta(days=1), dtype="float64")


def heads_of(history: History) -> tuple[HeadName, ...]:
    """The heads this history can train: no accept head where acceptances are not recorded."""
    return (HeadName.ACCEPT, HeadName.CLOSE) if history.tracks_acceptance else (HeadName.CLOSE,)


def days_of(settings: Settings, definition: Horizons) -> tuple[int, ...]:
    """The landmarks in use: those before the close horizon."""
    return tuple(day for day in settings.landmarks if day < definition.close_days)


def folds_in_time(
    history: History,
    dates: tuple[pd.Timestamp, ...],
    definition: Horizons,
    settings: Settings,
    seed: int,
    by_lot: Drawn | None = None,
) -> Iterator[Fold]:
    """One fold for each date but the last, which ends the scoring of the one before. One is in memory at a time.

    What a fold trains on is computed from `known_at` its date and from nothing else.
    """
    facts = Facts.of_history(history, history.fields)
    every = take(history, days_of(settings, definition))
    for number, (date, end) in enumerate(pairwise(dates)):
        known = known_at(history, date)
        test = every[((every["as_of"] > date) & (every["as_of"] <= end)).to_numpy()]
        yield fold_of(known, history, test, definition, settings, seed, number=number, facts=facts, by_lot=by_lot)


def folds_in_parts(history: History, definition: Horizons, settings: Settings, seed: int) -> Iterator[Fold]:
    """Stratified folds for a flat history: each part of the leads is scored by what the others teach."""
    facts = Facts.of_history(history, history.fields)
    every = take(history)
    part = _parts(history, every, definition, settings.folds, seed)
    for number in range(settings.folds):
        held_out = part == number
        known = of_leads(history, every.loc[~held_out, "lead_id"])
        yield fold_of(known, history, every[held_out], definition, settings, seed, number=number, facts=facts)


def fold_of(
    known: History,
    history: History,
    test: pd.DataFrame,
    definition: Horizons,
    settings: Settings,
    seed: int,
    *,
    number: int = 0,
    facts: Facts | None = None,
    most_rows: int | None = None,
    by_lot: Drawn | None = None,
) -> Fold:
    """The fold that trains on ``known`` and scores ``test``, snapshots of ``history`` (whose ``facts`` may be given).

    Beyond ``most_rows`` snapshots (default: of the settings) leads are drawn by a hash of their ID and the seed.
    ``by_lot``: which low grades were worked, see `training.drawn`.
    """
    most = settings.most_rows if most_rows is None else most_rows
    heads = heads_of(history)
    train = drawn(take(known, days_of(settings, definition)), most, seed)
    test = drawn(test.reset_index(drop=True), most, seed)
    catalog = infer(known)
    date = known.exported_at if known.timed else pd.NaT
    return Fold(
        number=number,
        date=date,
        known=known,
        catalog=catalog,
        habits_of=frozenset(AWAY if settings.habits_away else ()),
        train=rows_of(known, train, catalog, heads, definition, settings, by_lot=by_lot),
        test=rows_of(history, test, catalog, heads, definition, settings, facts, by_lot),
    )


def rows_of(
    history: History,
    snapshots: pd.DataFrame,
    catalog: Catalog,
    heads: tuple[HeadName, ...],
    definition: Horizons,
    settings: Settings,
    facts: Facts | None = None,
    by_lot: Drawn | None = None,
) -> Rows:
    """Features, labels and weights of these snapshots as known at ``history.exported_at``."""
    facts = facts or Facts.of_history(history, history.fields)
    labels = {head: label(history, snapshots, head, definition) for head in heads}
    own, landmark = snapshots["weight"].to_numpy(), snapshots["landmark"].to_numpy()
    stands_for = np.ones(len(snapshots)) if by_lot is None else by_lot.weights(history, snapshots)
    return Rows(
        snapshots=snapshots,
        x=matrix(catalog, facts, facts.rows(snapshots["lead_id"]), instants(snapshots["as_of"])),
        labels=labels,
        weight={head: own * weights(table, own, landmark) * stands_for for head, table in labels.items()},
        learning=learning(history, snapshots.assign(weight=own * stands_for), labels, settings),
    )


def learning(
    history: History, snapshots: pd.DataFrame, labels: Labels, settings: Settings
) -> Mapping[HeadName, Vector]:
    """The weights from which each head learns: of the snapshots it is asked about, with large accounts capped."""
    own, account = snapshots["weight"].to_numpy(), accounts_of(history, snapshots["lead_id"])
    asked = {head: np.where(table["asked"], own, 0.0) for head, table in labels.items()}
    return {head: capped(weight, account, settings.account_share) for head, weight in asked.items()}


def drawn(snapshots: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """About ``most`` of the snapshots, all of a lead or none, the same leads for the same seed."""
    if len(snapshots) <= most:
        return snapshots
    kept = _hash(snapshots["lead_id"], seed) < most / len(snapshots)
    return snapshots[kept].reset_index(drop=True)


def of_leads(history: History, lead_ids: pd.Series) -> History:
    """The history of these leads alone; accounts stay."""
    kept = set(lead_ids)

    def mine(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["lead_id"].isin(kept).to_numpy()]

    return replace(
        history,
        leads=mine(history.leads),
        activities=mine(history.activities),
        milestones=mine(history.milestones),
        changes=mine(history.changes),
    )


def _parts(history: History, snapshots: pd.DataFrame, definition: Horizons, folds: int, seed: int) -> NDArray[np.int64]:
    """A part for each snapshot: leads of each outcome dealt out in the order of their hash."""
    outcome = sum(label(history, snapshots, head, definition)["y"].to_numpy() for head in heads_of(history))
    order = np.lexsort((_hash(snapshots["lead_id"], seed), np.asarray(outcome)))
    part = np.empty(len(snapshots), dtype=np.int64)
    part[order] = np.arange(len(snapshots)) % folds
    return part


def _newest(snapshots: pd.DataFrame, *, timed: bool) -> NDArray[np.bool_]:
    """The rows of the `INNER` newest leads, by their first snapshot; of any leads, in a flat history."""
    lead_ids = snapshots["lead_id"]
    if not timed:
        return _hash(lead_ids, 0) < INNER
    first = snapshots["as_of"].groupby(lead_ids.to_numpy()).transform("min")
    begun = instants(first)
    leads = np.sort(begun[~lead_ids.duplicated().to_numpy()])
    return np.asarray(begun > leads[int((1 - INNER) * (len(leads) - 1))])


def _hash(lead_ids: pd.Series, seed: int) -> Vector:
    """A number in [0, 1) that depends on the lead's ID and the seed alone."""
    key = f"{seed:016x}"[-16:]
    hashed = pd.util.hash_array(lead_ids.to_numpy(dtype=object), hash_key=key)
    return np.asarray(hashed / 2.0**64)
