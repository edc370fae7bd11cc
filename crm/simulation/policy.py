"""The simulated company had it worked by a score: what its history would be had sales left some leads alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from crm.history import History, Milestone

BY_SALES = ("call", "meeting")
"""Kinds of activity that sales does."""

AFTER_SALE = "ticket"
"""What follows a win, though not only a win."""


def left_alone(history: History, lead_ids: Collection[str]) -> History:
    """The history had sales never worked these leads: no call or meeting with them, no decision about them, no sale.

    What the leads did by themselves stays: in this company their interest drives it, whatever sales does.
    """
    gone = set(lead_ids)
    activities, milestones = history.activities, history.milestones
    by_sales = activities["kind"].isin(BY_SALES) & activities["lead_id"].isin(gone)
    won = milestones.loc[(milestones["milestone"] == Milestone.WON).to_numpy(), ["lead_id", "reached_at"]]
    sold = activities["lead_id"].map(won.drop_duplicates("lead_id").set_index("lead_id")["reached_at"])
    of_sale = (activities["kind"] == AFTER_SALE) & activities["lead_id"].isin(gone) & (activities["occurred_at"] > sold)
    decided = (milestones["milestone"] != Milestone.HANDED_OFF) & milestones["lead_id"].isin(gone)
    return replace(
        history,
        activities=activities[~(by_sales | of_sale).to_numpy()].reset_index(drop=True),
        milestones=milestones[~decided.to_numpy()].reset_index(drop=True),
    )
