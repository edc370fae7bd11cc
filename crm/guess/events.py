"""Tables that name leads: one row a lead tells an outcome or attributes, many rows are a log of events or changes."""

from __future__ import annotations

from collections.abc import Container

from crm.guess.draft import Draft, when
from crm.guess.outcomes import (
    AMOUNT,
    FIELD,
    KIND,
    NEW,
    OLD,
    OUTCOME_COLUMN,
    PEOPLE,
    REASON,
    counted,
    meaning,
    settled,
)
from crm.guess.profile import Column, Link, Profile
from crm.history import Kind
from crm.times import read_times
from crm.values import as_text

_MOST_LEADS = 0.9
_MOST_KINDS = 200
_LISTED = 40

Found = list[tuple[str, Draft]]
"""Sections of the mapping with what to write there."""


def outcome_table(table: Profile, link: Link) -> Found:
    """Of a table with at most one row a lead: a milestone where only some have one, with a time, and else a join."""
    others = [column.name for column in table.columns if column.name != link.column]
    join = {"from": table.name, "key": link.column, "columns": others}
    if link.covered >= _MOST_LEADS or not table.times:
        why = f"{table.name} has one row for {link.covered:.0%} of leads ({link.column}): more of their attributes."
        later = link.covered < _MOST_LEADS
        ask = " A row for a few leads only may tell the outcome: check before you let it in." if later else ""
        return [("joins", Draft(join, why + ask, sure=not later))]
    reached = max(table.times, key=lambda c: (meaning(c.name) is not None, c.share))
    named = meaning(reached.name) or meaning(table.name.partition(".")[0])
    settings: dict[str, object] = {"from": table.name}
    if link.column != link.key:
        settings["lead"] = link.column
    settings |= {"milestone": named.value if named else "won", "reached_at": when(reached)}
    settings |= _extras(table, link, reason=True)
    why = f"{table.name} has a row for {link.covered:.0%} of leads only, with a time ({reached.name}): a step of the"
    why += f" funnel, by its name '{named.value}'." if named else " funnel, but which one? Say it."
    learnt = f"The other columns of {table.name}: known for those leads only, so most likely learnt at that step."
    return [
        ("milestones", Draft(settings, why, sure=named is not None)),
        ("joins", Draft(join, learnt, sure=False)),
    ]


def log(table: Profile, link: Link, leads: Profile, key: Column) -> Found:
    """Of a table with many rows a lead: changes of attributes, or events with those that may be milestones."""
    changes = _changes(table, link, leads)
    if changes is not None:
        return [("changes", changes)]
    occurred = max(table.times, key=lambda c: c.share, default=None)
    kind = _kind(table, link)
    if occurred is None or kind is None:
        return []
    lead = {} if link.column == key.name else {"lead": link.column}
    clock = read_times(table.frame[occurred.name], "UTC").instants
    values = counted(as_text(table.frame[kind.name]), as_text(table.frame[link.column]), clock)
    sure = settled(values)
    per = table.rows / max(1, leads.rows)
    found: Found = []
    named = [v for v in values if v.meaning is not None]
    if named:
        said = ", ".join(sure) or "none: several values claim the same step, so say which"
        steps = Draft(
            {
                "from": table.name,
                **lead,
                "column": kind.name,
                "reached_at": when(occurred),
                **_extras(table, link, reason=True),
            },
            f"Values of {kind.name} that may be steps of the funnel, by their words. Sure: {said}.",
            sure=bool(sure),
            values=tuple(sorted(values, key=lambda v: v.meaning is None)[:_LISTED]),
            mapped=frozenset(sure),
        )
        found.append(("milestones", steps))
    if len(sure) == len(values):
        return found
    exclude = {"exclude": [v.value for v in named]} if named else {}
    why = f"{table.name} is a log of events: {per:.1f} rows a lead, told apart by {kind.name} ({kind.distinct} values)."
    if named:
        why += " What may be a step of the funnel is no activity."
    settings = {"from": table.name, **lead, "occurred_at": when(occurred), "kind": kind.name, **_extras(table, link)}
    return [*found, ("activities", Draft(settings | exclude, why))]


def _kind(table: Profile, link: Link) -> Column | None:
    able = [
        c
        for c in table.columns
        if c.kind in (Kind.CATEGORY, Kind.TITLE) and 1 < c.distinct <= _MOST_KINDS and c.name != link.column
    ]

    def standing(column: Column) -> tuple[int, bool, int]:
        # the likeliest name first, then the column that tells most apart; people are not kinds of events
        return len(column.words & (KIND | OUTCOME_COLUMN)), not column.words & PEOPLE, column.distinct

    return max(able, key=standing, default=None)


def _extras(table: Profile, link: Link, *, reason: bool = False) -> dict[str, object]:
    out: dict[str, object] = {}
    for column in table.columns:
        if column.name == link.column or column.kind is Kind.DATE:
            continue
        if column.words & PEOPLE and "actor" not in out and column.repeats:
            out["actor"] = column.name
        elif column.words & AMOUNT and column.kind is Kind.NUMBER:
            out.setdefault("amount" if reason else "value", column.name)
        elif reason and column.words & REASON and column.kind in (Kind.CATEGORY, Kind.TEXT):
            out.setdefault("reason", column.name)
    return out


def _changes(table: Profile, link: Link, leads: Profile) -> Draft | None:
    own = {column.name for column in leads.columns}
    field = next((c for c in table.columns if _names_columns(table, c, own)), None)
    old, new = _named(table, OLD, link), _named(table, NEW, link)
    if field is None or old is None or new is None or not table.times:
        return None
    changed = table.times[0]
    lead = {} if link.column == link.key else {"lead": link.column}
    settings = {"from": table.name, **lead, "field": field.name, "old": old, "new": new, "changed_at": when(changed)}
    return Draft(settings, f"{table.name} is a log of changes: {field.name} holds names of columns of {leads.name}.")


def _names_columns(table: Profile, column: Column, own: Container[str]) -> bool:
    values = table.frame[column.name].dropna().unique() if column.distinct <= _MOST_KINDS else []
    inside = sum(str(v) in own for v in values)
    return bool(inside) and (inside >= len(values) / 2 or bool(column.words & FIELD))


def _named(table: Profile, known: frozenset[str], link: Link) -> str | None:
    able = [c for c in table.columns if c.words & known and c.kind is not Kind.DATE and c.name != link.column]
    return able[0].name if able else None
