"""Features that the events of a history allow: milestones, activities, colleagues."""

from __future__ import annotations

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
    """Counts by kind and window, recencies, trends and active days."""
    chosen = telling_windows(facts, windows)
    if not chosen:
        return
    kinds: list[str | None] = [None, *frequent_kinds(facts, support, most)]
    if len(kinds) == 2:  # noqa: PLR2004  with a single kind, "any" says the same again
        kinds = kinds[:1] if len(facts.kinds) > 1 else kinds[1:]
    for kind in kinds:
        stem, topic = kind or "activity", kind or "activity"
        for days in chosen:
            name = f"{stem}_count_{days:g}d"
            yield _feature(name, Family.COUNT, topic, activity=kind, window_days=days)
        yield _feature(f"{stem}_recency_days", Family.RECENCY, topic, activity=kind)
        yield _feature(f"{stem}_trend_{chosen[-1]:g}d", Family.TREND, topic, activity=kind, window_days=chosen[-1])
    for days in chosen:
        if days > 1:
            yield _feature(f"active_days_{days:g}d", Family.ACTIVE_DAYS, "activity", window_days=days)
    for days in chosen[:-1]:
        kind = kinds[0]
        yield _feature(
            f"{kind or 'activity'}_trend_{days:g}d", Family.TREND, kind or "activity", activity=kind, window_days=days
        )


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


def frequent_kinds(facts: Facts, support: int, most: int) -> list[str]:
    """Activity kinds that enough leads show, the most frequent first."""
    lead: Ints = np.repeat(np.arange(len(facts)), np.diff(facts.activities.first))
    leads = {}
    for code, kind in enumerate(facts.kinds):
        shown = lead[facts.kind == code]
        leads[kind] = int(np.count_nonzero(np.diff(shown)) + 1) if len(shown) else 0
    frequent = sorted((kind for kind in leads if leads[kind] >= support), key=lambda kind: (-leads[kind], kind))
    return frequent[:most]


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
