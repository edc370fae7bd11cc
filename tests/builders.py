"""Builders with sensible defaults: ``history(lead("a"), activity("a", "page_view", "2026-03-02"))``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crm.history import (
    ACCOUNT_COLUMNS,
    ACTIVITY_COLUMNS,
    CHANGE_COLUMNS,
    LEAD_COLUMNS,
    MILESTONE_COLUMNS,
    TIME,
    Field,
    History,
    Kind,
    empty,
)

EXPORTED = "2026-06-30T00:00:00Z"


@dataclass(frozen=True)
class Row:
    """A row of one of the five tables, before it is put with the others."""

    table: str
    cells: Mapping[str, Any]


def lead(lead_id: str = "l1", created_at: str | None = "2026-01-01", account_id: str | None = None, **more: Any) -> Row:
    return Row("leads", {"lead_id": lead_id, "created_at": created_at, "account_id": account_id, **more})


def account(account_id: str = "a1", **more: Any) -> Row:
    return Row("accounts", {"account_id": account_id, **more})


def activity(lead_id: str = "l1", kind: str = "page_view", at: str = "2026-01-02", **more: Any) -> Row:
    return Row("activities", {"lead_id": lead_id, "occurred_at": at, "kind": kind, **more})


def milestone(lead_id: str = "l1", name: str = "won", at: str | None = "2026-02-01", **more: Any) -> Row:
    return Row("milestones", {"lead_id": lead_id, "reached_at": at, "milestone": name, **more})


def change(lead_id: str = "l1", field: str = "stage", at: str = "2026-01-15", **more: Any) -> Row:
    return Row("changes", {"lead_id": lead_id, "field": field, "changed_at": at, **more})


def number(name: str) -> Field:
    return Field(name, Kind.NUMBER)


def category(name: str) -> Field:
    return Field(name, Kind.CATEGORY)


def history(*rows: Row, fields: tuple[Field, ...] = (), exported_at: str = EXPORTED) -> History:
    """A history of these rows. Fields not given are inferred: numbers are numbers, the rest categories."""
    columns = {
        "leads": LEAD_COLUMNS,
        "accounts": ACCOUNT_COLUMNS,
        "activities": ACTIVITY_COLUMNS,
        "milestones": MILESTONE_COLUMNS,
        "changes": CHANGE_COLUMNS,
    }
    tables = {name: _table([r.cells for r in rows if r.table == name], known) for name, known in columns.items()}
    declared = {f.name for f in fields}
    for name, prefix in (("leads", ""), ("accounts", "account.")):
        for column in tables[name].columns.difference(list(columns[name])):
            if prefix + column not in declared:
                numeric = pd.api.types.is_numeric_dtype(tables[name][column])
                fields += (Field(prefix + column, Kind.NUMBER if numeric else Kind.CATEGORY),)
    return History(**tables, exported_at=instant(exported_at), fields=fields)


def instant(text: str) -> pd.Timestamp:
    at = pd.Timestamp(text)
    return at.tz_localize("UTC") if at.tzinfo is None else at.tz_convert("UTC")


def _table(values: list[Mapping[str, Any]], known: Mapping[str, str]) -> pd.DataFrame:
    if not values:
        return empty(dict(known))
    table = pd.DataFrame(values)
    for name, dtype in known.items():
        column = table[name] if name in table else pd.Series([None] * len(table), dtype=object)
        is_time = dtype == TIME
        table[name] = (
            pd.to_datetime(column, utc=True, format="ISO8601").astype(dtype) if is_time else column.astype(dtype)
        )
    for name in table.columns.difference(list(known)):
        if table[name].dtype == bool or pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].astype("float64")
        else:
            table[name] = table[name].astype("str")
    return table[[*known, *sorted(set(table.columns) - set(known))]]
