"""The promise of each grade, measured: leads a week, the share that sales accepts, the share that is closed.

Shares rest on the forward arrivals of the backtest, graded by the scorer in force, and on what that scorer says of the
arrivals of recent weeks; volumes on the arrivals of successive past periods. Ranges are for the period after the
export: see `training.forecast` and `training.volumes`, and decision 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import History
from models.scorer import Scorer
from models.sheet import Measured, Promise, Range, Sheet
from training.arrivals import WEEK, recent
from training.forecast import Drift, Floats, Judged, drift, share, sizes_of
from training.labels import HeadName
from training.settings import Settings
from training.volumes import volume

COVERAGE = 0.9
"""How often a range should hold what comes."""

PAST = 6
"""Periods before the newest one whose volumes tell how much volume moves."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """What promises about any group of leads are measured on.

    ``forward``: the arrivals of `training.arrivals.forward`, ``past``: those of `training.arrivals.recent` over whole
    periods of ``weeks`` each, the newest being ``period`` 0; both with the ``grade`` the scorer in force gives them.
    ``drifts`` by head: how periods differ, learned from the grades. ``ahead_weeks``: what ranges are for.
    """

    scorer: Scorer
    forward: pd.DataFrame
    past: pd.DataFrame
    drifts: Mapping[HeadName, Drift]
    exported_at: str
    weeks: float
    ahead_weeks: float

    @property
    def newest(self) -> pd.DataFrame:
        """The arrivals of the newest period."""
        return self.past[(self.past["period"] == 0).to_numpy()]

    def promise(self, name: str, forward: Mask, past: Mask) -> Promise:
        """What may be promised of the leads chosen by ``forward[n]`` and ``past[m]`` of the two tables."""
        came = self.past[past & (self.past["period"] == 0).to_numpy()]
        sizes = sizes_of(came)
        counts = np.bincount(
            self.past.loc[past, "period"], minlength=int(self.past["period"].to_numpy().max(initial=0)) + 1
        )
        per_week = volume(counts[::-1].astype("float64"), sizes, self.weeks, self.ahead_weeks, COVERAGE)
        judged = self.forward[forward]
        shares = {head: self._share(judged, came, sizes, head) for head in HeadName}
        leads = int((judged["weight_close"] > 0).sum())
        return Promise(name, _rounded(per_week, 1), shares[HeadName.ACCEPT], shares[HeadName.CLOSE], leads)

    def _share(self, judged: pd.DataFrame, came: pd.DataFrame, sizes: Floats, head: HeadName) -> Range | None:
        p = came[f"p_{head}"].to_numpy(dtype="float64")
        leads = len(came) * self.ahead_weeks / self.weeks
        mine = Judged.of(judged, head)
        found = share(mine, p[np.isfinite(p)], sizes, leads, self.drifts[head], COVERAGE)
        return None if found is None else _rounded(found, 4)


def gather(scorer: Scorer, history: History, forward: pd.DataFrame, settings: Settings) -> Evidence | None:
    """The evidence on a scorer: its history, and the ``forward`` arrivals of its backtest.

    ``None`` where nothing can be promised for a period to come: in a flat history, which has no periods.
    """
    if not history.timed or forward.empty:
        return None
    weeks = settings.arrival_weeks
    past = recent(scorer, history, weeks * (PAST + 1))
    ago = ((history.exported_at - past["as_of"]) / (weeks * WEEK)).to_numpy()
    whole = max(int((history.exported_at - history.leads["created_at"].min()) / (weeks * WEEK)), 1)
    past = past.assign(period=ago.astype("int64"))[ago < whole]
    p_close = forward["p_close"].to_numpy()
    grade = scorer.grading.grades(scorer.reference.score(p_close), p_close)
    forward = forward.assign(grade=grade)
    groups = [forward[(forward["grade"] == name).to_numpy()] for name in scorer.grading.names]
    return Evidence(
        scorer=scorer,
        forward=forward,
        past=past,
        drifts={head: drift([Judged.of(group, head) for group in groups]) for head in HeadName},
        exported_at=history.exported_at.isoformat(),
        weeks=weeks,
        ahead_weeks=settings.ahead_weeks,
    )


def sheet_of(evidence: Evidence) -> Sheet:
    """The sheet: the scorer's definition and grading with the promise of every grade."""
    forward, past, scorer = evidence.forward, evidence.past, evidence.scorer
    return Sheet(
        definition=scorer.definition,
        grading=scorer.grading,
        promises=tuple(
            evidence.promise(name, (forward["grade"] == name).to_numpy(), (past["grade"] == name).to_numpy())
            for name in scorer.grading.names
        ),
        measured=Measured(
            exported_at=evidence.exported_at,
            since=forward["as_of"].min().isoformat(),
            until=forward["as_of"].max().isoformat(),
            weeks=evidence.weeks,
            ahead_weeks=evidence.ahead_weeks,
            coverage=COVERAGE,
        ),
    )


def measure(scorer: Scorer, history: History, forward: pd.DataFrame, settings: Settings) -> Sheet | None:
    """The sheet of a scorer from its history and the ``forward`` arrivals of its backtest; `gather` says when none."""
    evidence = gather(scorer, history, forward, settings)
    return None if evidence is None else sheet_of(evidence)


def _rounded(found: Range, digits: int) -> Range:
    return Range(*(round(figure, digits) + 0.0 for figure in (found.value, found.low, found.high)))
