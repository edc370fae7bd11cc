"""The record of one lead of a history: what a request at an instant would hold. For examples, golden scores, tests."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from crm.history import Field, History, Kind
from crm.past import as_kind, values_at
from features.columns import readable
from features.exported import as_numbers
from features.instants import micros
from features.records import Activity, Record, Value


def record_of(history: History, lead_id: str, as_of: pd.Timestamp | None = None) -> Record:
    """What a request for this lead at ``as_of`` (default: the export) would hold; nothing later is in it.

    Reads whole tables, so it takes milliseconds: leads by the thousand go through `Facts.of_history`. Raises `KeyError`
    for an unknown lead.
    """
    until = history.exported_at if as_of is None else as_of
    lead = history.leads[(history.leads["lead_id"] == lead_id).to_numpy()]
    if lead.empty:
        raise KeyError(lead_id)
    own = _behaviour(history, lead_id, lead["created_at"], until)
    account_id = lead["account_id"].iloc[0]
    colleagues: list[Record] = []
    if not pd.isna(account_id):
        others = history.leads[(history.leads["account_id"] == account_id).to_numpy()]
        others = others[((others["lead_id"] != lead_id) & ~(others["created_at"] > until)).to_numpy()]
        colleagues = [
            _behaviour(history, str(i), others.loc[[row], "created_at"], until) for row, i in others["lead_id"].items()
        ]
    return Record(
        lead_id=own.lead_id,
        created_at=own.created_at,
        attributes=_attributes(history, lead, until),
        activities=own.activities,
        milestones=own.milestones,
        colleagues=colleagues,
        changes=_changes(history, lead_id, until),
    )


def _of(table: pd.DataFrame, lead_id: str, time: str, until: pd.Timestamp) -> pd.DataFrame:
    return table[((table["lead_id"] == lead_id) & (table[time] <= until)).to_numpy()]


def _behaviour(history: History, lead_id: str, created: pd.Series, until: pd.Timestamp) -> Record:
    """The lead with its events only."""
    activities = _of(history.activities, lead_id, "occurred_at", until)
    milestones = _of(history.milestones, lead_id, "reached_at", until)
    events: list[Activity] = [
        (kind, at, None if math.isnan(value) else value, None if pd.isna(actor) else actor)
        for kind, at, value, actor in zip(
            activities["kind"],
            micros(activities["occurred_at"]).tolist(),
            activities["value"].tolist(),
            activities["actor"],
            strict=True,
        )
    ]
    return Record(
        lead_id=lead_id,
        created_at=None if created.isna().iloc[0] else int(micros(created)[0]),
        activities=events,
        milestones=list(zip(milestones["milestone"], micros(milestones["reached_at"]).tolist(), strict=True)),
    )


def _attributes(history: History, lead: pd.DataFrame, until: pd.Timestamp) -> dict[str, Value]:
    account = history.accounts[(history.accounts["account_id"] == lead["account_id"].iloc[0]).to_numpy()]
    changes = history.changes[(history.changes["lead_id"] == lead["lead_id"].iloc[0]).to_numpy()]
    changed = set(changes["field"])
    alone = replace(history, leads=lead, changes=changes)
    attributes: dict[str, Value] = {}
    for field in [field for fields in readable(history.fields) for field in fields]:
        values = account[field.column] if field.of_account else lead[field.column]
        if field.name in changed and not field.of_account:
            values = values_at(alone, field.name, lead["lead_id"], pd.Series(until, index=lead.index))
        attributes[field.name] = _values(values, field)[0] if len(values) else None
    return attributes


def _changes(history: History, lead_id: str, until: pd.Timestamp) -> list[tuple[str, Value, int]]:
    table = _of(history.changes, lead_id, "changed_at", until)
    fields = {field.name: field for fields in readable(history.fields) for field in fields}
    changes: list[tuple[str, Value, int]] = []
    for name, part in table.groupby("field", sort=False):
        if (field := fields.get(str(name))) is not None:
            old = _values(as_kind(part["old"], field), field)
            changes += zip([field.name] * len(part), old, micros(part["changed_at"]).tolist(), strict=True)
    return changes


def _values(values: pd.Series, field: Field) -> list[Value]:
    """Values as a record holds them: words, floats, dates as whole microseconds, None for missing."""
    if field.kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.DATE):
        numbers = as_numbers(values, field.kind).tolist()
        whole = field.kind == Kind.DATE
        return [None if math.isnan(number) else int(number) if whole else number for number in numbers]
    return [None if pd.isna(word) else str(word) for word in values]
