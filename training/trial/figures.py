"""What a trial of the voices found, as plain figures with their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.definition import Definition
from models.sheet import Range
from models.voices import Unseen

COVERED = 0.95
"""How often a range should hold the figure that it is about."""

FEW = 10
"""With fewer judged leads on one side nothing is claimed from a comparison."""


class Unit(StrEnum):
    """What wins and revenue are counted by."""

    QUARTER = "quarter"  # 13 weeks
    WEEK = "week"  # where the trial is shorter than a quarter
    WHOLE = "whole"  # all leads of the trial: a history without times


class Name(StrEnum):
    """Who chooses the leads."""

    EVERY = "every"  # nobody: all leads, as they were handed over
    MARKETING = "marketing"
    SALES = "sales"
    BOTH = "both"
    EITHER = "either"
    SCORE_FOR_MARKETING = "score_for_marketing"  # the best by score, as many as marketing's rule takes
    SCORE_FOR_SALES = "score_for_sales"
    ONLY_MARKETING = "only_marketing"
    ONLY_SALES = "only_sales"
    NEITHER = "neither"


CONTENDERS = (
    *(Name.EVERY, Name.MARKETING, Name.SALES, Name.BOTH, Name.EITHER),
    *(Name.SCORE_FOR_MARKETING, Name.SCORE_FOR_SALES),
)
GROUPS = (Name.BOTH, Name.ONLY_MARKETING, Name.ONLY_SALES, Name.NEITHER)
TEAMS: Mapping[Name, Name] = {
    Name.MARKETING: Name.SCORE_FOR_MARKETING,
    Name.SALES: Name.SCORE_FOR_SALES,
}
"""The two teams, and the score at the volume of each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the leads that one choice takes.

    ``leads``: how many of the trial (of leads that tie at a cut, a part); ``share`` of all; ``per_week``, ``None``
    without times; ``judged_accept`` and ``judged_close``: those whose answer is known. ``accepted`` and ``closed``
    are shares, ``wins`` and ``missed`` numbers by the trial's unit, ``wins_share`` and ``revenue_share`` shares of what
    all leads brought, ``revenue`` by the unit. A figure is ``None`` where nothing is known to make it from.
    """

    name: Name
    leads: float
    share: float
    judged_accept: int
    judged_close: int
    per_week: Range | None
    accepted: Range | None
    closed: Range | None
    wins: Range | None
    missed: Range | None
    wins_share: Range | None
    revenue: Range | None
    revenue_share: Range | None

    @property
    def empty(self) -> bool:
        """Whether no lead is taken."""
        return self.leads == 0

    @property
    def full(self) -> bool:
        """Whether every lead is taken."""
        return self.share == 1


@dataclass(frozen=True, slots=True)
class Gap:
    """The score less a team's rule, with as many leads: drawn together, so that the range is that of the difference."""

    team: Name
    wins: Range | None
    accepted: Range | None
    closed: Range | None
    revenue: Range | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """The leads that only sales's rule takes, less those that only marketing's rule takes."""

    accepted: Range | None
    closed: Range | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a choice agrees with what sales really accepted.

    ``taken`` and ``left``: share accepted of the leads that it takes and of all others; ``gap``: the first less the
    second; ``same``: share of leads on which both say the same; ``kappa``: Cohen's (1960, Educ. Psychol. Meas. 20:37),
    agreement beyond chance: 1 is complete, 0 what chance would give; ``None`` where one of the two never says no, or
    never yes.
    """

    name: Name
    taken: Range | None
    left: Range | None
    gap: Range | None
    same: Range
    kappa: Range | None


@dataclass(frozen=True)
class Trial:
    """The voices of a definition against what happened.

    ``arrivals`` leads, each as known when it was handed over, between ``since`` and ``until`` (ISO 8601, ``None``
    without times), over ``weeks``. ``outcomes`` holds every `Name`; ``curve`` the share of wins that the best share of
    leads by score holds. ``wins``: leads won, ``wins_with_amount``: those whose amount is known. ``unseen``: words of
    the rules that no lead ever had.
    """

    name: str
    definition: Definition
    exported_at: str
    since: str | None
    until: str | None
    weeks: float | None
    unit: Unit
    arrivals: int
    wins: int
    wins_with_amount: int
    outcomes: Mapping[Name, Outcome]
    gaps: Mapping[Name, Gap]
    dispute: Dispute
    agreements: tuple[Agreement, ...]
    curve: tuple[tuple[float, float], ...]
    unseen: tuple[Unseen, ...]
    covered: float = COVERED

    @property
    def tracks_acceptance(self) -> bool:
        """Whether the history records what sales accepts."""
        return self.outcomes[Name.EVERY].judged_accept > 0

    @property
    def knows_amounts(self) -> bool:
        """Whether any win has an amount."""
        return self.wins_with_amount > 0

    @property
    def timed(self) -> bool:
        """Whether leads came at known times."""
        return self.weeks is not None
