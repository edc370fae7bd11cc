"""What a score that had never seen the largest accounts would have said of all others.

Asked once, at the newest date of the backtest, of the blend that was served there: one more fit of its few components,
a sixth of what that date costs anyhow, and only where these accounts have a share of the leads that could matter.
Features stay as they are, point-in-time rates with them; what is learned from leads of those accounts is gone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crm.history import History
from models.arrays import Vector
from training.accounts import LARGEST, largest
from training.candidates import Fitter, stack, yeses_of
from training.choice import Choice
from training.folds import Fold
from training.labels import HeadName
from training.recent import recent_of
from training.settings import Settings

LEAST = 0.1
"""Share of the leads below which the largest accounts together cannot move the score of the others."""


def left_out(known: History) -> tuple[str, ...]:
    """The accounts that are left out: the largest by leads; none where they have less than `LEAST` together."""
    names = largest(known, LARGEST[-1])
    return names if known.leads["account_id"].isin(names).mean() >= LEAST else ()


def without_largest(
    fold: Fold, head: HeadName, choice: Choice, tree_half_life: float | None, settings: Settings, seed: int
) -> Vector | None:
    """The log-odds of the fold's test rows by ``choice``, fitted without leads of the largest accounts, ``[n]``.

    ``None`` where there are no such accounts, or too few outcomes would be left to learn from.
    """
    if not (out := left_out(fold.known)):
        return None
    account = fold.known.leads.set_index("lead_id")["account_id"]
    others = ~account.reindex(fold.train.snapshots["lead_id"]).isin(out).to_numpy()
    fold = replace(fold, train=fold.train.of(others), _last={})
    sample = fold.sample(head)
    yes = yeses_of(sample)
    if min(yes, float(sample.weight.sum()) - yes) < settings.least_outcomes:
        return None
    fitter = Fitter(sample, settings, tree_half_life, seed)
    names = tuple(choice.blend)
    components = [fitter.fit(name) for name in names]
    blend = np.array([choice.blend[name] for name in names])
    raw = stack(components, fold.test.x) @ blend + recent_of(fold, head, components, settings).shift(choice.rule, blend)
    return np.asarray(choice.slope * raw + choice.intercept)
