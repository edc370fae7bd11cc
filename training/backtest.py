"""The as-of backtest: for each of several past dates, what a scorer trained then would have said, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from crm.history import History
from models.arrays import Vector
from training.answers import answers_of
from training.candidates import Fitter, names, stack, yeses_of
from training.choice import Choice, Forward, choose, choose_half_life
from training.dates import choose_dates
from training.delay import Delays, delays_of
from training.drawn import Drawn
from training.folds import Fold, days_of, folds_in_parts, folds_in_time, heads_of, learning
from training.labels import HeadName, Horizons, label
from training.progress import Step, silent
from training.recent import recent_of
from training.requirements import too_short
from training.settings import Settings
from training.snapshots import take
from training.tabulate import Told, tabulate
from training.without import without_largest

Contestant = Callable[[Fold, HeadName], Vector]
"""Something to compare with, as a baseline: from a fold to its probabilities for the rows of ``fold.test``, ``[n]``."""

FLAT_WARNING = (
    "This history has no times. The figures come from random parts of the leads, not from scoring leads that came "
    "later: with leads of tomorrow the score will do worse than they say, by how much cannot be known from this export."
)


@dataclass(frozen=True)
class Backtest:
    """The forward predictions and all that was learned from them.

    ``table``: one row for each head and test snapshot that the head is asked about:

    * ``fold``: number of the date, from 0; ``date``: the as-of date (NaT in a flat history); ``head``;
    * ``lead_id, as_of, landmark``: the snapshot; ``settled``; ``y``: 1.0 or 0.0, NaN where not settled at the export;
    * ``weight``: of the snapshot times its censoring weight, 0 where not settled: **the weight for all metrics**;
    * ``chosen``: the probability that the whole procedure would have served, with ``p_close <= p_accept``;
      ``chosen_on``: on how many earlier dates its choices rested (0: the default), so its errors are honest;
    * ``without_largest``: what it would have said had it not learned from the largest accounts (`training.without`), at
      the newest date, where there are any; else NaN;
    * ``contestants``: a column each; then ``candidates``: a column each, at the recent level of the default rule.

    ``dates`` are the as-of dates and the end of the last scoring (empty in a flat history); ``forwards[head]`` are what
    `training.choice` works on; ``tree_half_life[head]`` and ``choices[head]`` are chosen on all of them.
    """

    table: pd.DataFrame
    dates: tuple[pd.Timestamp, ...]
    candidates: tuple[str, ...]
    contestants: tuple[str, ...]
    forwards: Mapping[HeadName, tuple[Forward, ...]]
    choices: Mapping[HeadName, Choice]
    tree_half_life: Mapping[HeadName, float | None]
    warnings: tuple[str, ...] = field(default=())


def backtest(
    history: History,
    definition: Horizons,
    settings: Settings,
    seed: int = 0,
    *,
    dates: tuple[pd.Timestamp, ...] = (),
    contestants: Mapping[str, Contestant] | None = None,
    by_lot: Drawn | None = None,
    step: Step = silent,
) -> Backtest:
    """Run the backtest. ``contestants`` are asked at each date, on the same rows as the candidates.

    ``dates`` are the as-of dates and the end of the last scoring, oldest first; without any they are chosen from the
    outcomes there are (`training.dates`). ``by_lot``: which low grades were worked, see `training.drawn`.

    Folds are made one after the other and freed, so memory is that of the largest. Needs the outcomes that
    `training.requirements.require` checks for.
    """
    heads, others = heads_of(history), dict(contestants or {})
    every = take(history, days_of(settings, definition))
    if by_lot is not None:
        every = every.assign(weight=every["weight"] * by_lot.weights(history, every))
    labels = {head: label(history, every, head, definition) for head in heads}
    dates = dates or _dates(history, every, labels, definition, settings)
    capped = learning(history, every, labels, settings)
    delays = {head: delays_of(labels[head], every.assign(weight=capped[head])) for head in heads}
    told: dict[HeadName, list[Told]] = {head: [] for head in heads}
    count = len(dates) - 1 if dates else settings.folds
    newest = len(dates) - 2
    for fold in _folds(history, dates, definition, settings, seed, by_lot):
        stage = f"backtest, as of {fold.date:%Y-%m-%d}" if dates else f"backtest, part {fold.number + 1}"
        for i, head in enumerate(heads):
            step(stage, (fold.number + i / len(heads)) / count)
            past = [_as_known(t, fold, definition) for t in told[head]] if dates else []
            told[head].append(_told(fold, head, past, others, delays[head], settings, seed, last=fold.number == newest))
    step("backtest", 1.0)
    yeses = {head: float(every["weight"] @ (labels[head]["y"] == 1)) for head in heads}
    done = {head: tuple(t.forward for t in of) for head, of in told.items()}
    if not dates:
        told = {head: _chosen_on_others(of, settings, yeses[head]) for head, of in told.items()}
    return Backtest(
        table=tabulate([t for of in told.values() for t in of], settings),
        dates=dates,
        candidates=names(settings),
        contestants=tuple(others),
        forwards=done,
        choices={head: choose(of, settings, yeses[head]) for head, of in done.items()},
        tree_half_life={head: choose_half_life(of, settings) for head, of in done.items()},
        warnings=() if dates else (FLAT_WARNING,),
    )


def _folds(
    history: History,
    dates: tuple[pd.Timestamp, ...],
    definition: Horizons,
    settings: Settings,
    seed: int,
    by_lot: Drawn | None,
) -> Iterator[Fold]:
    if dates:
        return folds_in_time(history, dates, definition, settings, seed, by_lot)
    return folds_in_parts(history, definition, settings, seed)


def _dates(
    history: History,
    snapshots: pd.DataFrame,
    labels: Mapping[HeadName, pd.DataFrame],
    definition: Horizons,
    settings: Settings,
) -> tuple[pd.Timestamp, ...]:
    if not history.timed:
        return ()
    dates = choose_dates(
        snapshots,
        labels,
        history.exported_at,
        horizon_days=definition.close_days,
        most=settings.dates,
        least_outcomes=settings.least_outcomes,
    )
    if not dates:
        raise too_short(history, definition)
    return dates


def _told(
    fold: Fold,
    head: HeadName,
    past: list[Forward],
    contestants: Mapping[str, Contestant],
    delays: Delays,
    settings: Settings,
    seed: int,
    *,
    last: bool,
) -> Told:
    """Fit every candidate and contestant on the fold and let it predict; choose on ``past``, as known on its date."""
    half_life = choose_half_life(past, settings)
    fitter = Fitter(fold.sample(head), settings, half_life, seed)
    components = [fitter.fit(name) for name in names(settings)]
    test, labels = fold.test.learned(head), fold.test.labels[head]
    forward = Forward(
        number=fold.number,
        names=names(settings),
        raw=stack(components, fold.test.x),
        answers=answers_of(labels, test, delays),
        recent=recent_of(fold, head, components, settings),
    )
    choice = choose(past, settings, yeses_of(fold.sample(head)))
    return Told(
        head=head,
        date=fold.date,
        snapshots=test,
        labels=labels,
        weight=fold.test.weight[head],
        forward=forward,
        choice=choice,
        contestants={name: ask(fold, head) for name, ask in contestants.items()},
        without=without_largest(fold, head, choice, half_life, settings, seed) if last else None,
    )


def _as_known(told: Told, fold: Fold, definition: Horizons) -> Forward:
    """An earlier forward with its answers as they were known on the fold's date."""
    labels = label(fold.known, told.snapshots, told.head, definition)
    return replace(told.forward, answers=answers_of(labels, told.snapshots, fold.delays(told.head)))


def _chosen_on_others(told: list[Told], settings: Settings, yeses: float) -> list[Told]:
    """In a flat history, the choice for each part rests on all others."""
    return [replace(t, choice=choose([o.forward for o in told if o is not t], settings, yeses)) for t in told]
