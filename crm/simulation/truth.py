"""The true probabilities of the simulated company, for any lead at any instant.

They are conditional on all that anyone could know then: the lead's and its account's attributes, its owner's leniency,
how far it has come and since when, all its activity, and all of the same of its colleagues, up to and including that
second. Hidden interests (and whether the account is in the market) are summed out exactly by Bayes' rule; the time
integrals over hand-off and acceptance are Gauss-Legendre sums, right to about 1e-6. Nothing is re-simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm.errors import AccordError
from crm.simulation.clock import DAY, Clock, Seconds
from crm.simulation.evidence import Evidence
from crm.simulation.forward import Forward
from crm.simulation.funnel import Course, Funnel
from crm.simulation.world import Codes, Leads, Numbers

_BATCH = 20_000


@dataclass(frozen=True)
class Truth:
    """What really happened, uncut by any export, and what was to be expected.

    ``leniency`` of each sales person, in log-odds of acceptance; ``law_of`` gives the law of every lead from such a
    table (as an array).
    """

    clock: Clock
    leads: Leads
    lead_ids: pd.Index
    interest: Codes
    course: Course
    evidence: Evidence
    forward: Forward
    leniency: pd.Series
    law_of: Callable[[Numbers], Funnel]

    def as_if(self, leniency: float) -> Truth:
        """The truth had every lead, from each instant on, a sales person of this leniency; what was seen stays."""
        law = self.law_of(np.full(len(self.leniency), leniency))
        return replace(self, forward=replace(self.forward, funnel=law))

    def probabilities(self, snapshots: pd.DataFrame, accept_days: float, close_days: float) -> pd.DataFrame:
        """The chances of the labels of `docs/architecture.md`, as columns `p_accept` and `p_close` on the given index.

        `snapshots` needs `lead_id` and `as_of`. An accepted lead has `p_accept` 1. Both are NaN before a lead
        was created and from its final milestone on: nothing is asked there.
        """
        rows, at = self._rows(snapshots["lead_id"]), self.seconds(snapshots["as_of"])
        out = np.full((len(rows), 2), np.nan)
        asked = np.flatnonzero((at >= self.leads.created[rows]) & (at < self.course.final[rows]))
        for part in _batches(asked):
            belief = self.evidence.belief(rows[part], at[part])
            chances = self.forward.chances(rows[part], at[part], round(accept_days * DAY), round(close_days * DAY))
            out[part] = (belief[:, :, None] * chances).sum(axis=1)
        out[asked, 0] = np.where(self.course.accepted[rows[asked]] <= at[asked], 1.0, out[asked, 0])
        return pd.DataFrame(out, index=snapshots.index, columns=["p_accept", "p_close"])

    def outcomes(self, snapshots: pd.DataFrame, accept_days: float, close_days: float) -> pd.DataFrame:
        """What really came of each snapshot, export or not: boolean columns `accept` and `close`."""
        rows, at = self._rows(snapshots["lead_id"]), self.seconds(snapshots["as_of"])
        accepted = self.course.accepted[rows] - at <= accept_days * DAY
        won = self.course.won[rows] - at <= close_days * DAY
        return pd.DataFrame({"accept": accepted, "close": accepted & won}, index=snapshots.index)

    def seconds(self, at: pd.Series) -> Seconds:
        """Whole seconds from midnight of the start; the truth knows all that came up to and including this second."""
        start = pd.Timestamp(self.clock.start, tz="UTC")
        return np.asarray((at - start) // pd.Timedelta(seconds=1), dtype="int64")

    def _rows(self, lead_ids: pd.Series) -> Codes:
        rows = self.lead_ids.get_indexer(pd.Index(lead_ids))
        if (rows < 0).any():
            unknown = str(lead_ids.iloc[int(np.argmax(rows < 0))])
            raise AccordError("This lead is not of the simulated company.", where="truth", got=unknown)
        return np.asarray(rows, dtype="int64")


def _batches(rows: Codes) -> Iterator[Codes]:
    yield from (rows[i : i + _BATCH] for i in range(0, len(rows), _BATCH))
