"""What a feature is: a frozen spec from which its column is computed and its words for people are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FeatureKind(StrEnum):
    """How a column of the feature matrix is to be read."""

    NUMBER = "number"
    CATEGORY = "category"


class Family(StrEnum):
    """Where a feature comes from; with its field, activity, measure and window it decides its words for people."""

    ATTRIBUTE = "attribute"  # a number, category or boolean as known then
    PRESENCE = "presence"  # whether a text was given, and how long it is
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
    RATE = "rate"  # point-in-time outcome rate of a source or other category, never of a person on our side


class Availability(StrEnum):
    """From when on a feature's value is known, the same offline and online."""

    AT_CREATION = "at_creation"
    AT_HANDOFF = "at_handoff"  # missing before the hand-off
    AS_IT_HAPPENS = "as_it_happens"  # what happened up to and including `as_of`
    THE_DAY_AFTER = "the_day_after"  # what happened up to the end of the UTC day before `as_of`
    UNDECLARED = "undeclared"  # the export does not say: taken as known from the creation on, see the audit


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    The name carries the unit: ``page_view_count_30d``. ``topic`` groups features that tell the same story, so that
    reasons about one thing are told once. ``levels`` are the codes of a category: code ``i`` stands for ``levels[i]``;
    what was rare or unseen in training is the last level, ``OTHER``; missing is NaN.

    ``measure`` says which of a family's columns it is: a moment (``created``, ``handed_off``, ``accepted``), an
    outcome (``accept``, ``close``; ``won``, ``lost``, ``since_won``), ``length`` of a text, or of colleagues
    ``known``, ``active``, ``activities``.
    """

    name: str
    kind: FeatureKind
    family: Family
    topic: str
    field: str | None = None
    activity: str | None = None  # None in an activity family: of any kind
    window_days: float | None = None
    levels: tuple[str, ...] | None = None
    measure: str | None = None
    available: Availability = Availability.UNDECLARED
    why: str = ""  # why it is known from then on, for people

    def __post_init__(self) -> None:
        if self.window_days is not None:  # 30 and 30.0 are the same window, and must hash alike
            object.__setattr__(self, "window_days", float(self.window_days))


OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class RateTable:
    """How leads with each value of a category fared, day by day: a step function of time, the same online as offline.

    A lead counts ``within_days`` after its start (``since``: ``created`` or ``handed_off``), as positive if the outcome
    had come by then. Leads are judged at the same age whether the outcome was fast, slow or never recorded, so that a
    history that only records wins gives a true rate too, and recent leads do not look worse than they are.

    The entries of value ``levels[i]`` are ``first[i]`` to ``first[i + 1]``: up to and including ``day`` (days since
    1970 UTC, rising) ``judged`` leads had counted and ``positive`` of them well. The entries of all leads together,
    also of values that have no table, are ``first[len(levels)]`` onwards. The table holds what was known at ``until``;
    after its last day the last value holds.
    """

    field: str
    outcome: str  # accept: accepted or not; close: won or not
    until: int  # microseconds
    levels: tuple[str, ...]
    first: tuple[int, ...]  # len(levels) + 2
    day: tuple[int, ...]
    judged: tuple[int, ...]
    positive: tuple[int, ...]
    strength: float  # leads that the overall rate counts as
    since: str
    within_days: int
