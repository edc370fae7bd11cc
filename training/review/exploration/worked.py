"""Whether the leads that were drawn were really worked: if not, nothing can be learned from the draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.review.exploration.uplift import Explored, Truth
from training.review.handed import Handed
from training.review.shares import Share, plain

ENOUGH = 0.5
"""Share of the drawn leads that must be worked before anything is said of what the score adds."""

NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class Worked:
    """The shares of leads that sales took up: contacted, or answered with an acceptance or a rejection.

    Of leads handed over longer ago than the accept horizon. ``knows_contact``: whether the definition says which
    activities are contacts; without them only answers tell.
    """

    score: Share
    lot: Share
    left: Share
    knows_contact: bool

    @property
    def little(self) -> bool:
        """Whether too few drawn leads were worked to learn from them."""
        return self.lot.known and self.lot.value < ENOUGH

    @property
    def half_heartedly(self) -> bool:
        """Whether some drawn leads were not worked as those of high grades are."""
        return not self.little and self.lot.known and self.lot.value < min(NEARLY_ALL, self.score.value - 0.05)


def worked(handed: Handed, found: Explored) -> Worked:
    """Who was worked, of each kind of leads."""
    rows = found.leads
    taken = taken_up(rows)
    old = (rows["handed_off_at"] <= handed.until - pd.Timedelta(days=handed.definition.accept_days)).to_numpy()
    answers = plain(taken, old, rows)
    kinds = handed.definition.kinds
    score, lot, left = (answers.share(mask & old) for mask in (found.high, found.drawn, found.left))
    return Worked(score, lot, left, knows_contact=kinds is not None and bool(kinds.contact))


def taken_up(rows: pd.DataFrame) -> Truth:
    """Whether sales did anything with each lead."""
    told = rows[["contacted_at", "accepted_at"]].notna().any(axis=1) | rows["outcome"].notna()
    return np.asarray(told, dtype=bool)
