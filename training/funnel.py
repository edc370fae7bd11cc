"""When each lead reached which step: one row of instants a lead, from the milestones table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import FINAL, History, Milestone

Instants = NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""The instant of a step that was not reached by the export; later than all others."""

DAY = 86_400_000_000
"""Microseconds in a day."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Instants in microseconds since 1970 UTC, one a lead, in the order of ``lead_id``; `NEVER` where not reached.

    ``accepted`` is the acceptance that counts: the first one not after the final milestone, or the win itself where a
    lead was won without a recorded acceptance. ``final`` is the first final milestone, ``won`` whether it was a win; at
    equal times a win goes before a rejection, a loss or no decision. Steps after the export do not exist.
    """

    lead_id: pd.Index
    created: Instants
    handed_off: Instants
    accepted: Instants
    final: Instants
    won: NDArray[np.bool_]

    def rows(self, lead_ids: pd.Series) -> NDArray[np.intp]:
        """The row of each of these leads; raises `KeyError` for one that is not in the history."""
        rows: NDArray[np.intp] = self.lead_id.get_indexer(pd.Index(lead_ids))
        if (rows < 0).any():
            raise KeyError(str(lead_ids.to_numpy()[rows < 0][0]))
        return rows


def funnel(history: History) -> Funnel:
    """Give the steps of each lead as known at ``history.exported_at``.

    Milestones without a time are not known to have happened; in a flat history that is all of them: use `flags`.
    """
    ids = pd.Index(history.leads["lead_id"])
    table = history.milestones
    at = instants(table["reached_at"])
    lead = ids.get_indexer(pd.Index(table["lead_id"]))
    known = (at <= microseconds(history.exported_at)) & (lead >= 0)
    step, lead, at = table["milestone"].to_numpy()[known], lead[known], at[known]
    won = _first(step == Milestone.WON, lead, at, len(ids))
    final = _first(np.isin(step, [str(m) for m in FINAL]), lead, at, len(ids))
    accepted = _first(step == Milestone.ACCEPTED, lead, at, len(ids))
    is_won = (won == final) & (final != NEVER)
    accepted = np.where(accepted <= final, accepted, np.where(is_won, final, NEVER))
    return Funnel(
        lead_id=ids,
        created=instants(history.leads["created_at"]),
        handed_off=_first(step == Milestone.HANDED_OFF, lead, at, len(ids)),
        accepted=accepted,
        final=final,
        won=is_won,
    )


def flags(history: History) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each lead of a flat history was accepted, and won, in the order of its leads; a win is an acceptance."""
    reached = history.milestones
    won = history.leads["lead_id"].isin(reached.loc[(reached["milestone"] == Milestone.WON).to_numpy(), "lead_id"])
    taken = reached.loc[(reached["milestone"] == Milestone.ACCEPTED).to_numpy(), "lead_id"]
    return (history.leads["lead_id"].isin(taken) | won).to_numpy(), won.to_numpy()


def instants(times: pd.Series) -> Instants:
    """Times as int64 microseconds, missing ones as `NEVER`."""
    values = times.to_numpy(dtype="datetime64[us]").astype(np.int64)
    return np.where(times.isna().to_numpy(), NEVER, values)


def microseconds(instant: pd.Timestamp) -> int:
    """One instant as microseconds since 1970 UTC."""
    return int(instant.to_datetime64().astype("datetime64[us]").astype(np.int64))


def datable(history: History) -> tuple[History, int]:
    """The history without the leads that were won at an unknown time, and how many those were.

    In a timed history such a lead would look undecided for ever and count as a failure once its horizon has passed. A
    rejection or loss without a time does no such harm: the horizon settles it. Flat histories are returned as they are.
    """
    if not history.timed:
        return history, 0
    table = history.milestones
    undated = table.loc[((table["milestone"] == Milestone.WON) & table["reached_at"].isna()).to_numpy(), "lead_id"]
    gone = set(undated)
    if not gone:
        return history, 0

    def left(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[~rows["lead_id"].isin(gone).to_numpy()]

    kept = replace(
        history,
        leads=left(history.leads),
        activities=left(history.activities),
        milestones=left(history.milestones),
        changes=left(history.changes),
    )
    return kept, len(gone)


def _first(chosen: NDArray[np.bool_], lead: NDArray[np.intp], at: Instants, n: int) -> Instants:
    first = np.full(n, NEVER)
    np.minimum.at(first, lead[chosen], at[chosen])
    return first
