"""Features that the events of a history allow: milestones, activities, colleagues."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from crm.history import Milestone
from features.colleagues import ACTIVE, ACTIVITIES, KNOWN, LOST, SINCE_WON, WON
from features.columns import CREATED
from features.facts import Facts
from features.instants import DAY, NAT, Ints
from features.spec import Availability, Family, Feature, FeatureKind

_HAPPENS = Availability.AS_IT_HAPPENS
_WHY_EVENT = "counts what happened up to the snapshot"
_TELLS_APART = 0.02  # share of activities by which a longer window must reach further
_GROUP_WINDOWS = 2
_WEEK = 7
_COMMON = 0.25  # share of leads from which a kind is common
_KIND_SHARE = 0.01  # share of leads that must show a kind


def _feature(name: str, family: Family, topic: str, why: str = _WHY_EVENT, **more: object) -> Feature:
    return Feature(name, FeatureKind.NUMBER, family, topic, available=_HAPPENS, why=why, **more)  # type: ignore[arg-type]  # checked by Feature's own fields


def progress_features(facts: Facts) -> Iterator[Feature]:
    """Ages since the creation, the hand-off and the acceptance, and whether the latter two have come."""
    for moment in (CREATED, Milestone.HANDED_OFF.value, Milestone.ACCEPTED.value):
        known = facts.moment(moment) != NAT
        if known.any():
            why = "the time of the event itself"
            yield _feature(f"days_since_{moment}", Family.LEAD_AGE, moment, why, measure=moment)
            if moment != CREATED:
                yield _feature(f"is_{moment}", Family.PROGRESS, moment, why, measure=moment)


def activity_features(facts: Facts, windows: Sequence[float], support: int, most: int) -> Iterator[Feature]:
    """Counts by kind and window, recencies, trends and active days.

    Activity of any kind gets every window; a kind that many leads show gets those from a week on, a rarer one the
    longest: shorter ones would be zero for nearly all leads.
    """
    chosen = telling_windows(facts, windows)
    if not chosen:
        return
    kinds = frequent_kinds(facts, support, most)
    if len(facts.kinds) > 1:
        yield from _of_kind(None, chosen, chosen[:-1] or chosen)
    long = [days for days in chosen if days >= _WEEK] or chosen
    for kind, leads in kinds.items():
        common = leads >= _COMMON * len(facts)
        yield from _of_kind(kind, long if common else long[-1:], long[-2:][:1] if common else [])
    for days in chosen:
        if days > 1:
            yield _feature(f"active_days_{days:g}d", Family.ACTIVE_DAYS, "activity", window_days=days)


def _of_kind(kind: str | None, windows: Sequence[float], trends: Sequence[float]) -> Iterator[Feature]:
    stem = kind or "activity"
    for days in windows:
        yield _feature(f"{stem}_count_{days:g}d", Family.COUNT, stem, activity=kind, window_days=days)
    yield _feature(f"{stem}_recency_days", Family.RECENCY, stem, activity=kind)
    for days in trends:
        yield _feature(f"{stem}_trend_{days:g}d", Family.TREND, stem, activity=kind, window_days=days)


def telling_windows(facts: Facts, windows: Sequence[float]) -> list[float]:
    """The windows that tell something apart in this history: each reaches notably more activity than the one before.

    How far a window reaches is the share of activities that came within it before their lead's last one.
    """
    last, before = facts.activities.first[1:], facts.activities.at
    if not len(before):
        return []
    counts = np.diff(facts.activities.first)
    newest = np.repeat(before.take(np.maximum(last - 1, 0)), counts)
    span = newest - before
    chosen: list[float] = []
    reached = 0.0
    for days in sorted(windows):
        share = float((span < days * DAY).mean())
        if not chosen or share > reached + _TELLS_APART:
            chosen.append(float(days))
            reached = share
    return chosen


def frequent_kinds(facts: Facts, support: int, most: int) -> dict[str, int]:
    """Activity kinds that enough leads show, the most frequent first, with the number of these leads."""
    lead: Ints = np.repeat(np.arange(len(facts)), np.diff(facts.activities.first))
    leads = {}
    for code, kind in enumerate(facts.kinds):
        shown = lead[facts.kind == code]
        leads[kind] = int(np.count_nonzero(np.diff(shown)) + 1) if len(shown) else 0
    least = max(support, math.ceil(_KIND_SHARE * len(facts)))
    frequent = sorted((kind for kind in leads if leads[kind] >= least), key=lambda kind: (-leads[kind], kind))
    return {kind: leads[kind] for kind in frequent[:most]}


def account_features(facts: Facts, windows: Sequence[float]) -> Iterator[Feature]:
    """The buying group and what came of colleagues, where leads share accounts."""
    if not facts.accounts:
        return
    group = "buying_group"
    yield _feature("colleagues_known", Family.BUYING_GROUP, group, measure=KNOWN)
    for days in telling_windows(facts, windows)[-_GROUP_WINDOWS:]:
        name = f"colleagues_active_{days:g}d"
        yield _feature(name, Family.BUYING_GROUP, group, measure=ACTIVE, window_days=days)
        name = f"colleague_activity_count_{days:g}d"
        yield _feature(name, Family.BUYING_GROUP, group, measure=ACTIVITIES, window_days=days)
    for measure in (WON, LOST):
        name = f"account_{measure}_count"
        yield _feature(name, Family.ACCOUNT_RECORD, "account_record", measure=measure)
    yield _feature("account_won_recency_days", Family.ACCOUNT_RECORD, "account_record", measure=SINCE_WON)
