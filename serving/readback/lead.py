"""One lead as it is read back: its score now and before, its trend, why it changed, and what was reported of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import msgspec
import numpy as np
import sqlalchemy as sa
from scipy.special import logit

from models.definition import Definition, Language
from models.next_step import NextSteps, Stage
from models.scorer import REASONS
from models.trend import trend
from serving.contract import Reason
from serving.ledger import readback
from serving.ledger.database import Database
from serving.ledger.readback import Given, Place, Standing
from serving.readback import cursors
from serving.readback.change import change, past, served_of
from serving.readback.contract import (
    CurrentScore,
    Feedback,
    History,
    LeadTold,
    NextStep,
    Outcome,
    ReportTold,
    TrendTold,
)
from serving.readback.earlier import Earlier

_HIGHEST = 1 - 1e-15
_NOBODY = Standing(**dict.fromkeys(Standing.__dataclass_fields__))


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    given_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one lead. ``since`` and ``until`` bound the history, ``days`` the trend.

    The change told is that from the score that stood at ``was`` to the one that stood at ``now``; without them, from
    the last score that differs to the latest.
    """

    lead_id: str
    language: Language
    since: datetime | None
    until: datetime | None
    limit: int
    cursor: str | None
    was: datetime | None
    now: datetime | None
    days: int

    @property
    def listed(self) -> list[str | None]:
        """What a cursor of the history belongs to."""
        return [self.lead_id, *(None if at is None else at.isoformat() for at in (self.since, self.until))]

    @property
    def after(self) -> Place | None:
        """The place that the page of the history begins after. Raises `Problem` for a cursor of another history."""
        if self.cursor is None:
            return None
        place = cursors.read(self.cursor, _Place, self.listed)
        return place.given_at, place.id


@dataclass(frozen=True, slots=True)
class Found:
    """What the ledger holds for a question."""

    standing: Standing | None
    current: Given | None
    was: Given | None
    now: Given | None
    then: Given | None
    history: list[Given]
    reports: list[readback.Report]


def find(ledger: Database, question: Question, at: datetime) -> Found:
    """Reads what the answer needs, in one go; ``at`` is now."""
    after = question.after
    with ledger.reading() as connection:
        lead_id = question.lead_id
        stands = readback.standing(connection, lead_id)
        current = readback.current(connection, lead_id, stands)
        was, now = _compared(connection, question, current)
        return Found(
            standing=stands,
            current=current,
            was=was,
            now=now,
            then=_then(connection, question, at, current),
            history=readback.history(
                connection, lead_id, since=question.since, until=question.until, after=after, most=question.limit + 1
            ),
            reports=readback.reports(connection, lead_id),
        )


def _compared(
    connection: sa.Connection, question: Question, current: Given | None
) -> tuple[Given | None, Given | None]:
    lead_id = question.lead_id
    now = current if question.now is None else readback.latest(connection, lead_id, question.now)
    if question.was is not None:
        return readback.latest(connection, lead_id, question.was), now
    return (None if now is None else readback.another(connection, lead_id, now)), now


def _then(connection: sa.Connection, question: Question, at: datetime, current: Given | None) -> Given | None:
    """The score that the latest is held against for the trend; ``None`` where there is no other."""
    begins = at - timedelta(days=question.days)
    if current is None or current.given_at < begins:
        return None
    then = readback.latest(connection, question.lead_id, begins)
    then = then or readback.first_since(connection, question.lead_id, begins)
    return None if then is None or then.id == current.id else then


def tell(found: Found, question: Question, definition: Definition, earlier: Earlier, at: datetime) -> LeadTold | None:
    """The answer; ``None`` where nothing is known of such a lead."""
    if found.standing is None and found.current is None and not found.reports:
        return None
    stands, language = found.standing or _NOBODY, question.language
    return LeadTold(
        lead_id=question.lead_id,
        name=stands.name,
        owner=stands.owner,
        segment=stands.segment,
        current=None if found.current is None else _current(found.current, earlier, language, at),
        next_step=_next_step(stands, found.current, definition, language, at),
        trend=None if found.current is None else _trend(found, question.days, language, at),
        change=None if found.current is None else change(found.was, found.now, earlier, language),
        feedback=_feedback(stands, found.reports),
        history=_history(found.history, question),
    )


def _current(given: Given, earlier: Earlier, language: Language, at: datetime) -> CurrentScore:
    return CurrentScore(
        **msgspec.structs.asdict(past(given)),
        age_hours=round(max(0.0, (at - given.given_at) / timedelta(hours=1)), 2),
        enough_information=given.enough_information,
        explored=given.explored,
        reasons=_reasons(given, earlier, language),
    )


def _reasons(given: Given, earlier: Earlier, language: Language) -> list[Reason]:
    served = served_of(given, earlier)
    if served is None:
        return msgspec.json.decode(given.reasons, type=list[Reason])
    x, accepted = given.x[None, :], np.array([given.accepted])
    again = served.scorer.score_matrix(x, accepted, reasons=REASONS, language=language)
    return [Reason(reason.feature, reason.points, reason.text) for reason in again.reasons[0]]


def _next_step(
    stands: Standing, current: Given | None, definition: Definition, language: Language, at: datetime
) -> NextStep:
    grade = stands.grade or (None if current is None else current.grade)
    accepted = current is not None and current.accepted
    stage = Stage(grade, stands.due_at, stands.contacted_at, stands.outcome, stands.outcome_at, accepted)
    text = NextSteps(definition, language).tell(stage, at)
    return NextStep(text, stands.due_at, stage.overdue(at), stands.contacted_at)


def _trend(found: Found, days: int, language: Language, at: datetime) -> TrendTold:
    then, now = (None if given is None else _height(given) for given in (found.then, found.current))
    if found.current is not None and found.current.given_at < at - timedelta(days=days):
        then, now = None, None  # nothing was given within the period
    told = trend(then, now, days, language)
    return TrendTold(told.direction, days, told.points, told.text)


def _height(given: Given) -> tuple[int, float]:
    within = min(max(given.p_close, 1 - _HIGHEST), _HIGHEST)
    return given.score, float(logit(within))


def _feedback(stands: Standing, reports: list[readback.Report]) -> Feedback:
    replaced = {report.corrects for report in reports}
    told = [
        ReportTold(
            id=report.id,
            outcome=cast("Outcome", report.outcome),
            occurred_at=report.occurred_at,
            received_at=report.received_at,
            actor=report.actor,
            amount=report.amount,
            reason=report.reason,
            comment=report.comment,
            corrects=report.corrects,
            replaced=report.id in replaced,
        )
        for report in reports
    ]
    return Feedback(cast("Outcome | None", stands.outcome), stands.outcome_at, told)


def _history(found: list[Given], question: Question) -> History:
    shown = found[: question.limit]
    more = len(found) > len(shown)
    following = cursors.write(_Place(*shown[-1].place), question.listed) if more else None
    return History([past(given) for given in shown], following)
