"""A page of the list that both teams work from: read from the ledger, numbered, with each lead's next step in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

import msgspec

from models.definition import Definition, Language
from models.next_step import NextSteps, Stage
from serving.contract import DefinitionInService
from serving.ledger import shortlist
from serving.ledger.database import Database
from serving.ledger.shortlist import After, Listed, Run, Wanted
from serving.readback import cursors
from serving.readback.contract import ListedLead, Outcome, Shortlist


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    grade: str
    drawn: bool
    p_close: float
    lead_id: str
    rank: int


@dataclass(frozen=True, slots=True)
class Question:
    """Which leads are asked for, in which language, how many a page, and where the page begins."""

    wanted: Wanted
    language: Language
    limit: int
    cursor: str | None


def answer(
    ledger: Database,
    question: Question,
    definition: Definition,
    named: DefinitionInService,
    grades: Sequence[str],
    barred: Callable[[str], object],
    now: datetime,
) -> Shortlist:
    """The page. Leads that are ``barred`` keep their number and are not told.

    ``grades`` are those in service, best first. Raises `Problem` for a cursor of another list.
    """
    asked = [asdict(question.wanted), list(grades)]
    place = None if question.cursor is None else cursors.read(question.cursor, _Place, asked)
    after = None if place is None else After(Run(place.grade, place.drawn), place.p_close, place.lead_id)
    with ledger.reading() as connection:
        found = shortlist.page(connection, question.wanted, grades, after, question.limit + 1, now)
    shown, before = found[: question.limit], 0 if place is None else place.rank
    steps = NextSteps(definition, question.language)
    leads = [
        _told(lead, rank, steps, now) for rank, lead in enumerate(shown, before + 1) if barred(lead.lead_id) is None
    ]
    following = None
    if len(found) > len(shown):
        last = shown[-1]
        place = _Place(last.run.grade, last.run.drawn, last.p_close, last.lead_id, before + len(shown))
        following = cursors.write(place, asked)
    return Shortlist(named, now, leads, following)


def _told(lead: Listed, rank: int, steps: NextSteps, now: datetime) -> ListedLead:
    stage = Stage(lead.grade, lead.due_at, lead.contacted_at, lead.outcome, lead.outcome_at, lead.p_accept == 1.0)
    return ListedLead(
        rank=rank,
        lead_id=lead.lead_id,
        name=lead.name,
        score=lead.score,
        grade=lead.grade,
        p_close=lead.p_close,
        p_accept=lead.p_accept,
        segment=lead.segment,
        owner=lead.owner,
        explored=bool(lead.explored),
        next_step=steps.tell(stage, now),
        due_at=lead.due_at,
        overdue=stage.overdue(now),
        contacted_at=lead.contacted_at,
        outcome=cast("Outcome | None", lead.outcome),
        outcome_at=lead.outcome_at,
        given_at=lead.given_at,
    )
