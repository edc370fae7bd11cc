"""An export, through its mapping, as a checked history."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from crm import placeholders, quarantine
from crm.contracts import TIMES, check
from crm.errors import AccordError
from crm.events import activity_table, change_table, milestone_table
from crm.history import TIME, Field, History
from crm.leads import account_table, lead_rows, lead_table
from crm.mapping import Accounts, Declared, Leads, Mapping
from crm.parts import Part, Reader, checked_names
from crm.past import known_at
from crm.simulation import Company, simulate
from crm.strict import told
from crm.times import read_times

_NO_TIME = pd.Timestamp(0, tz="UTC").as_unit("us")
_ALONE = pd.Timedelta(days=366)


@dataclass(frozen=True)
class Loaded:
    """What an export held: the history, what was set aside, what was read as missing, and what people should know."""

    history: History
    quarantine: pd.DataFrame  # `crm.quarantine.COLUMNS`
    placeholders: pd.DataFrame  # `crm.placeholders.COLUMNS`
    notes: tuple[str, ...]


def read(mapping: Mapping, base: Path) -> Loaded:
    """The history that ``mapping`` describes; relative paths are relative to ``base``, the project's folder.

    Bad rows come back in the quarantine and bad values as missing, both counted (`crm.quarantine.counts`); assumptions
    that were made come back as notes. Raises `AccordError` when a table or column is not there, or no lead is left.
    """
    if mapping.source.simulated is not None:
        return _simulated(mapping)
    leads = mapping.leads
    if leads is None:
        raise AccordError("A history needs 'leads'.", where="accord.yaml: history")
    reader = Reader(mapping, base)
    rows = lead_rows(reader, leads)
    accounts = account_table(reader, mapping.accounts, leads, rows)
    typed = lead_table(reader, rows, leads, _used(mapping))
    checked_names(mapping.fields, [*rows.raw.frame.columns, *(f.name for f in (*typed.fields, *accounts.fields))])
    parts = {
        "leads": typed.part,
        "accounts": accounts.part,
        "activities": activity_table(reader, leads.key),
        "milestones": milestone_table(reader, rows, leads.key),
        "changes": change_table(reader, leads.key),
    }
    raw = History(
        **{name: part.frame for name, part in parts.items()},
        exported_at=_exported_at(mapping, parts, reader.notes),
        fields=(*typed.fields, *accounts.fields),
    )
    return _checked(raw, parts, reader)


def _checked(raw: History, parts: Map[str, Part], reader: Reader) -> Loaded:
    checked = check(
        raw,
        found=[breach for part in parts.values() for breach in part.breaches],
        origins={name: part.origin for name, part in parts.items()},
    )
    return Loaded(
        checked.history,
        quarantine.joined([*reader.aside, checked.quarantine]),
        placeholders.report(reader.found),
        (*reader.notes, *_cut_notes(checked.cut, raw.exported_at)),
    )


def _simulated(mapping: Mapping) -> Loaded:
    settings = dict(mapping.source.simulated or {})
    seed = settings.pop("seed", 1)
    try:
        company = Company(**settings)
    except ValidationError as broken:
        raise told(broken, "accord.yaml: history.source.simulated", Company) from None
    history = _as_exported(simulate(company, int(seed)).history, mapping)
    checked_names(mapping.fields, [field.name for field in history.fields])
    fields = [_declared(field, mapping.fields.get(field.name)) for field in history.fields]
    missing = mapping.placeholders
    leads, found = placeholders.clean(history.leads, "leads", also=missing.also, keep=missing.keep)
    accounts, more = placeholders.clean(history.accounts, "accounts", also=missing.also, keep=missing.keep)
    spoken = [
        replace(
            field, missing=placeholders.of_column(field.column, field.kind, more if field.of_account else found, ())
        )
        for field in fields
        if field
    ]
    declared = replace(history, leads=leads, accounts=accounts, fields=tuple(spoken))
    checked = check(declared)
    return Loaded(checked.history, checked.quarantine, placeholders.report([*found, *more]), ())


def _declared(field: Field, declared: Declared | None) -> Field | None:
    if declared is None:
        return field
    if declared.ignore:
        return None
    said = declared.model_fields_set
    return replace(field, **{name: getattr(declared, name) for name in ("known", "actor", "why") if name in said})


def _used(mapping: Mapping) -> set[str]:
    """Columns of leads that tell outcomes or belong to accounts: no fields of leads."""
    used: set[str | None] = set(_of_accounts(mapping.accounts, mapping.leads))
    for source in mapping.milestones:
        if source.table is None:
            when = source.reached_at.column if source.reached_at else None
            used |= {source.column, when, source.reason, source.amount}
    return {column for column in used if column}


def _as_exported(history: History, mapping: Mapping) -> History:
    """The history of the company as its export held it at `exported_at`, where that is given."""
    at = _told_at(mapping)
    return history if at is None else known_at(history, min(at, history.exported_at))


def _of_accounts(accounts: Accounts | None, leads: Leads | None) -> Sequence[str]:
    gathered = accounts is not None and accounts.table is None and leads is not None
    return (accounts.columns or ()) if accounts and gathered else ()


def _told_at(mapping: Mapping) -> pd.Timestamp | None:
    """The instant of the export that the file gives, if it does."""
    if mapping.exported_at is None:
        return None
    at = read_times(pd.Series([mapping.exported_at], dtype="str"), mapping.time_zone).instants.iloc[0]
    if pd.isna(at):
        raise AccordError(
            "This is no time.",
            where="accord.yaml: history.exported_at",
            got=mapping.exported_at,
            expected="for example 2026-01-31 or 2026-01-31T18:00:00+01:00",
        )
    return pd.Timestamp(at)


def _exported_at(mapping: Mapping, parts: Map[str, Part], notes: list[str]) -> pd.Timestamp:
    told_at = _told_at(mapping)
    if told_at is not None:
        return told_at
    times = [parts[name].frame[column] for name, column in TIMES.items()]
    seen = pd.concat([t.dropna().nlargest(1000) for t in times]).astype(TIME).sort_values()
    if seen.empty:
        notes.append("The export has no times, so it has no exported_at either (1970-01-01 stands in for it).")
        return _NO_TIME
    notes.append(f"exported_at is not given; the latest time seen stands for it: {seen.iloc[-1]:%Y-%m-%d %H:%M} UTC.")
    if seen.iloc[-1] - seen.iloc[len(seen) // 2] > _ALONE:
        notes.append("That time lies more than a year after most others: it may be a typing error. Set exported_at.")
    return seen.iloc[-1]


def _cut_notes(cut: Map[str, int], exported_at: pd.Timestamp) -> list[str]:
    return [
        f"{rows:,} rows of {name} are of after exported_at ({exported_at:%Y-%m-%d %H:%M} UTC) and were cut."
        for name, rows in cut.items()
    ]
