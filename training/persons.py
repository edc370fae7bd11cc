"""Who decided on each lead, or will: to train a person's habit away, to report it, and never to score (decision 12)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import Field, History, Kind, Known, Milestone
from features.columns import WORDS
from training.funnel import instants, microseconds

UNKNOWN = -1

DECISIONS = (Milestone.ACCEPTED, Milestone.REJECTED)


def deciders(history: History) -> pd.Series:
    """The person of each lead by ``lead_id``, null where unknown.

    The actor of its first acceptance or rejection known at ``history.exported_at``; of a lead not decided yet, whom it
    belongs to: the first field that names a person on our side, of the lead before its account. Such a field that the
    audit took out is not in ``history.fields`` and tells nothing here either.
    """
    table = history.milestones
    at = instants(table["reached_at"])
    known = (at <= microseconds(history.exported_at)) | (not history.timed)
    decided = known & table["milestone"].isin(list(DECISIONS)).to_numpy() & table["actor"].notna().to_numpy()
    rows = table.loc[decided, ["lead_id", "actor"]].assign(at=at[decided])
    first = rows.sort_values(["at", "lead_id", "actor"]).drop_duplicates("lead_id").set_index("lead_id")["actor"]
    leads = pd.Index(history.leads["lead_id"], name="lead_id")
    person = first.reindex(leads)
    field = _owner(history)
    return person if field is None else person.fillna(_values(history, field))


def coded(persons: pd.Series, lead_ids: pd.Series) -> NDArray[np.int64]:
    """A number for the person of each of these leads, in the order of the names; `UNKNOWN` where there is none."""
    codes = persons.reindex(lead_ids.to_numpy())
    return np.asarray(pd.Categorical(codes, categories=sorted(codes.dropna().unique())).codes, dtype=np.int64)


def _owner(history: History) -> Field | None:
    usable = WORDS | {Kind.IDENTIFIER}
    named = [f for f in history.fields if f.actor and f.kind in usable and f.known is not Known.AFTER_OUTCOME]
    return min(named, key=lambda field: field.of_account, default=None)


def _values(history: History, field: Field) -> pd.Series:
    leads = history.leads.set_index("lead_id")
    if not field.of_account:
        return leads[field.column]
    by_account = history.accounts.set_index("account_id")[field.column]
    return pd.Series(by_account.reindex(leads["account_id"]).to_numpy(), index=leads.index)
