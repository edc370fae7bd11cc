"""Choosing on forward error: which candidates are blended, how the level is measured, what calibrates it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.calibration import Calibration
from training.answers import Answers, joined
from training.calibrate import slope_and_intercept
from training.candidates import CONSTANT, logistic_name
from training.censoring import Floats
from training.level import LevelRule, Recent
from training.settings import Settings

STEPS = 10
"""Steps of the forward selection of a blend (Caruana 2004): weights are multiples of a tenth or so."""

MOST_COMPONENTS = 3
"""Components of a blend beside the constant. Each costs its contributions with every score."""

DOUBT = 15.0
"""Few yeses teach little: the default blend leans to the base rate as if that had been learned from so many."""

SMALL_DOUBT = 0.02
"""Less than this is not worth a component."""

DAYS, PRIOR = 30.0, 30.0
"""The default level rule: of last month, half its way once 30 outcomes are due: levels wander."""

OWN_DATES = 2
"""Every date has a slope and a level of its own, so those learned on few are uncertain, however many leads there were:
they shrink towards 1 and 0 as by so many more dates without a deviation."""

WORTH = 2e-4
"""A step must lower the forward log-loss by this share, or selection stops: less is noise."""


@dataclass(frozen=True)
class Forward:
    """One head's forward predictions of one date: what choices are made on.

    ``raw[n, m]``: log-odds of each candidate (in the order of ``names``) for the test snapshots; ``answers[n]``: what
    came of them, as known when the choice is made; ``recent``: what the level could be measured on, on the date.
    """

    number: int
    names: tuple[str, ...]
    raw: Floats
    answers: Answers
    recent: Recent

    def blend(self, weights: dict[str, float]) -> Floats:
        """The blend as a vector over ``names``, ``[m]``."""
        return np.array([weights.get(name, 0.0) for name in self.names])

    def levelled(self, blend: Floats, rule: LevelRule) -> Floats:
        """The blended log-odds of the test snapshots at the recent level, ``[n]``."""
        return np.asarray(self.raw @ blend + self.recent.shift(rule, blend))


@dataclass(frozen=True)
class Choice:
    """What was chosen for one head, and what it rests on (``chosen_on``: how many dates; 0 is the default)."""

    blend: dict[str, float]
    rule: LevelRule
    slope: float = 1.0
    intercept: float = 0.0
    chosen_on: int = 0

    def calibration(self, recent: Recent, names: tuple[str, ...]) -> Calibration:
        """The calibration at the instant at which ``recent`` was measured."""
        blend = np.array([self.blend.get(name, 0.0) for name in names])
        return Calibration(self.slope, self.intercept, self.slope * recent.shift(self.rule, blend))

    def log_odds(self, forward: Forward) -> Floats:
        """The calibrated log-odds of the test snapshots."""
        return self.slope * forward.levelled(forward.blend(self.blend), self.rule) + self.intercept


def default(settings: Settings, yeses: float = math.inf) -> Choice:
    """What is used where there is no earlier forward error.

    The widest logistic regression, which tends to say too much, beside small trees that stop early and say too little,
    and beside both the base rate, which counts for `DOUBT` of the ``yeses`` that could be learned from.
    """
    linear = logistic_name(max(settings.widths), default_half_life(settings))
    trees = settings.trees[0].name if settings.trees else None
    doubt = DOUBT / (DOUBT + yeses)
    blend = {linear: 0.5, trees: 0.5} if trees else {linear: 1.0}
    blend = (
        {CONSTANT: doubt} | {name: share * (1 - doubt) for name, share in blend.items()}
        if doubt > SMALL_DOUBT
        else blend
    )
    days = min(settings.level_days, key=lambda day: abs(day - DAYS), default=None)
    return Choice(blend, LevelRule(days, PRIOR))


def default_half_life(settings: Settings) -> float | None:
    """The fading used where there is no earlier forward error: the slowest."""
    return max(settings.half_lives, default=None)


def choose(forwards: Sequence[Forward], settings: Settings, yeses: float = math.inf) -> Choice:
    """The choice on these dates' forward errors; `default` without any. ``yeses``: how many there are to learn from.

    In turn: the blend at the default level rule, the level rule for that blend, slope and intercept for both. The last
    two are learned on mature answers only, and stay 1 and 0 while there are none.
    """
    start = default(settings, yeses)
    if not forwards:
        return start
    blend = _blend(forwards, start)
    rule = _rule(forwards, blend, settings, start.rule)
    chosen = replace(start, blend=blend, rule=rule, chosen_on=len(forwards))
    mature = [f for f in (replace(f, answers=f.answers.mature()) for f in forwards) if f.answers.weight.any()]
    if not mature:
        return chosen
    raw = np.concatenate([f.levelled(f.blend(blend), rule) for f in mature])
    slope, intercept = slope_and_intercept(raw, _joined(mature))
    trust = len(mature) / (len(mature) + OWN_DATES)
    return replace(chosen, slope=slope**trust, intercept=intercept * trust)


def choose_half_life(forwards: Sequence[Forward], settings: Settings) -> float | None:
    """The fading with the lowest forward log-loss, averaged over the logistic regressions; for the boosted trees."""
    if not forwards:
        return default_half_life(settings)
    start = default(settings)
    losses = {}
    for half_life in (None, *settings.half_lives):
        of = [loss(forwards, {logistic_name(width, half_life): 1.0}, start.rule) for width in settings.widths]
        losses[half_life] = float(np.mean(of))
    return min(losses, key=lambda half_life: losses[half_life])


def loss(forwards: Sequence[Forward], blend: dict[str, float], rule: LevelRule) -> float:
    """The forward log-loss of a blend at the recent level, over all these dates."""
    raw = np.concatenate([f.levelled(f.blend(blend), rule) for f in forwards])
    return _joined(forwards).loss(raw)


def _blend(forwards: Sequence[Forward], start: Choice) -> dict[str, float]:
    """Forward selection with replacement, begun from the default blend, on levelled log-odds."""
    names = forwards[0].names
    answers = _joined(forwards)
    single = np.concatenate([_levelled_alone(f, start.rule) for f in forwards])
    counts = forwards[0].blend(start.blend) * 2
    paid = [j for j, name in enumerate(names) if name != CONSTANT]
    best = answers.loss(single @ (counts / counts.sum()))
    for _ in range(STEPS):
        tried = {}
        for j in range(len(names)):
            more = counts.copy()
            more[j] += 1
            if (more[paid] > 0).sum() <= MOST_COMPONENTS or counts[j] > 0:
                tried[j] = answers.loss(single @ (more / more.sum()))
        j = min(tried, key=lambda place: tried[place])
        if tried[j] > best * (1 - WORTH):
            break
        counts[j] += 1
        best = tried[j]
    share = counts / counts.sum()
    return {name: float(w) for name, w in zip(names, share, strict=True) if w > 0}


def _rule(forwards: Sequence[Forward], blend: dict[str, float], settings: Settings, start: LevelRule) -> LevelRule:
    rules = [start, LevelRule()]
    rules += [LevelRule(days, prior) for days in settings.level_days for prior in settings.level_priors]
    losses = [loss(forwards, blend, rule) for rule in rules]
    best = int(np.argmin(losses))
    return rules[best] if losses[best] < losses[0] * (1 - WORTH) else start


def _levelled_alone(forward: Forward, rule: LevelRule) -> Floats:
    """Each candidate's log-odds at the recent level as if it were alone, ``[n, m]``."""
    each = np.eye(len(forward.names))
    return np.column_stack([forward.levelled(one, rule) for one in each])


def _joined(forwards: Sequence[Forward]) -> Answers:
    return joined([f.answers for f in forwards])
