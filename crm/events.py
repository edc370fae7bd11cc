"""Milestones, activities and changes from an export: from event rows, date columns and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm.history import ACTIVITY_COLUMNS, CHANGE_COLUMNS, MILESTONE_COLUMNS, TIME, empty
from crm.leads import LeadRows
from crm.mapping import Activities, Changes, Milestones
from crm.parts import Part, Reader, asked, stacked, text
from crm.quarantine import Breach, Fate, Origin, breach
from crm.tables import need
from crm.values import alike

_NOTHING = Origin((), np.empty(0, dtype="int64"), np.empty(0, dtype="int64"))


def milestone_table(reader: Reader, rows: LeadRows, key: str) -> Part:
    """All milestones of the mapping, one source below the other, conditional ones decided."""
    parts = [_milestones(reader, rows, key, source) for source in reader.settings.milestones]
    if not parts:
        return Part(empty(MILESTONE_COLUMNS), _NOTHING)
    together = stacked(parts)
    return Part(_decided(together.frame)[[*MILESTONE_COLUMNS]], together.origin, together.breaches)


def activity_table(reader: Reader, key: str) -> Part:
    """All activities of the mapping."""
    parts = [_activities(reader, key, source) for source in reader.settings.activities]
    return stacked(parts) if parts else Part(empty(ACTIVITY_COLUMNS), _NOTHING)


def change_table(reader: Reader, key: str) -> Part:
    """All changes of the mapping."""
    parts = [_changes(reader, key, source) for source in reader.settings.changes]
    return stacked(parts) if parts else Part(empty(CHANGE_COLUMNS), _NOTHING)


def _milestones(reader: Reader, rows: LeadRows, key: str, source: Milestones) -> Part:
    lead = source.lead or key
    when = source.reached_at
    columns = asked(lead, source.column, when.column if when else None, source.reason, source.amount, source.actor)
    raw = rows.raw if source.table is None else reader.table(source.table, columns)
    need(columns, list(raw.frame.columns), raw.name)
    breaches: list[Breach] = []
    if when is None:
        reached = pd.Series(pd.NaT, index=raw.frame.index, dtype=TIME)
    else:
        reached, breaches = reader.times(raw, when, "milestones", "reached_at", Fate.SET_ASIDE)
    amount, wrong = reader.number(raw, source.amount, source.table, "milestones", "amount")
    frame = pd.DataFrame(
        {
            "lead_id": text(raw, lead),
            "reached_at": reached,
            **_meanings(reader, source, text(raw, source.column), raw.name),
            "reason": text(raw, source.reason),
            "amount": amount,
            "actor": text(raw, source.actor),
        }
    )
    told = frame["milestone"].notna().to_numpy()
    if when is not None and source.milestone is not None:  # no time: not reached
        told = told & raw.frame[when.column].notna().to_numpy()
    elif when is not None:
        untimed = told & raw.frame[when.column].isna().to_numpy()
        breaches += breach("milestones", "missing_time", "reached_at", untimed, frame["milestone"], Fate.SET_ASIDE)
    return Part(frame, raw.origin, (*breaches, *wrong)).take(told)


def _meanings(reader: Reader, source: Milestones, values: pd.Series, name: str) -> dict[str, pd.Series]:
    if source.milestone is not None:
        same = pd.Series(source.milestone.value, index=values.index, dtype="str")
        none = pd.Series(np.nan, index=values.index, dtype="str")
        return {"milestone": same, "before": none, "otherwise": none}
    meant = alike(values, source.meanings)
    absent = sorted(set(source.meanings) - set(meant.values()))
    if absent:
        reader.notes.append(f"{name}: {source.column} never holds {', '.join(absent)}; check history.milestones.")
    pairs = [(value, source.meanings[word]) for value, word in meant.items()]
    return {
        "milestone": values.map({v: m.then.value for v, m in pairs}).astype("str"),
        "before": values.map({v: m.before.value for v, m in pairs if m.before}).astype("str"),
        "otherwise": values.map({v: m.otherwise.value for v, m in pairs if m.otherwise}).astype("str"),
    }


def _decided(frame: pd.DataFrame) -> pd.DataFrame:
    """Each conditional milestone as the one or the other: at the same instant, ``before`` is no longer true."""
    open_ = frame["before"].notna()
    if not open_.any():
        return frame
    first = frame[~open_].groupby(["lead_id", "milestone"])["reached_at"].min()
    asked_for = pd.MultiIndex.from_frame(frame.loc[open_, ["lead_id", "before"]])
    reached = first.reindex(asked_for).set_axis(frame.index[open_])
    already = reached <= frame.loc[open_, "reached_at"]  # never reached is not before
    milestone = frame["milestone"].copy()
    milestone[open_] = frame.loc[open_, "milestone"].where(~already, frame.loc[open_, "otherwise"])
    return frame.assign(milestone=milestone)


def _activities(reader: Reader, key: str, source: Activities) -> Part:
    lead = source.lead or key
    raw = reader.table(source.table, asked(lead, source.occurred_at.column, source.kind, source.value, source.actor))
    occurred, breaches = reader.times(raw, source.occurred_at, "activities", "occurred_at", Fate.SET_ASIDE)
    value, wrong = reader.number(raw, source.value, source.table, "activities", "value")
    kind = text(raw, source.kind) if source.kind else pd.Series(source.is_kind, index=raw.frame.index, dtype="str")
    frame = pd.DataFrame(
        {
            "lead_id": text(raw, lead),
            "occurred_at": occurred,
            "kind": kind,
            "value": value,
            "actor": text(raw, source.actor),
        }
    )
    kept = np.ones(len(frame), dtype=bool)
    if source.include is not None:
        kept &= kind.isin(alike(kind, source.include)).to_numpy()
    if source.exclude:
        kept &= ~kind.isin(alike(kind, source.exclude)).to_numpy()
    return Part(frame, raw.origin, (*breaches, *wrong)).take(kept)


def _changes(reader: Reader, key: str, source: Changes) -> Part:
    lead = source.lead or key
    columns = asked(lead, source.field, source.old, source.new, source.changed_at.column)
    raw = reader.table(source.table, columns)
    changed, breaches = reader.times(raw, source.changed_at, "changes", "changed_at", Fate.SET_ASIDE)
    name = text(raw, source.field)
    frame = pd.DataFrame(
        {
            "lead_id": text(raw, lead),
            "field": name.replace(source.names) if source.names else name,
            "old": text(raw, source.old),
            "new": text(raw, source.new),
            "changed_at": changed,
        }
    )
    return Part(frame, raw.origin, tuple(breaches))
