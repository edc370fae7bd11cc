"""Answers as they were known at an instant, and how well log-odds foretold them: the loss all choices are made on.

An answer that is in costs ``-log p`` or ``-log(1 - p)``. One still open costs ``-log(p S1 + (1 - p) S0)``, where
S1 and S0 are the shares of yeses and noes that take longer than its age (Chapelle 2014): little while young, as much
as a no when all yeses should have come. So a choice made for a past date can use what was known on that date, no more,
and young leads are neither dropped nor counted as failures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from training.censoring import Floats
from training.delay import Delays

MATURE = 0.1
"""A snapshot is mature when no more than this share of the yeses, and of the noes, take longer than its age."""


@dataclass(frozen=True)
class Answers:
    """Answers to ``n`` snapshots.

    ``y[n]`` is 1.0, 0.0 or, where still open, NaN; ``weight[n]`` is the snapshot's, 0 where the head is not asked;
    ``open_yes[n]`` and ``open_no[n]`` are S1 and S0.
    """

    y: Floats
    weight: Floats
    open_yes: Floats
    open_no: Floats

    def loss(self, raw: Floats) -> float:
        """The weighted mean loss of log-odds ``raw[n]``; NaN without rows that are asked."""
        total = self.weight.sum()
        return float(self.weight @ self._losses(raw) / total) if total > 0 else float("nan")

    def loss_and_slope(self, raw: Floats) -> tuple[float, Floats]:
        """The weighted sum of losses, and how each row's changes with its log-odds, ``[n]``, weighted."""
        p, still_open = expit(raw), np.isnan(self.y)
        mixed = p * self.open_yes + (1 - p) * self.open_no
        drift = -p * (1 - p) * (self.open_yes - self.open_no) / np.maximum(mixed, _TINY)
        slope = np.where(still_open, drift, p - np.nan_to_num(self.y))
        return float(self.weight @ self._losses(raw)), self.weight * slope

    def mature(self) -> Answers:
        """The same, where only mature snapshots count, by their age alone, whatever became of them.

        What open rows say rests on delays that are taken to be the same for all leads. Where those that look good also
        fail later, as leads that sales accepted do, open rows make any score look too timid (decision 6).
        """
        old = (self.open_yes <= MATURE) & (self.open_no <= MATURE)
        return replace(self, weight=np.where(old, self.weight, 0.0))

    def _losses(self, raw: Floats) -> Floats:
        p, still_open = expit(raw), np.isnan(self.y)
        waiting = -np.log(np.maximum(p * self.open_yes + (1 - p) * self.open_no, _TINY))
        return np.where(still_open, waiting, np.logaddexp(0, raw) - np.nan_to_num(self.y) * raw)


_TINY = 1e-12


def answers_of(labels: pd.DataFrame, snapshots: pd.DataFrame, delays: Delays) -> Answers:
    """The answers that ``labels`` of ``snapshots`` give; ``delays`` must not know more than the labels do."""
    open_yes, open_no = delays.left(labels["censored_after"].to_numpy(), snapshots["landmark"].to_numpy())
    return Answers(
        y=labels["y"].to_numpy(),
        weight=np.where(labels["asked"], snapshots["weight"], 0.0),
        open_yes=open_yes,
        open_no=open_no,
    )


def joined(answers: list[Answers]) -> Answers:
    """Those of several dates as one."""
    return Answers(*(np.concatenate([getattr(a, name) for a in answers]) for name in Answers.__dataclass_fields__))
