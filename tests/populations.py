"""Histories of many leads from arrays, where `tests.builders` would be row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm.history import ACTIVITY_COLUMNS, CHANGE_COLUMNS, MILESTONE_COLUMNS, TIME, Field, History, Kind

EXPORTED = pd.Timestamp("2026-06-30", tz="UTC").as_unit("us")


@dataclass(frozen=True)
class Days:
    """Horizons without a definition."""

    accept_days: float = 30
    close_days: float = 90


def flat(won: Sequence[Any], **fields: Any) -> History:
    """A history without times: who was won, and the fields, one value a lead."""
    ids = [f"l{i:05d}" for i in range(len(won))]
    leads = _leads(ids, pd.Series(pd.NaT, index=range(len(ids)), dtype=TIME), fields)
    reached = [{"lead_id": ids[i], "milestone": "won"} for i in np.flatnonzero(np.asarray(won, dtype=bool))]
    return History(leads, EXPORTED, _fields(fields), milestones=table(reached, MILESTONE_COLUMNS))


def timed(
    outcome: Sequence[str | None],
    *,
    age: Sequence[float] | None = None,
    after: float = 20.0,
    kinds: Mapping[str, Kind] | None = None,
    **fields: Any,
) -> History:
    """A history with times: each lead came in `age` days before the export and, unless its outcome is None, reached it
    `after` days later. Ages run evenly from 400 to 1 days by default.
    """
    n = len(outcome)
    ages = np.linspace(400, 1, n) if age is None else np.asarray(age, dtype=float)
    created = pd.Series(EXPORTED - pd.to_timedelta(np.round(ages * 86400), unit="s")).astype(TIME)
    ids = [f"l{i:05d}" for i in range(n)]
    reached = [
        {"lead_id": ids[i], "milestone": step, "reached_at": created[i] + pd.Timedelta(days=after)}
        for i, step in enumerate(outcome)
        if step is not None
    ]
    leads = _leads(ids, created, fields)
    return History(leads, EXPORTED, _fields(fields, kinds or {}), milestones=table(reached, MILESTONE_COLUMNS))


def table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as one of the history's tables; what is not given is missing."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return pd.DataFrame(
        {
            name: pd.to_datetime(frame[name], utc=True).astype(TIME) if dtype == TIME else frame[name].astype(dtype)
            for name, dtype in columns.items()
        }
    )


def activities(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return table(rows, ACTIVITY_COLUMNS)


def changes(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return table(rows, CHANGE_COLUMNS)


def _leads(ids: list[str], created: pd.Series, fields: Mapping[str, Any]) -> pd.DataFrame:
    leads = pd.DataFrame({"lead_id": pd.Series(ids, dtype="str"), "created_at": created})
    leads["account_id"] = pd.Series([None] * len(ids), dtype="str")
    for name, values in fields.items():
        column = pd.Series(values)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            leads[name] = column.astype(TIME)
        else:
            leads[name] = column.astype("float64" if pd.api.types.is_numeric_dtype(column) else "str")
    return leads


def _fields(fields: Mapping[str, Any], kinds: Mapping[str, Kind] | None = None) -> tuple[Field, ...]:
    return tuple(Field(name, (kinds or {}).get(name, _kind(values))) for name, values in fields.items())


def _kind(values: Any) -> Kind:
    column = pd.Series(values)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return Kind.DATE
    return Kind.NUMBER if pd.api.types.is_numeric_dtype(column) else Kind.CATEGORY
