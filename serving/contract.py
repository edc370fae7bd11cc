"""The REST contract as types: what a request may hold, what a reply holds. `serving.openapi` is made from these.

A request's leads are kept as raw bytes until each is read by itself (`serving.reading`), so that one bad lead spoils
nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from crm.history import Milestone

LANGUAGES = ("en", "fr")

Time = Annotated[datetime, Meta(tz=True, description="A time with its zone, such as 2026-03-02T10:11:00Z.")]
Text = Annotated[str, Meta(min_length=1)]
Shown = Annotated[str, Meta(max_length=200)]


class Activity(Struct, frozen=True):
    """Something that happened to the lead. Other keys (subject, id) are not read."""

    kind: Text
    occurred_at: Time
    value: float | None = None
    actor: str | None = None


class Step(Struct, frozen=True):
    """A milestone the lead reached. Those after ``as_of`` are not looked at."""

    milestone: Milestone
    reached_at: Time


class Colleague(Struct, frozen=True):
    """Another lead of the same account, for the buying group. Other keys are not read."""

    lead_id: Text
    created_at: Time | None = None
    activities: list[Activity] | None = None
    milestones: list[Step] | None = None


class Account(Struct, frozen=True):
    """The lead's company: its attributes by name, and ``colleagues`` (a reserved name)."""

    colleagues: list[Colleague] | None = None


class Lead(Struct, frozen=True):
    """One lead to score. Attributes the scorer does not know are ignored and named in ``ignored_fields``."""

    lead_id: Text
    created_at: Time | None = None
    as_of: Annotated[
        Time | None, Meta(description="Score as of this instant; null or absent: now. Nothing after it is looked at.")
    ] = None
    attributes: dict[str, Any] | None = None
    account: Account | None = None
    activities: list[Activity] | None = None
    milestones: list[Step] | None = None
    name: Annotated[Shown | None, Meta(description="Who it is, for the shortlist; the score does not look at it.")] = (
        None
    )
    owner: Annotated[Shown | None, Meta(description="Who works it, for the shortlist; not looked at either.")] = None


class Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """A request: leads still unread, the language of the texts, how many reasons a lead gets at most, and stories."""

    leads: list[msgspec.Raw]
    language: Literal["en", "fr"] = "en"
    reasons: Annotated[float, Meta(ge=0, le=10, multiple_of=1)] = 3  # 3.0 is a whole number in JSON
    story: bool = False


class Reason(Struct, frozen=True):
    """Why the score is what it is: 10 points double the odds to close, 10 less halve them; the text is for people."""

    feature: str
    points: float
    text: str


class Story(Struct, frozen=True):
    """What a score says to whoever works the lead: why it is so, who acts by when, and how to go on. Plain text."""

    why: str
    who: str
    how: str


class Score(Struct, frozen=True):
    """One lead's score. ``score`` is 1-99: the percentile of ``p_close`` among the reference leads."""

    lead_id: str
    score: Annotated[int, Meta(ge=1, le=99)]
    grade: str
    p_accept: Annotated[float, Meta(ge=0, le=1)] | None
    p_close: Annotated[float, Meta(ge=0, le=1)]
    reasons: list[Reason]
    enough_information: bool
    ignored_fields: list[str]
    future_activities: Annotated[int, Meta(ge=0, description="Activities after as_of, which count for nothing.")]
    story: Story | UnsetType = UNSET  # absent unless asked for
    explored: Annotated[
        bool | UnsetType | None,
        Meta(
            description="Only where the definition explores: whether the lead is drawn by lot to be worked in spite of "
            "its grade; null where its grade takes no part."
        ),
    ] = UNSET


class LeadError(Struct, frozen=True):
    """Why one lead of the request got no score: which field, what it held, what belongs there, what to do."""

    index: Annotated[int, Meta(ge=0, description="The lead's place in the request, from 0.")]
    lead_id: str | None
    field: str
    got: str
    expected: str
    remedy: str


class DefinitionInService(Struct, frozen=True):
    """Which definition the scores keep to."""

    name: str
    version: str
    signed: bool


class ModelInService(Struct, frozen=True):
    """Which scorer gave the scores."""

    version: str
    trained_at: str


class CutInService(Struct, frozen=True):
    """From where on a grade is given: a lowest score, or else a lowest probability of closing."""

    grade: str
    score: Annotated[int, Meta(ge=1, le=99)] | None
    probability: Annotated[float, Meta(ge=0, le=1)] | None


class GradingInService(Struct, frozen=True):
    """A lead gets the first grade it reaches, best first, else ``rest``."""

    cuts: list[CutInService]
    rest: str


class RangeInService(Struct, frozen=True):
    """A measured figure, and the range in which it is promised to stay."""

    value: float
    low: float
    high: float


class PromiseInService(Struct, frozen=True):
    """What a grade promises: leads a week, and the shares that sales accepts and closes, as measured on ``leads``."""

    grade: str
    per_week: RangeInService
    accept: RangeInService | None
    close: RangeInService | None
    leads: Annotated[int, Meta(ge=0)]


class MeasuredInService(Struct, frozen=True):
    """On what the promises were measured."""

    exported_at: str
    since: str
    until: str
    weeks: float
    ahead_weeks: float
    coverage: float


class SheetInService(Struct, frozen=True):
    """What is signed: the definition with its promises. ``texts`` is the same for people, by language."""

    hash: str
    definition_version: str
    promises: list[PromiseInService]
    measured: MeasuredInService
    texts: dict[str, str]


class SignatureInService(Struct, frozen=True):
    """Who signed the sheet, for which team, and when."""

    role: Literal["marketing", "sales"]
    name: str
    signed_at: Time


class DefinitionReply(Struct, frozen=True):
    """The definition in service and what both teams agreed on. ``content`` is all that the definition says.

    ``definition`` is as in the reply to scores; ``full_version`` is the hash that its version begins.
    """

    definition: DefinitionInService
    full_version: str
    content: dict[str, Any]
    model: ModelInService
    grading: GradingInService
    sheet: SheetInService | None
    signatures: list[SignatureInService]
    signed: bool


class Reply(Struct, frozen=True):
    """Scores in the order of the request, without the leads named in ``errors``."""

    definition: DefinitionInService
    model: ModelInService
    scores: list[Score]
    errors: list[LeadError]
