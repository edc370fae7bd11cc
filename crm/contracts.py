"""The five tables as checked contracts: rows that break a rule are set aside, each with the rule it broke.

Decisions. A lead is lost only when it has no key or an earlier row has the same key; anything else that is wrong with
it becomes a missing value. A link to an account that is not there is cut, the lead stays. An activity or change without
a readable time is set aside: nobody could say when it was known. A milestone without one is set aside where its source
has times (the reader says so in ``found``), and kept where it has none (flat exports). Rows after ``exported_at`` are
cut and counted, not kept in the quarantine: an export date is meant to cut. Times in an odd order and repeated rows
stay: the audit reports them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pandera.pandas as pa

from crm import quarantine
from crm.errors import AccordError
from crm.history import TIME, History, Milestone
from crm.quarantine import Breach, Fate, Origin
from crm.values import among

TABLES = ("leads", "accounts", "activities", "milestones", "changes")
TIMES = {"leads": "created_at", "activities": "occurred_at", "milestones": "reached_at", "changes": "changed_at"}


@dataclass(frozen=True)
class Checked:
    """A history that keeps every promise of `History`, and what did not."""

    history: History
    quarantine: pd.DataFrame  # `quarantine.COLUMNS`
    cut: Mapping[str, int]  # rows after `exported_at`, by table


def check(raw: History, *, found: Sequence[Breach] = (), origins: Mapping[str, Origin] | None = None) -> Checked:
    """The rows of ``raw`` that keep the contracts, and the quarantine of those that do not.

    ``found`` are breaches already seen while reading (values that could not be read); ``origins`` say where rows came
    from, for people. Raises `AccordError` when no lead is left, or when a table has not the columns and dtypes of
    `crm.history` (its maker's mistake, not the data's).
    """
    origins = dict(origins or {})
    tables = {name: getattr(raw, name) for name in TABLES}
    cut = _cut(tables, raw.exported_at)
    out = {name: [b for b in found if b.table == name] for name in TABLES}
    kept: dict[str, pd.DataFrame] = {}
    aside: list[pd.DataFrame] = []
    for name in ("accounts", "leads", "activities", "milestones", "changes"):
        table = tables[name]
        origin = origins.get(name) or Origin.of(name, len(table))
        breaches = [*out[name], *_broken(name, table, _schema(name, kept, raw))]
        kept[name], told = _settle(table, breaches, origin, cut[name])
        aside += told
        if name == "leads" and kept[name].empty:
            raise _nothing_left(len(table), told)
    counts = {name: int(gone.sum()) for name, gone in cut.items() if gone.any()}
    return Checked(replace(raw, **kept), quarantine.joined(aside), counts)


def _schema(name: str, kept: Mapping[str, pd.DataFrame], raw: History) -> pa.DataFrameSchema:
    match name:
        case "accounts":
            return _table({"account_id": _key()}, unique="account_id")
        case "leads":
            accounts = kept["accounts"]["account_id"]
            link = pa.Column("str", _rule("account_not_found", lambda ids: among(ids, accounts)), nullable=True)
            created = pa.Column(TIME, nullable=True)
            return _table({"lead_id": _key(), "created_at": created, "account_id": link}, unique="lead_id")
        case "activities":
            columns = {"occurred_at": pa.Column(TIME), "kind": pa.Column("str"), "value": _number(), "actor": _text()}
        case "milestones":
            known = [m.value for m in Milestone]
            columns = {
                "reached_at": pa.Column(TIME, nullable=True),
                "milestone": pa.Column("str", _rule("unknown_milestone", lambda names: names.isin(known))),
                "reason": _text(),
                "amount": _number(),
                "actor": _text(),
            }
        case _:
            own = [column for column in raw.leads.columns if column not in ("lead_id", "created_at")]
            columns = {
                "field": pa.Column("str", _rule("unknown_field", lambda names: names.isin(own))),
                "old": _text(),
                "new": _text(),
                "changed_at": pa.Column(TIME),
            }
    leads = kept["leads"]["lead_id"]
    lead = pa.Column("str", _rule("unknown_lead", lambda ids: among(ids, leads)))
    return _table({"lead_id": lead, **columns})


def _table(columns: dict[str, pa.Column], unique: str | None = None) -> pa.DataFrameSchema:
    # leads and accounts have further columns, their fields; the others are exactly these
    return pa.DataFrameSchema(
        columns, strict=unique is None, unique=[unique] if unique else None, report_duplicates="exclude_first"
    )


def _key() -> pa.Column:
    return pa.Column("str")


def _text() -> pa.Column:
    return pa.Column("str", nullable=True)


def _number() -> pa.Column:
    return pa.Column("float64", nullable=True)


def _rule(name: str, holds: Callable[[pd.Series], pd.Series]) -> pa.Check:
    return pa.Check(holds, name=name, error=name, ignore_na=True)


def _broken(name: str, table: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Breach]:
    plain = table.reset_index(drop=True)
    try:
        schema.validate(plain, lazy=True)
    except pa.errors.SchemaErrors as broken:
        cases = broken.failure_cases
    else:
        return []
    wrong = cases[cases["index"].isna()]
    if len(wrong):
        case = wrong.iloc[0]
        raise AccordError(
            f"The table of {name} is not as `crm.history` asks.",
            where=f"{name}.{case['column'] or ''}",
            got=case["failure_case"],
            expected=str(case["check"]),
        )
    return [
        _breach(name, table, str(column), str(rule), part["index"].to_numpy(dtype="int64"))
        for (column, rule), part in cases.groupby(["column", "check"], sort=False)
    ]


def _breach(name: str, table: pd.DataFrame, column: str, check: str, positions: np.ndarray) -> Breach:
    key = column in ("lead_id", "account_id") and name in ("leads", "accounts")
    if check == "not_nullable":
        rule = f"missing_{_word(column)}"
    elif check == "multiple_fields_uniqueness":
        rule = "duplicate_key"
    else:
        rule = check
    fate = Fate.SET_MISSING if rule == "account_not_found" else Fate.SET_ASIDE
    if key and check == "not_nullable":
        rule = "missing_key"
    broken = np.zeros(len(table), dtype=bool)
    broken[positions] = True
    positions = np.flatnonzero(broken)
    got = table[column].iloc[positions].astype("str").to_numpy(dtype=object)
    return Breach(name, rule, column, positions, got, fate)


def _word(column: str) -> str:
    return {"lead_id": "key", "occurred_at": "time", "reached_at": "time", "changed_at": "time"}.get(column, column)


def _settle(
    table: pd.DataFrame, breaches: Sequence[Breach], origin: Origin, cut: np.ndarray
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The rows that stay, and the quarantine of the rest; a row is set aside once, for the first rule it broke."""
    gone, told = cut.copy(), []
    missing: dict[str, np.ndarray] = {}
    for breach in breaches:
        at = breach.positions
        fresh = ~(gone[at] if breach.fate is Fate.SET_ASIDE else cut[at])
        if breach.fate is Fate.SET_ASIDE:
            gone[at] = True
        else:
            missing.setdefault(breach.column, np.zeros(len(table), dtype=bool))[at] = True
        if fresh.any():
            told.append(replace(breach, positions=at[fresh], got=breach.got[fresh]).frame(table, origin))
    cleared = {column: table[column].mask(where) for column, where in missing.items() if column in table}
    out = table.assign(**cleared) if cleared else table
    return (out[~gone].reset_index(drop=True) if gone.any() else out), told


def _cut(tables: Mapping[str, pd.DataFrame], exported_at: pd.Timestamp) -> dict[str, np.ndarray]:
    """Which rows are of after the export; whatever belongs to a lead of after the export is too."""
    cut = {name: np.zeros(len(table), dtype=bool) for name, table in tables.items()}
    for name, column in TIMES.items():
        cut[name] |= (tables[name][column] > exported_at).to_numpy()
    if cut["leads"].any():
        late = tables["leads"].loc[cut["leads"], "lead_id"]
        for name in ("activities", "milestones", "changes"):
            cut[name] |= among(tables[name]["lead_id"], late).to_numpy()
    return cut


def _nothing_left(rows: int, told: Sequence[pd.DataFrame]) -> AccordError:
    counts = quarantine.counts(quarantine.joined(told))
    rules = ", ".join(f"{row.rule} ({row.rows:,})" for row in counts.itertuples())
    return AccordError(
        "No lead is left to learn from.",
        where="leads",
        got=f"{rows:,} rows; {rules or 'all after exported_at'}" if rows else "no rows",
        remedy="Check 'leads.key', 'leads.from' and 'exported_at' in accord.yaml: history.",
    )
