"""What the recent level is measured on: the newest training snapshots of a fold."""

from __future__ import annotations

from collections.abc import Sequence

from models.components import Component
from training.candidates import stack
from training.folds import Fold
from training.labels import HeadName
from training.level import Recent
from training.settings import Settings


def recent_of(fold: Fold, head: HeadName, components: Sequence[Component], settings: Settings) -> Recent:
    """The snapshots of the longest window before the fold's date, with the log-odds that ``components`` give them.

    Answers are those known on the date, and so is how long answers take. Empty in a flat history: no level is recent.
    """
    train, labels = fold.train, fold.train.labels[head]
    age = fold.ages(train.snapshots)
    rows = labels["asked"].to_numpy() & (age <= max(settings.level_days, default=0.0)) & fold.known.timed
    return Recent(
        age=age[rows],
        weight=train.learning[head][rows],
        yes=(labels["y"] == 1).to_numpy()[rows],
        seen=fold.delays(head).yes(age[rows], train.landmark[rows]),
        raw=stack(components, train.x[rows]),
    )
