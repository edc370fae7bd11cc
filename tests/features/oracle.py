"""Features read off a history one by one, as slowly and plainly as possible: what the fast ones are held to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pandas as pd

from crm.history import FINAL, History, Kind
from features.catalog import OTHER, Availability, Catalog, Family, Feature, RateTable
from features.instants import DAY, micros_of
from features.words import domain_type, seniority

NAN = math.nan


def value(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    if feature.available == Availability.AT_HANDOFF:
        handed_off = first(world, lead_id, "handed_off")
        if handed_off is None or handed_off > as_of:
            return NAN
    return READ[feature.family](feature, catalog, world, lead_id, as_of)


def attribute(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    known = as_known(world, feature.field, lead_id, as_of)
    if feature.family == Family.PRESENCE:
        if feature.measure == "length":
            return 0.0 if known is None else float(len(known))
        return float(known is not None)
    if known is None:
        return NAN
    if feature.levels is None:
        return float(known)
    label = {Family.SENIORITY: seniority, Family.DOMAIN: domain_type}.get(feature.family, str)(known)
    return float(feature.levels.index(label if label in feature.levels else OTHER))


def age_of_date(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    return days(as_known(world, feature.field, lead_id, as_of), as_of)


def lead_age(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    at = world.created[lead_id] if feature.measure == "created" else first(world, lead_id, feature.measure)
    return days(at, as_of)


def progress(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    at = first(world, lead_id, feature.measure)
    return float(at is not None and at <= as_of)


def count(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    return float(within(world, lead_id, feature.activity, as_of - width(feature), as_of))


def trend(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    recent = within(world, lead_id, feature.activity, as_of - width(feature), as_of)
    before = within(world, lead_id, feature.activity, as_of - 2 * width(feature), as_of - width(feature))
    return (recent - before) / (recent + before + 1)


def recency(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    past = [at for kind, at in world.events[lead_id] if at <= as_of and feature.activity in (None, kind)]
    return days(max(past), as_of) if past else NAN


def active_days(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    past = {at // DAY for _, at in world.events[lead_id] if at <= as_of}
    return float(len([day for day in past if day > as_of // DAY - feature.window_days]))


def buying_group(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    known = [other for other in colleagues(world, lead_id) if world.created[other] <= as_of]
    if feature.measure == "known":
        return float(len(known))
    counts = [within(world, other, None, as_of - width(feature), as_of) for other in known]
    return float(sum(counts) if feature.measure == "activities" else sum(c > 0 for c in counts))


def account_record(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    decided = []
    for other in colleagues(world, lead_id):
        at, won = decision(world, other)
        if at is not None and max(at, world.created[other]) <= as_of:
            decided.append((max(at, world.created[other]), won))
    wins = [at for at, won in decided if won]
    if feature.measure == "since_won":
        return days(max(wins), as_of) if wins else NAN
    return float(len(wins) if feature.measure == "won" else len(decided) - len(wins))


def rate(feature: Feature, catalog: Catalog, world: Plain, lead_id: str, as_of: int) -> float:
    table = next(t for t in catalog.rates if (t.field, t.outcome) == (feature.field, feature.measure))
    mine = as_known(world, feature.field, lead_id, as_of)
    if mine is None:
        return NAN
    judged = [judge(world, table, other) for other in world.account if other != lead_id]
    past = [j for j in judged if j is not None and j[0] <= table.until and j[0] // DAY < as_of // DAY]
    if len(past) < table.strength:
        return NAN
    same = [well for at, well, word in past if word == mine]
    overall = (sum(well for _, well, _ in past) + 1) / (len(past) + 2)
    return (sum(same) + table.strength * overall) / (len(same) + table.strength)


def judge(world: Plain, table: RateTable, lead_id: str) -> tuple[int, bool, str | None] | None:
    """When a lead came of age, whether it had fared well by then, and what category it was in then."""
    start = world.created[lead_id] if table.since == "created" else first(world, lead_id, table.since)
    if start is None:
        return None
    at = max(start + table.within_days * DAY, world.created[lead_id])
    decided, won = decision(world, lead_id)
    came = decided if won else None
    if table.outcome == "accept":
        accepted = first(world, lead_id, "accepted")
        if accepted is not None and (decided is None or accepted <= decided):
            came = accepted
    return at, came is not None and came <= at, as_known(world, table.field, lead_id, at)


READ = {
    Family.ATTRIBUTE: attribute,
    Family.PRESENCE: attribute,
    Family.SENIORITY: attribute,
    Family.DOMAIN: attribute,
    Family.AGE: age_of_date,
    Family.LEAD_AGE: lead_age,
    Family.COUNT: count,
    Family.RECENCY: recency,
    Family.TREND: trend,
    Family.ACTIVE_DAYS: active_days,
    Family.PROGRESS: progress,
    Family.BUYING_GROUP: buying_group,
    Family.ACCOUNT_RECORD: account_record,
    Family.RATE: rate,
}


def width(feature: Feature) -> int:
    return int(feature.window_days * DAY)


def days(at: int | None, as_of: int) -> float:
    return NAN if at is None or at > as_of else (as_of - at) / DAY


def within(world: Plain, lead_id: str, kind: str | None, after: int, until: int) -> int:
    return sum(after < at <= until and kind in (None, k) for k, at in world.events[lead_id])


def first(world: Plain, lead_id: str, name: str) -> int | None:
    return min((at for milestone, at in world.reached[lead_id] if milestone == name), default=None)


def decision(world: Plain, lead_id: str) -> tuple[int | None, bool]:
    finals = [(at, name != "won") for name, at in world.reached[lead_id] if name in FINAL]
    return (min(finals)[0], not min(finals)[1]) if finals else (None, False)


def colleagues(world: Plain, lead_id: str) -> list[str]:
    account = world.account[lead_id]
    return [
        other for other in world.account if other != lead_id and account is not None and world.account[other] == account
    ]


def as_known(world: Plain, field: str, lead_id: str, as_of: int) -> Any:
    """The value at an instant: what the first later change overwrote, or else what is there now."""
    later = [(at, old) for at, old in world.changes[lead_id, field] if at > as_of]
    if later:
        return READ_OLD[world.kinds[field]](min(later, key=lambda change: change[0])[1])
    return world.now[lead_id, field]


class Plain:
    """A history as dictionaries of Python values: dates as microseconds, None for missing."""

    def __init__(self, world: History) -> None:
        self.kinds = {field.name: field.kind for field in world.fields}
        self.created = {r.lead_id: micros_of(r.created_at) for r in world.leads.itertuples()}
        self.account = {r.lead_id: none(r.account_id) for r in world.leads.itertuples()}
        self.events: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.reached: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.changes: dict[tuple[str, str], list[tuple[int, Any]]] = defaultdict(list)
        for row in world.activities.itertuples():
            self.events[row.lead_id].append((row.kind, micros_of(row.occurred_at)))
        for row in world.milestones.itertuples():
            self.reached[row.lead_id].append((row.milestone, micros_of(row.reached_at)))
        for row in world.changes.itertuples():
            self.changes[row.lead_id, row.field].append((micros_of(row.changed_at), none(row.old)))
        accounts = {r["account_id"]: r for r in world.accounts.to_dict("records")}
        self.now: dict[tuple[str, str], Any] = {}
        for row in world.leads.to_dict("records"):
            account = accounts.get(row["account_id"], {})
            for field in world.fields:
                found = none((account if field.of_account else row).get(field.column))
                self.now[row["lead_id"], field.name] = micros_of(found) if isinstance(found, pd.Timestamp) else found


def none(found: Any) -> Any:
    return None if pd.isna(found) else found


def number(old: str | None) -> float | None:
    try:
        return None if old is None else float(old)
    except ValueError:
        return None


def date(old: str | None) -> int | None:
    return None if old is None else micros_of(pd.Timestamp(old, tz="UTC"))


READ_OLD: dict[Kind, Callable[[str | None], Any]] = defaultdict(lambda: lambda old: old)
READ_OLD[Kind.NUMBER] = number
READ_OLD[Kind.DATE] = date
READ_OLD[Kind.BOOLEAN] = {"yes": 1.0, "false": 0.0}.get
