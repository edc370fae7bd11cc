"""Training: from a history and a definition to a scorer, with the backtest that it was chosen on."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crm.history import History
from models.definition import Definition
from models.grades import Grading
from models.head import Head, Heads
from models.scorer import Arrivals, Meta, Scorer, assemble
from training.backtest import Backtest, backtest
from training.baselines import baselines
from training.candidates import Fitter
from training.censoring import Rate, rate
from training.choice import Choice
from training.drawn import Drawn
from training.fingerprint import fingerprint
from training.folds import Fold, fold_of, heads_of
from training.funnel import datable, instants
from training.labels import HeadName
from training.progress import Step, silent, within
from training.recent import recent_of
from training.requirements import require, require_weeks
from training.settings import Settings
from training.snapshots import take

MAX_ROWS = np.iinfo(np.int64).max

FEWEST_DRAWN = 30
"""Drawn leads below which what is learned of low grades rests on too few to be relied on."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one head learned from: snapshots asked, settled, and too young to judge; the rate that allows for those."""

    asked: int
    settled: int
    immature: int
    rate: Rate


@dataclass(frozen=True)
class Trained:
    """A scorer and what it rests on.

    ``backtest`` holds the honest forward predictions; ``counts[head]`` the last fit's rows; ``warnings`` are sentences
    for people that belong into every report; ``habits_away``: persons' habits were told and trained out of acceptance.
    """

    scorer: Scorer
    backtest: Backtest
    counts: Mapping[HeadName, Counted]
    warnings: tuple[str, ...]
    habits_away: bool = False

    @property
    def choices(self) -> Mapping[HeadName, Choice]:
        """What was chosen for each head."""
        return self.backtest.choices


def train(
    history: History,
    definition: Definition,
    settings: Settings | None = None,
    seed: int = 0,
    *,
    blocked: AbstractSet[str] = frozenset(),
    grading: Grading | None = None,
    scores: pd.DataFrame | None = None,
    step: Step = silent,
) -> Trained:
    """Choose on forward error, then fit what was chosen on all that is known at the export.

    ``grading`` was frozen earlier and is kept; without one, grades are frozen on the arrivals of recent weeks.
    ``scores``: those given so far (`training.drawn.COLUMNS`), so that leads left unworked by lot are not learned from.

    ``blocked`` fields, and those the definition never uses, give no features; a field that the definition keeps stays.
    The same history (in any order of rows), definition, settings and seed give the same scorer, to the last bit: sums
    of several threads come in any order, so there is one, whatever the machine has.
    Raises `AccordError` where the history holds too little.
    """
    with threadpool_limits(limits=1):
        by_lot = Drawn.of(definition, scores)
        return _train(history, definition, settings or Settings(), seed, blocked, grading, by_lot, step)


def _train(
    history: History,
    definition: Definition,
    settings: Settings,
    seed: int,
    blocked: AbstractSet[str],
    grading: Grading | None,
    by_lot: Drawn | None,
    step: Step,
) -> Trained:
    history, undated = datable(learned_from(history, definition, blocked))
    settings = settings if history.timed else settings.without_time()
    require(history, definition, settings)
    require_weeks(history, definition)
    trying = within(step, 0.0, 0.8)
    tested = backtest(history, definition, settings, seed, contestants=baselines(seed), by_lot=by_lot, step=trying)
    step("last fit", 0.8)
    nothing = take(history, (0,)).iloc[:0]
    fold = fold_of(history, history, nothing, definition, settings, seed, most_rows=MAX_ROWS, by_lot=by_lot)
    heads, away = {}, set()
    for i, head in enumerate(heads_of(history)):
        step(f"last fit, {head}", 0.85 + 0.05 * i)
        fitter = Fitter(fold.sample(head), settings, tested.tree_half_life[head], seed)
        heads[str(head)] = head_of(fold, head, tested.choices[head], fitter, settings)
        away |= {head} if fitter.away() else set()
    step("reference", 0.95)
    meta = Meta(trained_at=history.exported_at.isoformat(), seed=seed, data=fingerprint(history))
    scorer = _scorer(fold, Heads(**heads), history, definition, meta, settings, grading)
    step("trained", 1.0)
    return Trained(
        scorer=scorer,
        backtest=tested,
        counts={head: _counted(fold, head, by_lot) for head in heads_of(history)},
        warnings=(*tested.warnings, *_undated(undated), *_left_out(fold, by_lot)),
        habits_away=HeadName.ACCEPT in away,
    )


def learned_from(history: History, definition: Definition, blocked: AbstractSet[str]) -> History:
    """The history without the fields that must not become features; see `train`."""
    return history.without((blocked - definition.keep.keys()) | set(definition.never_use))


def head_of(fold: Fold, head: HeadName, choice: Choice, fitter: Fitter, settings: Settings) -> Head:
    """The chosen blend fitted on all rows of the fold, calibrated by what the backtest taught, at the level of now."""
    names = tuple(choice.blend)
    components = tuple(fitter.fit(name) for name in names)
    recent = recent_of(fold, head, components, settings)
    return Head(components, tuple(choice.blend.values()), choice.calibration(recent, names))


def _scorer(
    fold: Fold,
    heads: Heads,
    history: History,
    definition: Definition,
    meta: Meta,
    settings: Settings,
    grading: Grading | None,
) -> Scorer:
    rows = _reference(fold, settings)
    labels = fold.train.labels.get(HeadName.ACCEPT)
    accepted = np.zeros(len(fold.train), dtype=bool) if labels is None else ~labels["asked"].to_numpy()
    came = _arrived(fold, settings)
    return assemble(
        fold.catalog,
        history.fields,
        heads,
        definition,
        meta,
        x=fold.train.x[rows],
        accepted=accepted[rows],
        weight=fold.train.snapshots["weight"].to_numpy()[rows],
        arrivals=Arrivals(fold.train.x[came], accepted[came], settings.arrival_weeks),
        grading=grading,
    )


def _arrived(fold: Fold, settings: Settings) -> NDArray[np.bool_]:
    """The first snapshots of the leads of recent weeks; of all leads, in a flat history."""
    snapshots = fold.train.snapshots
    first = (snapshots["landmark"] == snapshots["landmark"].min()).to_numpy()
    return np.asarray(first & (fold.ages(snapshots) < settings.arrival_weeks * 7.0))


def _reference(fold: Fold, settings: Settings) -> NDArray[np.bool_]:
    """The snapshots of recent leads: what marketing sees today. All leads, in a flat history."""
    snapshots = fold.train.snapshots
    if not fold.known.timed:
        return np.ones(len(snapshots), dtype=bool)
    begun = instants(snapshots["as_of"].groupby(snapshots["lead_id"].to_numpy()).transform("min"))
    newest = np.sort(begun[~snapshots["lead_id"].duplicated().to_numpy()])[::-1]
    oldest_of_many = newest[min(settings.reference_leads, len(newest)) - 1]
    recent = newest[0] - round(settings.reference_days * 86_400_000_000)
    return np.asarray(begun >= min(recent, oldest_of_many))


def _counted(fold: Fold, head: HeadName, by_lot: Drawn | None) -> Counted:
    labels, snapshots = fold.train.labels[head], fold.train.snapshots
    if by_lot is not None:
        stands_for = by_lot.weights(fold.known, snapshots)
        counts = stands_for > 0
        snapshots = snapshots.assign(weight=snapshots["weight"] * stands_for)[counts]
        labels = labels[counts]
    asked, settled = int(labels["asked"].sum()), int(labels["settled"].sum())
    return Counted(asked, settled, asked - settled, rate(labels, snapshots))


def _undated(leads: int) -> tuple[str, ...]:
    return (f"{leads} leads were won at an unknown time and were left out.",) if leads else ()


def _left_out(fold: Fold, by_lot: Drawn | None) -> tuple[str, ...]:
    """What whoever reads must know of leads that were left unworked."""
    if by_lot is None:
        return ()
    first = fold.train.snapshots.drop_duplicates("lead_id")
    counts = by_lot.weights(fold.known, first)
    left, drawn = int((counts == 0).sum()), int((counts > 1).sum())
    if not left:
        return ()
    told = f"{left} leads of low grades were not drawn to be worked: nothing is learned from their failure, and the "
    warnings = [f"{told}{drawn} that were drawn stand for them."]
    if drawn < FEWEST_DRAWN:
        warnings.append(f"Fewer than {FEWEST_DRAWN} leads of low grades were drawn: the score knows little of them.")
    return tuple(warnings)
