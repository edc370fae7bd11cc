"""The rows a head learns from: settled answers, and the young ones with what is still to be expected of them.

Censoring weights serve rates and metrics, not the fit. They assume that age says nothing about a row, but features tell
the age: a campaign begun last month, a rate that has risen since. Where failures settle late, all settled rows of that
campaign are successes, and any weighted fit learns that it never fails (olist: LightGBM said 0.9997 for all leads).
So a young row enters twice, as yes with the chance that a yes is still to come, and as no with the rest (EM for a
mixture of answers with delays, Chapelle 2014; ``q = p(1-F1) / (p(1-F1) + (1-p)(1-F0))`` where F1 and F0 are the shares
of yeses and noes that come by its age). ``p`` is first the rate of its landmark, then that of a logistic regression.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.catalog import Catalog
from models.arrays import Matrix, Vector
from training.candidates import Sample, logistic
from training.delay import Delays
from training.designs import design_of, encoded

WIDTH = 0.15
"""Width of the logistic regression that says what is to be expected of young rows."""

LEAST_SEEN = 0.1
"""Rows younger than the age at which this share of the yeses has come are left out, whatever became of them."""


def sample_of(
    catalog: Catalog,
    x: Matrix,
    snapshots: pd.DataFrame,
    labels: pd.DataFrame,
    delays: Delays,
    age: Vector,
    newest: NDArray[np.bool_],
    person: NDArray[np.int64] | None = None,
) -> Sample:
    """The sample of rows ``x[n, k]`` of ``snapshots`` with their ``labels``; settled rows first, then young ones.

    A young row with chance ``q`` is there twice: ``y`` 1 with weight ``q * weight``, and ``y`` 0 with the rest. Rows
    without weight are left out.
    """
    weight, landmark = snapshots["weight"].to_numpy(), snapshots["landmark"].to_numpy()
    open_yes, open_no = delays.left(labels["censored_after"].to_numpy(), landmark)
    yes_by = 1.0 - open_yes
    asked, settled = labels["asked"].to_numpy(), labels["settled"].to_numpy()
    used = asked & (yes_by >= LEAST_SEEN) & (weight > 0)
    known, young = np.flatnonzero(used & settled), np.flatnonzero(used & ~settled)
    rows = np.concatenate([known, young, young])
    chance = _rates(labels, weight, landmark, yes_by)[young]
    y = np.concatenate([labels["y"].to_numpy()[known], np.ones(len(young)), np.zeros(len(young))])
    persons = None if person is None else person[rows]
    sample = Sample(catalog, x[rows], y, weight[rows], age[rows], newest[rows], persons)
    left = open_yes[young], open_no[young]
    sample = _expecting(sample, len(known), weight[young], chance, left)
    if len(young) == 0:
        return sample
    design = design_of(catalog, sample.x, sample.weight)  # one round of EM: a second was no better forward
    model = logistic(design, encoded(design, sample.x), sample.y, sample.weight, WIDTH)
    return _expecting(sample, len(known), weight[young], expit(model.log_odds(x[young])), left)


def _rates(labels: pd.DataFrame, weight: Vector, landmark: NDArray[np.int64], yes_by: Vector) -> Vector:
    """The rate of each row's landmark: the yeses so far over those that should have come by now at a rate of 1."""
    asked, yes = labels["asked"].to_numpy(), (labels["y"] == 1).to_numpy()
    out = np.empty(len(weight))
    for day in np.unique(landmark):
        mine = asked & (landmark == day)
        came, due = weight[mine] @ yes[mine], weight[mine] @ yes_by[mine]
        out[landmark == day] = np.clip((came + 0.5) / (due + 1.0), 0.0, 1.0)
    return out


def _expecting(sample: Sample, known: int, weight: Vector, chance: Vector, left: tuple[Vector, Vector]) -> Sample:
    """The sample with its young rows, those from ``known`` on, weighted by what is to be expected of them."""
    yes, no = chance * left[0], (1.0 - chance) * left[1]
    q = yes / np.maximum(yes + no, 1e-300)
    shares = np.concatenate([weight * q, weight * (1.0 - q)])
    return replace(sample, weight=np.concatenate([sample.weight[:known], shares]))
