"""From checked leads to a reply: the scorer in service, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import repeat
from math import isnan
from typing import cast

import numpy as np
from msgspec import UNSET, UnsetType

from features.facts import Facts
from features.records import Record
from models.agreement import Agreement
from models.artifact import load
from models.definition import LANGUAGES, Language
from models.lots import drawn
from models.scorer import Scorer
from models.scores import Scores
from serving.contract import DefinitionInService, ModelInService, Reason, Reply, Score, Story
from serving.lead import Attribute, ReadLead, attributes_of
from serving.reading import Batch
from serving.store import Stored


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it rests on.

    ``scores`` are those it tells, ``None`` without a lead; ``explored`` says whether each lead was drawn by lot,
    ``segments`` in which of marketing's segments each is.
    """

    reply: Reply
    scores: Scores | None
    explored: tuple[bool | None, ...]
    segments: tuple[str | None, ...]


@dataclass(frozen=True)
class Served:
    """A scorer and where it comes from. Never changed: a take-over puts another in its place."""

    scorer: Scorer
    stored: Stored
    agreement: Agreement | None = None

    @cached_property
    def known(self) -> dict[str, Attribute]:
        """The attributes that count and what each must be."""
        return attributes_of(self.scorer.fields, self.scorer.catalog.features)

    @cached_property
    def definition(self) -> DefinitionInService:
        """As every reply names it."""
        definition = self.scorer.definition
        return DefinitionInService(definition.name, definition.short_version, self.signed)

    @cached_property
    def signed(self) -> bool:
        """Whether both teams signed a sheet of the scorer's own definition, with grades that start where its own do."""
        agreed = self.agreement
        return agreed is not None and agreed.complete and agreed.is_of(self.scorer.definition, self.scorer.grading)

    @cached_property
    def model(self) -> ModelInService:
        """As every reply names it: the registry's version, or the store's own where none was given."""
        version = self.stored.labels.get("version") or self.stored.version
        return ModelInService(version, self.trained_at.isoformat())

    @cached_property
    def trained_at(self) -> datetime:
        """The instant of the export the scorer learned from."""
        return datetime.fromisoformat(self.scorer.meta.trained_at).astimezone(UTC)

    def answer(self, batch: Batch) -> Reply:
        """The reply to a request. No lead's score depends on the others in it."""
        return self.answered(batch).reply

    def answered(self, batch: Batch) -> Answer:
        """The reply to a request, and what it rests on."""
        if not batch.leads:
            return Answer(Reply(self.definition, self.model, [], batch.errors), None, (), ())
        facts = Facts.of_records([lead.record for lead in batch.leads], self.scorer.fields)
        lead, as_of = np.arange(len(batch.leads)), np.array([each.as_of for each in batch.leads], np.int64)
        language = cast("Language", batch.language)
        scores = self.scorer.score(facts, lead, as_of, reasons=batch.reasons, language=language, stories=batch.story)
        exploration = self.scorer.definition.exploration
        keys = [lead.record.lead_id for lead in batch.leads]
        explored = drawn(exploration, zip(keys, scores.grade.tolist(), strict=True))
        told = _rows(batch.leads, scores, explored if exploration else repeat(UNSET, len(keys)))
        reply = Reply(self.definition, self.model, told, batch.errors)
        return Answer(reply, scores, tuple(explored), tuple(self.scorer.segmented.names(facts, lead, as_of)))


def open_scorer(stored: Stored, now: int) -> Served:
    """Loads a stored scorer and warms it up, so that its first request is as fast as its hundredth.

    Raises whatever is wrong with the artifact: nothing is served that has not given a score.
    """
    served = Served(load(stored.folder), stored, stored.agreement())
    for language in LANGUAGES:
        nobody = ReadLead(Record(lead_id="warm-up"), now, [], 0)
        served.answer(Batch(language, 3, [nobody], story=True))
    return served


def _rows(leads: Sequence[ReadLead], scores: Scores, explored: Iterable[bool | UnsetType | None]) -> list[Score]:
    columns = zip(
        leads,
        scores.score.tolist(),
        scores.grade.tolist(),
        scores.p_accept.tolist(),
        scores.p_close.tolist(),
        scores.reasons,
        scores.enough_information.tolist(),
        scores.stories or repeat(None, len(leads)),
        explored,
        strict=True,
    )
    return [
        Score(
            lead_id=lead.record.lead_id,
            score=score,
            grade=grade,
            p_accept=None if isnan(p_accept) else p_accept,  # there is no accept head
            p_close=p_close,
            reasons=[Reason(r.feature, r.points, r.text) for r in reasons],
            enough_information=enough,
            ignored_fields=lead.ignored_fields,
            future_activities=lead.future_activities,
            story=UNSET if story is None else Story(story.why, story.who, story.how),
            explored=lot,
        )
        for lead, score, grade, p_accept, p_close, reasons, enough, story, lot in columns
    ]
