"""What reading back answers, as types; `serving.openapi.readback` is made from these."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from serving.contract import DefinitionInService, Reason, Time

Points = Annotated[float, Meta(description="10 points double the odds that the lead closes, 10 less halve them.")]
Outcome = Literal["accepted", "rejected", "won", "lost", "no_decision"]
Share = Annotated[float, Meta(ge=0, le=1)]
Number = Annotated[int, Meta(ge=1, le=99)]


class PastScore(Struct, frozen=True):
    """A score as it was given at ``given_at``, as of ``as_of``, by which scorer and definition."""

    score: Number
    grade: str
    p_accept: Share | None
    p_close: Share
    given_at: Time
    as_of: Time
    model: str
    definition: str


class CurrentScore(PastScore, frozen=True):
    """The score by which the lead stands, as in the shortlist: the latest given, unless the past was scored again.

    ``reasons`` are told in the language asked for; where the scorer that gave them is gone, as they were given.
    ``explored``: drawn by lot to be worked all the same; null where its grade takes no part in the draw.
    """

    age_hours: Annotated[float, Meta(ge=0, description="Since it was given.")]
    enough_information: bool
    explored: bool | None
    reasons: list[Reason]


class TrendTold(Struct, frozen=True):
    """The score now against the one that stood ``days`` ago, or the first one after that.

    Under 3 points it is steady. ``unknown``, without points, where there was but one score.
    """

    direction: Literal["rising", "falling", "steady", "unknown"]
    days: int
    points: Points | None
    text: str


class MovedFact(Struct, frozen=True):
    """What one topic added to the log-odds of closing; ``text`` says what is known of it now and what was before."""

    topic: str
    feature: str
    log_odds: float
    points: Points
    text: str


class Change(Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """Why the score changed between two of the scores given.

    ``facts``, ``bound`` and ``scorer`` add up to ``log_odds``, the change of the log-odds of ``p_close``.
    ``explained``: by the ``facts`` alone, by ``facts_and_scorer``, ``total`` where only the change as a whole is known
    any more (a scorer is gone, or looked at other facts), ``nothing`` where there are no two scores to compare.
    ``bound``: what it adds that closing is never likelier than acceptance. ``scorer``: what another scorer makes of
    the same facts.
    """

    explained: Literal["facts", "facts_and_scorer", "total", "nothing"]
    text: str
    before: PastScore | None = None
    after: PastScore | None = None
    log_odds: float | None = None
    points: Points | None = None
    facts: list[MovedFact] = []
    bound: float | None = None
    scorer: float | None = None


class ReportTold(Struct, frozen=True):
    """What somebody reported; ``replaced``: another report corrects this one."""

    id: str
    outcome: Outcome
    occurred_at: Time
    received_at: Time
    actor: str | None
    amount: float | None
    reason: str | None
    comment: str | None
    corrects: str | None
    replaced: bool


class Feedback(Struct, frozen=True):
    """The outcome that stands of all reports, and the reports in the order received (the latest 500)."""

    outcome: Outcome | None
    outcome_at: Time | None
    reports: list[ReportTold]


class NextStep(Struct, frozen=True):
    """What is to be done next, in words; when it is promised, and whether that has passed."""

    text: str
    due_at: Time | None
    overdue: bool
    contacted_at: Time | None


class History(Struct, frozen=True):
    """Scores given, the latest first, and the cursor of the next page where there is more."""

    scores: list[PastScore]
    next: str | None


class LeadTold(Struct, frozen=True):
    """All that is known of one lead's scores and of what became of it."""

    lead_id: str
    name: str | None
    owner: str | None
    segment: str | None
    current: CurrentScore | None
    next_step: NextStep
    trend: TrendTold | None
    change: Change | None
    feedback: Feedback
    history: History


class ListedLead(Struct, frozen=True):
    """One lead of the shortlist; ``explored``: drawn by lot to be worked all the same."""

    rank: Annotated[int, Meta(ge=1)]
    lead_id: str
    name: str | None
    score: Number
    grade: str
    p_close: Share
    p_accept: Share | None
    segment: str | None
    owner: str | None
    explored: bool
    next_step: str
    due_at: Time | None
    overdue: bool
    contacted_at: Time | None
    outcome: Outcome | None
    outcome_at: Time | None
    given_at: Time


class Shortlist(Struct, frozen=True):
    """A page of the list that both teams work from, best first, and the cursor of the next page where there is one."""

    definition: DefinitionInService
    listed_at: Time
    leads: list[ListedLead]
    next: str | None
