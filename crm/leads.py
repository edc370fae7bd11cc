"""The tables of leads and accounts from an export: keys, joins, and one typed column a field."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm import placeholders
from crm.history import ACCOUNT_COLUMNS, LEAD_COLUMNS, TIME, Field, Kind, empty
from crm.kinds import kind_of
from crm.mapping import Accounts, Declared, Join, Leads, Time
from crm.parts import Part, Reader, text
from crm.quarantine import Breach, Fate, breach
from crm.tables import Raw, need
from crm.values import as_boolean, as_number, as_text


@dataclass(frozen=True)
class LeadRows:
    """The export's table of leads with what was joined to it, before it is typed."""

    raw: Raw
    decimals: dict[str, str]  # the decimal sign of the table each column came from


@dataclass(frozen=True)
class Typed:
    """A table of leads or accounts with its fields."""

    part: Part
    fields: tuple[Field, ...]


def lead_rows(reader: Reader, leads: Leads) -> LeadRows:
    """The rows of leads, with the columns of the joined tables at their side."""
    raw = reader.table(leads.table)
    need([leads.key], list(raw.frame.columns), raw.name)
    decimals: dict[str, str] = dict.fromkeys(raw.frame.columns, leads.table.decimal)
    for join in leads.join:
        raw = replace(raw, frame=_joined(reader, raw, leads, join, decimals))
    return LeadRows(raw, decimals)


def lead_table(reader: Reader, rows: LeadRows, leads: Leads, used: Collection[str]) -> Typed:
    """Leads with their fields: all columns but the keys, those in ``used`` (outcomes), and what is declared ignored."""
    raw = rows.raw
    frame = pd.DataFrame({"lead_id": text(raw, leads.key)})
    breaches: list[Breach] = []
    if leads.created_at is None:
        frame["created_at"] = pd.Series(pd.NaT, index=frame.index, dtype=TIME)
    else:
        frame["created_at"], wrong = reader.times(raw, leads.created_at, "leads", "created_at", Fate.SET_MISSING)
        breaches += wrong
    frame["account_id"] = text(raw, leads.account)
    taken = {leads.key, leads.account, leads.created_at.column if leads.created_at else None, *used}
    columns = [column for column in raw.frame.columns if column not in taken]
    typed, fields, wrong = _typed(reader, raw, rows.decimals, columns, "leads")
    return Typed(Part(pd.concat([frame, typed], axis=1), raw.origin, (*breaches, *wrong)), fields)


def account_table(reader: Reader, accounts: Accounts | None, leads: Leads, rows: LeadRows) -> Typed:
    """Accounts with their fields: from their own table, gathered from leads, or only the names that leads give."""
    if accounts is not None and accounts.table is not None:
        key = str(accounts.key)
        decimals: dict[str, str]
        raw = reader.table(accounts.table, None if accounts.columns is None else [key, *accounts.columns])
        decimals = dict.fromkeys(raw.frame.columns, accounts.table.decimal)
    elif leads.account is not None:
        key = leads.account
        columns = list(accounts.columns or ()) if accounts else []
        need([key, *columns], list(rows.raw.frame.columns), rows.raw.name)
        raw, decimals = _gathered(rows.raw, key, columns), rows.decimals
    else:
        return Typed(Part(empty(ACCOUNT_COLUMNS), rows.raw.origin.take(np.empty(0, dtype="int64"))), ())
    need([key], list(raw.frame.columns), raw.name)
    columns = [column for column in raw.frame.columns if column != key]
    typed, fields, wrong = _typed(reader, raw, decimals, columns, "accounts")
    frame = pd.concat([pd.DataFrame({"account_id": text(raw, key)}), typed], axis=1)
    return Typed(Part(frame, raw.origin, tuple(wrong)), fields)


def _gathered(raw: Raw, key: str, columns: list[str]) -> Raw:
    named = raw.frame[raw.frame[key].notna()]
    first = named.groupby(key, sort=False)[columns].first().reset_index() if columns else named[[key]].drop_duplicates()
    rows = np.flatnonzero((raw.frame[key].notna() & ~raw.frame[key].duplicated()).to_numpy())
    return replace(raw, frame=first.reset_index(drop=True), origin=raw.origin.take(rows), notes=())


def _joined(reader: Reader, left: Raw, leads: Leads, join: Join, decimals: dict[str, str]) -> pd.DataFrame:
    right = reader.table(join.table, None if join.columns is None else [join.key, *join.columns])
    need([join.key], list(right.frame.columns), right.name)
    on = join.on or leads.key
    need([on], list(left.frame.columns), left.name)
    key = as_text(right.frame[join.key])
    reader.duplicates(right, key, join.key, "leads")
    first = (key.notna() & ~key.duplicated()).to_numpy()
    place = pd.Index(key[first]).get_indexer(pd.Index(as_text(left.frame[on])))
    alone = int(first.sum()) - len(np.unique(place[place >= 0]))
    if alone:
        reader.notes.append(f"{right.name}: {alone:,} rows belong to no row of {left.name}.")
    columns = [column for column in right.frame.columns if column != join.key]
    beside = right.frame.loc[first, columns].reset_index(drop=True).reindex(np.where(place < 0, len(key), place))
    names = {c: c if c not in left.frame.columns else f"{c} ({right.name.partition('.')[0]})" for c in columns}
    decimals.update({names[c]: join.table.decimal for c in columns})
    return pd.concat([left.frame, beside.rename(columns=names).set_axis(left.frame.index)], axis=1)


def _typed(
    reader: Reader, raw: Raw, decimals: dict[str, str], columns: list[str], table: str
) -> tuple[pd.DataFrame, tuple[Field, ...], list[Breach]]:
    prefix, own = ("", LEAD_COLUMNS) if table == "leads" else ("account.", ACCOUNT_COLUMNS)
    typed: dict[str, pd.Series] = {}
    fields: list[Field] = []
    breaches: list[Breach] = []
    for column in columns:
        declared = reader.settings.fields.get(prefix + column, Declared())
        if declared.ignore:
            continue
        name = f"{column} (export)" if column in own else column
        guessed = kind_of(raw.frame[column], decimals[column]) if declared.kind is None else None
        kind = declared.kind or guessed.kind  # type: ignore[union-attr]  # one of the two is there
        values, wrong = _values(reader, raw, column, kind, declared, table, name, decimals[column])
        values, found = placeholders.clean_typed(values, kind, raw.name, column)
        reader.found += found
        typed[name] = values
        breaches += wrong
        why = declared.why or (guessed.why if guessed else "As accord.yaml says.")
        missing = placeholders.of_column(column, kind, reader.found, found)
        fields.append(Field(prefix + name, kind, declared.known, why, declared.actor, missing))
    return pd.DataFrame(typed, index=raw.frame.index), tuple(fields), breaches


def _values(
    reader: Reader, raw: Raw, column: str, kind: Kind, declared: Declared, table: str, name: str, decimal: str
) -> tuple[pd.Series, list[Breach]]:
    values = raw.frame[column]
    match kind:
        case Kind.NUMBER:
            number, bad = as_number(values, decimal)
            return number, breach(table, "not_a_number", name, bad, values, Fate.SET_MISSING)
        case Kind.BOOLEAN:
            answer, bad = as_boolean(values)
            return answer, breach(table, "not_a_boolean", name, bad, values, Fate.SET_MISSING)
        case Kind.DATE:
            when = Time(
                column=column, format=declared.format, day_first=declared.day_first, time_zone=declared.time_zone
            )
            return reader.times(raw, when, table, name, Fate.SET_MISSING)
        case _:
            return as_text(values), []
