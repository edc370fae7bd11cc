"""The as-of backtest: for each of several past dates, what a scorer trained then would have said, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from crm.history import History
from models.arrays import Vector
from training.candidates import Fitter, Sample, names, stack
from training.choice import Choice, Forward, choose, choose_half_life
from training.dates import choose_dates
from training.folds import Fold, days_of, folds_in_parts, folds_in_time, heads_of
from training.labels import HeadName, Horizons, label
from training.progress import Step, silent
from training.recent import recent_of
from training.requirements import too_short
from training.settings import Settings
from training.snapshots import take
from training.tabulate import tabulate

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
    contestants: Mapping[str, Contestant] | None = None,
    step: Step = silent,
) -> Backtest:
    """Run the backtest. ``contestants`` are asked at each date, on the same rows as the candidates.

    Folds are made one after the other and freed, so memory is that of the largest. Needs the outcomes that
    `training.requirements.require` checks for.
    """
    heads, others = heads_of(history), dict(contestants or {})
    dates = _dates(history, definition, settings) if history.timed else ()
    if history.timed and not dates:
        raise too_short(history, definition)
    forwards: dict[HeadName, list[Forward]] = {head: [] for head in heads}
    compared: dict[HeadName, list[Mapping[str, Vector]]] = {head: [] for head in heads}
    count = len(dates) - 1 if dates else settings.folds
    for fold in _folds(history, dates, definition, settings, seed):
        stage = f"backtest, as of {fold.date:%Y-%m-%d}" if dates else f"backtest, part {fold.number + 1}"
        for i, head in enumerate(heads):
            step(stage, (fold.number + i / len(heads)) / count)
            sample = fold.sample(head)
            forwards[head].append(_forward(fold, head, sample, forwards[head], settings, seed))
            compared[head].append({name: ask(fold, head) for name, ask in others.items()})
    step("backtest", 1.0)
    done = {head: tuple(of) for head, of in forwards.items()}
    return Backtest(
        table=tabulate(done, compared, settings),
        dates=dates,
        candidates=names(settings),
        contestants=tuple(others),
        forwards=done,
        choices={head: choose(of, settings) for head, of in done.items()},
        tree_half_life={head: choose_half_life(of, settings) for head, of in done.items()},
        warnings=() if dates else (FLAT_WARNING,),
    )


def _folds(
    history: History, dates: tuple[pd.Timestamp, ...], definition: Horizons, settings: Settings, seed: int
) -> Iterator[Fold]:
    if dates:
        return folds_in_time(history, dates, definition, settings, seed)
    return folds_in_parts(history, definition, settings, seed)


def _dates(history: History, definition: Horizons, settings: Settings) -> tuple[pd.Timestamp, ...]:
    snapshots = take(history, days_of(settings, definition))
    labels = {head: label(history, snapshots, head, definition) for head in heads_of(history)}
    return choose_dates(
        snapshots,
        labels,
        history.exported_at,
        horizon_days=definition.close_days,
        most=settings.dates,
        least_outcomes=settings.least_outcomes,
    )


def _forward(
    fold: Fold, head: HeadName, sample: Sample, earlier: list[Forward], settings: Settings, seed: int
) -> Forward:
    """Fit every candidate on the fold and let it predict."""
    fitter = Fitter(sample, settings, choose_half_life(earlier, settings), seed)
    components = [fitter.fit(name) for name in names(settings)]
    asked = fold.test.labels[head]["asked"].to_numpy()
    return Forward(
        head=head,
        number=fold.number,
        date=fold.date,
        names=names(settings),
        snapshots=fold.test.snapshots,
        asked=asked,
        raw=stack(components, fold.test.x),
        y=fold.test.labels[head]["y"].to_numpy(),
        weight=fold.test.weight[head],
        recent=recent_of(fold, head, components, settings),
    )
