"""The history as it was known at an instant: rows that came later are gone, later changes are undone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from crm.errors import AccordError
from crm.history import LEAD_COLUMNS, TIME, Field, History, Kind
from crm.values import among, as_boolean


def known_at(history: History, instant: pd.Timestamp) -> History:
    """The history as an export made at ``instant`` would have held it; its ``exported_at`` is ``instant``.

    Leads created, activities occurred, milestones reached and changes made at or before ``instant`` stay; attributes
    overwritten later get their old value back. Rows without a time are dropped: nobody can say that they were known. A
    flat history has no past, so it is returned whole. Accounts carry no time and stay as they are. Tables in which
    nothing changes are shared, not copied.

    Raises `AccordError` when ``instant`` has no zone or lies after the export (the future is not in the history).
    """
    if instant.tzinfo is None:
        raise AccordError("An instant needs a time zone.", got=str(instant), expected="for example 2026-01-31T00:00Z")
    at = instant.tz_convert("UTC").as_unit("us")
    if at > history.exported_at:
        raise AccordError(
            "The past cannot be asked for a time after the export.",
            got=str(at),
            expected=f"at most {history.exported_at}",
        )
    if not _has_past(history):
        return replace(history, exported_at=at)
    leads = _until(history.leads, "created_at", at)
    gone = len(leads) < len(history.leads)
    kept = leads["lead_id"] if gone else None
    return replace(
        history,
        leads=_undone(leads, history, at),
        activities=_of(_until(history.activities, "occurred_at", at), kept),
        milestones=_of(_until(history.milestones, "reached_at", at), kept),
        changes=_of(_until(history.changes, "changed_at", at), kept),
        exported_at=at,
    )


def values_at(history: History, field: str, lead_ids: pd.Series, as_of: pd.Series) -> pd.Series:
    """The values of a lead's attribute as they stood at each ``as_of``, on the index of ``lead_ids``.

    The value after the last change at or before ``as_of`` is the ``old`` value of the first change after it; without
    one it is the value in the table. A change at exactly ``as_of`` is already known. Of several changes at the same
    instant the first in the table counts. The dtype is that of the field's kind; unknown leads give missing values.
    ``as_of`` must have a zone and no missing values.
    """
    column = history.leads.set_index("lead_id")[field]
    current = column.reindex(lead_ids.to_numpy())
    current.index = lead_ids.index
    later = history.changes.loc[(history.changes["field"] == field).to_numpy(), ["lead_id", "old", "changed_at"]]
    if later.empty:
        return current
    asked = pd.DataFrame(
        {"lead_id": lead_ids.to_numpy(), "changed_at": as_of.to_numpy(), "place": np.arange(len(lead_ids))}
    ).astype({"lead_id": "str", "changed_at": TIME})
    later = later[later["changed_at"].notna()].assign(undone=True).sort_values("changed_at", kind="stable")
    # A backward search takes the last of equal keys, a forward one the first: what the docstring promises.
    found = pd.merge_asof(
        asked.sort_values("changed_at", kind="stable"),
        later,
        on="changed_at",
        by="lead_id",
        direction="forward",
        allow_exact_matches=False,
    ).sort_values("place")
    undone = found["undone"].notna().to_numpy()
    old = as_kind(found["old"], _field(history, field))
    old.index = current.index
    return current.where(~undone, old)


def _has_past(history: History) -> bool:
    """`History.timed`, except that a young history without any outcome yet has a past too."""
    return history.timed or bool(history.milestones.empty and history.leads["created_at"].notna().any())


def _until(table: pd.DataFrame, time: str, instant: pd.Timestamp) -> pd.DataFrame:
    known = (table[time] <= instant).to_numpy()  # a missing time is never known
    return table if known.all() else table[known]


def _of(table: pd.DataFrame, lead_ids: pd.Series | None) -> pd.DataFrame:
    if lead_ids is None:
        return table
    known = among(table["lead_id"], lead_ids).to_numpy()
    return table if known.all() else table[known]


def _undone(leads: pd.DataFrame, history: History, instant: pd.Timestamp) -> pd.DataFrame:
    later = history.changes[(history.changes["changed_at"] > instant).to_numpy()]
    later = later.sort_values("changed_at", kind="stable").drop_duplicates(["lead_id", "field"])
    restored: dict[str, pd.Series] = {}
    for name, undo in later.groupby("field", sort=False):
        if name not in leads.columns or name in LEAD_COLUMNS:
            continue
        place = pd.Index(undo["lead_id"]).get_indexer_for(pd.Index(leads["lead_id"]))
        old = as_kind(undo["old"].take(np.maximum(place, 0)), _field(history, str(name)))
        old.index = leads.index
        restored[str(name)] = leads[name].where(place < 0, old)
    return leads.assign(**restored) if restored else leads


def _field(history: History, name: str) -> Field | None:
    return next((f for f in history.fields if f.name == name), None)


def as_kind(old: pd.Series, field: Field | None) -> pd.Series:
    """Overwritten values, kept as text in changes, in the dtype of the field's kind; the unreadable are missing."""
    match field.kind if field else None:
        case Kind.NUMBER:
            return pd.to_numeric(old, errors="coerce").astype("float64")
        case Kind.BOOLEAN:
            return as_boolean(old)[0]
        case Kind.DATE:
            return pd.to_datetime(old, errors="coerce", utc=True, format="ISO8601").astype(TIME)
        case _:
            return old.astype("str")
