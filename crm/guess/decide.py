"""Which table is which, what its columns mean, and why: decided from values first and from names second."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from crm.errors import AccordError
from crm.guess.draft import Draft, FieldDraft, Guess, when
from crm.guess.events import log, outcome_table
from crm.guess.outcomes import ACCOUNT, CREATED, LEAD, PEOPLE
from crm.guess.profile import NEARLY_ALL, Column, Link, Profile, links, profiles
from crm.guess.stages import columns_of, horizon, in_leads, timed_first
from crm.history import Kind
from crm.mapping import Source


def guess(export: Path | str, beside: Path | None = None) -> Guess:
    """A first mapping for a folder, a file or a database (an SQLAlchemy address).

    ``beside`` is the folder in which ``accord.yaml`` will lie: the path in it is relative to that. Raises `AccordError`
    when there is nothing to read or no table has a key.
    """
    source, only, written = _source(export, beside)
    tables = profiles(source, Path.cwd(), only)
    related = links(tables)
    leads, key = _leads(tables, related)
    others = [table for table in tables if table is not leads]
    mine = [link for link in related if link.target == leads.name and link.key == key.name]
    accounts, account_column = _accounts(leads, key, others, related)
    drafts: dict[str, list[Draft]] = {"milestones": in_leads(leads, key), "activities": [], "changes": [], "joins": []}
    notes = []
    for table in others:
        link = max((k for k in mine if k.table == table.name), key=lambda k: k.contained, default=None)
        if link is not None:
            for section, draft in _child(table, link, leads, key):
                drafts[section].append(draft)
        elif accounts is None or table.name not in accounts.why:
            notes.append(f"{table.name} is left out: no column of it names leads.")
    drafts["milestones"] = timed_first(drafts["milestones"])
    created = _created(leads)
    used = {key.name, created.name if created else "", account_column or ""}
    used |= columns_of(drafts["milestones"])
    days, why_days = horizon(leads, key, created, drafts["milestones"], tables)
    decimals = {table.name: table.decimal for table in tables}
    return Guess(
        name=_name(export),
        source=written,
        leads=_leads_draft(leads, key, created, account_column, related).with_decimal(decimals),
        accounts=accounts.with_decimal(decimals) if accounts else None,
        **{
            section: tuple(d.with_decimal(decimals) for d in sorted(found, key=lambda d: not d.sure))
            for section, found in drafts.items()
        },
        fields=tuple(_fields(leads, used, "") + (_account_fields(accounts, tables) if accounts else [])),
        latest=_latest(tables),
        time_zone_why=_zone(tables),
        close_days=days,
        close_why=why_days,
        placeholders=_placeholders(leads),
        notes=tuple(notes),
    )


def _source(export: Path | str, beside: Path | None) -> tuple[Source, str | None, dict[str, str]]:
    if isinstance(export, str) and "://" in export:
        secret = re.search(r"://[^/@]*:[^/@]+@", export) is not None
        source = Source.model_construct(database=export)
        return source, None, {"database": "${CRM_DATABASE}" if secret else _moved(export, beside)}
    path = Path(export)
    if not path.exists():
        raise AccordError("The export is not there.", got=str(path), expected="a folder, a file or a database address")
    folder = path if path.is_dir() else path.parent
    shown = os.path.relpath(folder, beside) if beside else str(folder)
    return Source(folder=str(folder.resolve())), None if path.is_dir() else path.name, {"folder": shown}


def _moved(address: str, beside: Path | None) -> str:
    """A SQLite address whose relative file is written as seen from the project."""
    found = re.fullmatch(r"sqlite:///([^/?].*)", address)
    return f"sqlite:///{os.path.relpath(found.group(1), beside)}" if found and beside else address


def _name(export: Path | str) -> str:
    text = str(export).rstrip("/").rpartition("/")[2].partition(".")[0]
    return re.sub(r"\W+", "_", text).strip("_") or "leads"


def _leads(tables: Sequence[Profile], related: Sequence[Link]) -> tuple[Profile, Column]:
    def standing(table: Profile) -> tuple[float, int]:
        named = sum(link.target == table.name for link in related)
        naming = sum(link.table == table.name for link in related)
        hint = 2.0 * bool(table.stem & LEAD) - 2.0 * bool(table.stem & ACCOUNT)
        return named + 0.5 * naming + hint, len(table.frame)

    able = [table for table in tables if table.keys]
    if not able:
        raise AccordError(
            "No table has a column that names each row once, so none can be the leads.",
            got=", ".join(table.name for table in tables),
            remedy="Write accord.yaml by hand, or export the leads with their ids.",
        )
    leads = max(able, key=standing)
    named = pd.Series([link.key for link in related if link.target == leads.name], dtype=object).value_counts()
    key = leads.column(str(named.index[0])) if len(named) else leads.keys[0]
    return leads, key


def _leads_draft(
    leads: Profile, key: Column, created: Column | None, account: str | None, related: Sequence[Link]
) -> Draft:
    named = sorted({link.table for link in related if link.target == leads.name})
    why = f"{leads.name} is the table of leads: each of its {key.rows:,} rows has its own {key.name}"
    why += f", named by {' and '.join(named)}." if named else "."
    settings: dict[str, object] = {"from": leads.name, "key": key.name}
    if created is not None:
        settings["created_at"] = when(created)
        why += f" {created.name} is always filled, from {created.first:%Y-%m-%d} to {created.last:%Y-%m-%d}."
        if created.unsettled:
            why += f" CHECK: no value of {created.name} says whether the day or the month comes first."
    if account is not None:
        settings["account"] = account
    return Draft(settings, why)


def _created(leads: Profile) -> Column | None:
    full = [c for c in leads.times if c.share > NEARLY_ALL]
    return min(full, key=lambda c: (-len(c.words & CREATED), c.first), default=None)


def _accounts(
    leads: Profile, key: Column, others: Sequence[Profile], related: Sequence[Link]
) -> tuple[Draft | None, str | None]:
    for link in related:
        target = next((t for t in others if t.name == link.target), None)
        if link.table == leads.name and link.column != key.name and target is not None:
            why = f"{target.name} is the table of accounts: {link.column} of {leads.name} names its {link.key} "
            return Draft({"from": target.name, "key": link.key}, why + f"({link.contained:.0%} found)."), link.column
    for column in leads.columns:
        shared = 0.02 * column.filled < column.distinct < 0.95 * column.filled
        if (
            column.words & ACCOUNT
            and column.kind in (Kind.CATEGORY, Kind.IDENTIFIER)
            and shared
            and column.name != key.name
        ):
            return None, column.name
    return None, None


def _child(table: Profile, link: Link, leads: Profile, key: Column) -> list[tuple[str, Draft]]:
    if table.column(link.column).distinct == len(table.frame):
        return outcome_table(table, link)
    return log(table, link, leads, key)


def _fields(table: Profile, used: set[str], prefix: str) -> list[FieldDraft]:
    return [
        FieldDraft(prefix + c.name, c.kind, c.why, c.repeats and bool(c.words & PEOPLE))
        for c in table.columns
        if c.name not in used
    ]


def _account_fields(accounts: Draft, tables: Sequence[Profile]) -> list[FieldDraft]:
    table = next(t for t in tables if t.name == accounts.settings["from"])
    return _fields(table, {str(accounts.settings["key"])}, "account.")


def _latest(tables: Sequence[Profile]) -> pd.Timestamp | None:
    last = [c.last for t in tables for c in t.times if c.last is not None and not pd.isna(c.last)]
    return max(last) if last else None


def _zone(tables: Sequence[Profile]) -> str | None:
    naive = [f"{t.name}: {c.name}" for t in tables for c in t.times if not c.zoned]
    if not naive:
        return None
    return f"These times name no zone, so their clock is a guess ({', '.join(naive)}). For example Europe/Paris."


def _placeholders(leads: Profile) -> tuple[str, ...]:
    found = leads.placeholders
    return tuple(f"{row.value!r} in {row.column} ({row.rows:,})" for row in found.itertuples())
