"""The history: five tables, an export instant, and what each attribute is. Everything else is computed from this.

All times are ``datetime64[us, UTC]``; identifiers and categories are pandas ``str`` columns; missing is ``NA``/``NaN``/
``NaT``, never a word for it. Tables are never mutated: functions return new histories that share what they can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import pandas as pd

TIME = "datetime64[us, UTC]"


class Milestone(StrEnum):
    """A step of the funnel."""

    HANDED_OFF = "handed_off"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WON = "won"
    LOST = "lost"
    NO_DECISION = "no_decision"


FINAL = frozenset({Milestone.REJECTED, Milestone.WON, Milestone.LOST, Milestone.NO_DECISION})
"""Milestones after which a lead is decided: no snapshot is taken at or after the first of them."""


class Kind(StrEnum):
    """What an attribute is, which decides how it may become a feature."""

    NUMBER = "number"  # float64
    CATEGORY = "category"  # str
    BOOLEAN = "boolean"  # float64: 1, 0 or NaN
    DATE = "date"  # datetime64[us, UTC]
    TITLE = "title"  # str: a job title, reduced to seniority
    EMAIL = "email"  # str: an e-mail address, reduced to its domain's type
    TEXT = "text"  # str: free text, at most its presence and length are used
    IDENTIFIER = "identifier"  # str: never a feature


class Known(StrEnum):
    """When an attribute's value becomes known, as declared in the mapping or found by the audit."""

    AT_CREATION = "at_creation"
    AT_HANDOFF = "at_handoff"
    UNDECLARED = "undeclared"  # the export does not say; the audit looks at the data
    AFTER_OUTCOME = "after_outcome"  # never a feature


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of leads or accounts. Fields of accounts are named ``account.<column>``."""

    name: str
    kind: Kind
    known: Known = Known.UNDECLARED
    why: str = ""  # why we believe `kind` and `known`, for people
    actor: bool = False  # names a person on our side (owner, sales rep): tells who decided, never a feature
    missing: tuple[str, ...] = ()  # what stood for "missing" in the export, such as Select or 999: so in requests too

    @property
    def of_account(self) -> bool:
        """Whether the column lives in the accounts table."""
        return self.name.startswith("account.")

    @property
    def column(self) -> str:
        """The column's name in its own table."""
        return self.name.removeprefix("account.")


LEAD_COLUMNS = {"lead_id": "str", "created_at": TIME, "account_id": "str"}
ACCOUNT_COLUMNS = {"account_id": "str"}
ACTIVITY_COLUMNS = {"lead_id": "str", "occurred_at": TIME, "kind": "str", "value": "float64", "actor": "str"}
MILESTONE_COLUMNS = {
    "lead_id": "str",
    "reached_at": TIME,  # NaT: reached, the time unknown (flat exports)
    "milestone": "str",
    "reason": "str",
    "amount": "float64",
    "actor": "str",
}
CHANGE_COLUMNS = {"lead_id": "str", "field": "str", "old": "str", "new": "str", "changed_at": TIME}


def empty(columns: dict[str, str]) -> pd.DataFrame:
    """An empty table with these columns and dtypes."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


@dataclass(frozen=True)
class History:
    """The five tables together, as exported at one instant.

    ``leads`` and ``accounts`` hold the required columns above followed by one column a `Field`; ``activities``,
    ``milestones`` and ``changes`` hold exactly theirs. Keys are unique and not null; each lead's ``account_id`` is null
    or present in ``accounts``; rows of the other tables belong to known leads. `crm.contracts` checks this.
    """

    leads: pd.DataFrame
    exported_at: pd.Timestamp
    fields: tuple[Field, ...] = ()
    accounts: pd.DataFrame = field(default_factory=lambda: empty(ACCOUNT_COLUMNS))
    activities: pd.DataFrame = field(default_factory=lambda: empty(ACTIVITY_COLUMNS))
    milestones: pd.DataFrame = field(default_factory=lambda: empty(MILESTONE_COLUMNS))
    changes: pd.DataFrame = field(default_factory=lambda: empty(CHANGE_COLUMNS))

    @property
    def timed(self) -> bool:
        """Whether outcomes and leads have times. A flat history has none: one snapshot a lead, no as-of backtest."""
        return bool(self.leads["created_at"].notna().any() and self.milestones["reached_at"].notna().any())

    @property
    def tracks_acceptance(self) -> bool:
        """Whether the export records acceptance by sales; without it there is no accept head."""
        return bool((self.milestones["milestone"] == Milestone.ACCEPTED).any())

    def without(self, names: Iterable[str]) -> History:
        """The same history without these fields (the columns stay in the tables, nothing reads them)."""
        out = frozenset(names)
        return replace(self, fields=tuple(f for f in self.fields if f.name not in out))

    def without_leads(self, lead_ids: Collection[str]) -> History:
        """The same history without these leads and all that is known of them: accounts too that had no other lead.

        >>> leads = empty(LEAD_COLUMNS).reindex([0, 1]).assign(lead_id=["a", "b"])
        >>> History(leads, pd.Timestamp("2026-03-05", tz="UTC")).without_leads({"a"}).leads["lead_id"].tolist()
        ['b']
        """
        gone = self.leads["lead_id"].isin(list(lead_ids)).to_numpy()
        lonely = set(self.leads.loc[gone, "account_id"]) - set(self.leads.loc[~gone, "account_id"])

        def left(rows: pd.DataFrame) -> pd.DataFrame:
            return rows[~rows["lead_id"].isin(list(lead_ids)).to_numpy()].reset_index(drop=True)

        return replace(
            self,
            leads=left(self.leads),
            accounts=self.accounts[~self.accounts["account_id"].isin(list(lonely)).to_numpy()].reset_index(drop=True),
            activities=left(self.activities),
            milestones=left(self.milestones),
            changes=left(self.changes),
        )
