"""The catalog: which features a scorer knows, as frozen specs that are stored with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FeatureKind(StrEnum):
    """How a column of the feature matrix is to be read."""

    NUMBER = "number"
    CATEGORY = "category"


class Family(StrEnum):
    """Where a feature comes from; with `field`, `activity` and `window_days` it decides its words for people."""

    ATTRIBUTE = "attribute"  # a number, category or boolean as known then
    PRESENCE = "presence"  # whether a text was given
    AGE = "age"  # days from a date attribute to the snapshot
    LEAD_AGE = "lead_age"  # days from the lead's creation, or hand-off, to the snapshot
    SENIORITY = "seniority"  # of a job title
    DOMAIN = "domain"  # of an e-mail address: free, company, academic, ...
    COUNT = "count"  # activities of a kind in a window
    RECENCY = "recency"  # days since the last activity of a kind
    TREND = "trend"  # recent pace against the pace before
    ACTIVE_DAYS = "active_days"  # distinct days with activity in a window
    PROGRESS = "progress"  # own milestones reached: handed off, accepted
    BUYING_GROUP = "buying_group"  # colleagues of the same account
    ACCOUNT_RECORD = "account_record"  # the account's past wins and losses
    RATE = "rate"  # point-in-time outcome rate of a source, owner or other category


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    The name carries the unit: ``page_view_count_30d``. ``topic`` groups features that tell the same story, so that
    reasons about one thing are told once. ``levels`` are the codes of a category: code ``i`` stands for ``levels[i]``;
    what was rare or unseen in training is the last level, ``OTHER``; missing is NaN.
    """

    name: str
    kind: FeatureKind
    family: Family
    topic: str
    field: str | None = None
    activity: str | None = None
    window_days: float | None = None
    levels: tuple[str, ...] | None = None


OTHER = "(other)"
