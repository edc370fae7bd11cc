"""One real-looking row for whoever wants to call the scorer: the input example of the registered model."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from crm.history import Field, History, Kind
from features.columns import NUMBERS
from models.pyfunc import attribute_columns
from models.scorer import Scorer

_MOST_ACTIVITIES = 3


def example_row(history: History, scorer: Scorer) -> dict[str, Any]:
    """The newest lead as a row for `models.pyfunc.LeadScore`, as JSON values; what could name a person is made up.

    Only numbers and categories are taken from the history; words people wrote (titles, addresses, texts) are left out.
    """
    leads = history.leads
    newest = leads["created_at"].fillna(history.exported_at).argmax() if history.timed else 0
    lead = leads.iloc[newest]
    account = history.accounts.set_index("account_id")
    company = account.loc[lead["account_id"]] if pd.notna(lead["account_id"]) and len(account) else None
    column_of = {field: column for field, column, _ in attribute_columns(scorer)}
    row: dict[str, Any] = {"lead_id": "L1", "as_of": history.exported_at.isoformat()}
    if pd.notna(lead["created_at"]):
        row["created_at"] = lead["created_at"].isoformat()
    row["activities"] = _activities(history, lead["lead_id"])
    for field in scorer.fields:
        value = _value(field, lead, company)
        if value is not None and field.name in column_of:
            row[column_of[field.name]] = value
    return row


def _value(field: Field, lead: pd.Series, company: pd.Series | None) -> float | str | None:
    source = company if field.of_account else lead
    if source is None or field.actor or field.column not in source.index or pd.isna(source[field.column]):
        return None
    if field.kind is Kind.DATE:
        return str(source[field.column].isoformat())
    if field.kind in NUMBERS:
        return float(source[field.column])
    return str(source[field.column]) if field.kind is Kind.CATEGORY else None


def _activities(history: History, lead_id: str) -> str:
    mine = history.activities[history.activities["lead_id"] == lead_id].head(_MOST_ACTIVITIES)
    rows = zip(mine["kind"], mine["occurred_at"], strict=True)
    return json.dumps([{"kind": str(kind), "occurred_at": at.isoformat()} for kind, at in rows])
