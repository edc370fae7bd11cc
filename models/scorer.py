"""The scorer: the fitted, immutable thing that turns facts about leads into probabilities, grade and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from crm.history import Field, Milestone
from features.catalog import Catalog
from features.compute import matrix
from features.facts import Facts
from features.instants import NAT, Ints
from models.arrays import Matrix, Vector
from models.definition import LANGUAGES, Definition, Language
from models.grades import Grading, freeze
from models.head import Heads
from models.information import Information
from models.phrases import Phrases
from models.reasons import Reason, Topics
from models.reference import Reference
from models.scores import Explanation, Scores
from models.segments import Segmented
from models.stories import LOOKED_AT, Graded, Ranked, Stories

REASONS = 3
"""Reasons a lead, unless asked otherwise."""

_ENOUGH_ROWS = 2000
"""Rows on which the importance of features is measured: contributions are slow, their means settle fast."""


@dataclass(frozen=True)
class Meta:
    """Where a scorer comes from.

    ``trained_at``: the export instant of the history it learned from, ISO 8601 (never the clock: the same inputs give
    the same artifact). ``data``: hash of that history. ``version`` is given by the registry, not part of the artifact.
    ``more`` holds plain JSON values that later readers know.
    """

    trained_at: str
    seed: int
    data: str
    version: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scorer:
    """Everything a score needs. Nothing in it changes after it is made; it may be used from several threads at once.

    ``fields`` are those `Facts` must be made with. ``importance[k]``: see `Information`. ``grading`` is what the
    definition's grades come to, frozen when they were first measured.
    """

    catalog: Catalog
    fields: tuple[Field, ...]
    heads: Heads
    reference: Reference
    definition: Definition
    grading: Grading
    importance: tuple[float, ...]
    meta: Meta

    def score(
        self,
        facts: Facts,
        lead: Ints,
        as_of: Ints,
        *,
        reasons: int = REASONS,
        language: Language = "en",
        stories: bool = False,
    ) -> Scores:
        """The scores of lead ``lead[i]`` of ``facts`` at ``as_of[i]`` (microseconds since 1970 UTC), ``[n]`` each.

        No lead's score depends on the others of a call, to the last bit. Memory is about ten matrices ``[n, k]``:
        whoever scores millions comes in chunks.
        """
        x = matrix(self.catalog, facts, lead, as_of)
        at = facts.moment(Milestone.ACCEPTED)[lead]
        ranked = self._ranked(x, max(reasons, LOOKED_AT if stories else 0))
        scores = self._scores(x, (at != NAT) & (at <= as_of), ranked, reasons, language)
        if not stories:
            return scores
        graded = Graded(scores.grade, scores.enough_information)
        told = self._stories[language].tell(facts, lead, as_of, x, ranked, graded)
        return replace(scores, stories=tuple(told))

    @cached_property
    def segmented(self) -> Segmented:
        """In which of marketing's segments a lead is, on the facts that a score rests on."""
        return Segmented.of(self.definition, self.catalog, self.fields)

    def score_matrix(
        self, x: Matrix, accepted: npt.NDArray[np.bool_], *, reasons: int = REASONS, language: Language = "en"
    ) -> Scores:
        """`score` from the feature matrix ``x[n, k]`` and whether sales had accepted each lead by then, ``[n]``.

        Stories need more than features, so there are none.
        """
        return self._scores(x, accepted, self._ranked(x, reasons), reasons, language)

    def _scores(
        self, x: Matrix, accepted: npt.NDArray[np.bool_], ranked: Ranked, reasons: int, language: Language
    ) -> Scores:
        raw = self.heads.raw(x)
        p_accept, p_close = self.heads.link(raw, accepted)
        score = self.reference.score(p_close)
        none: tuple[tuple[Any, ...], ...] = ((),) * len(x)
        return Scores(
            score=score,
            grade=self.grading.grades(score, p_close),
            p_accept=p_accept,
            p_close=p_close,
            enough_information=self._information.enough(x),
            log_odds=raw,
            base={name: head.base for name, head in self.heads.named.items()},
            reasons=self._reasons(x, ranked, reasons, language) if reasons else none,
            missing=self._missing(x, language) if reasons else none,
            features=x,
        )

    def explain(self, x: Matrix) -> dict[str, Explanation]:
        """Every contribution to each head's log-odds, for all of ``x[n, k]``."""
        told = {}
        for name, head in self.heads.named.items():
            contributions, base = head.contributions(x)
            told[name] = Explanation(base, contributions, head.raw(x))
        return told

    def _ranked(self, x: Matrix, most: int) -> Ranked:
        """The ``most`` weightiest topics of each lead; nothing is worked out where none are asked for."""
        if not most:
            return Ranked(np.empty((len(x), 0), np.intp), np.empty((len(x), 0)))
        contributions, _ = self.heads.close.contributions(x)
        return Ranked(*self._topics.top(x, contributions, most))

    def _reasons(self, x: Matrix, ranked: Ranked, most: int, language: Language) -> tuple[tuple[Reason, ...], ...]:
        say, features = self._phrases[language].say, self.catalog.features
        speakers, points = ranked.speakers[:, :most].tolist(), ranked.points[:, :most].tolist()
        return tuple(
            tuple(
                Reason(features[i].name, features[i].topic, p, say(i, row))
                for i, p in zip(chosen, told, strict=True)
                if p != 0
            )
            for row, chosen, told in zip(x, speakers, points, strict=True)
        )

    def _missing(self, x: Matrix, language: Language) -> tuple[tuple[str, ...], ...]:
        name = self._phrases[language].name
        return tuple(tuple(name(i) for i in row) for row in self._information.missing(x))

    @cached_property
    def _topics(self) -> Topics:
        return Topics(tuple(self.catalog.features))

    @cached_property
    def _information(self) -> Information:
        return Information(tuple(self.catalog.features), self.importance)

    @cached_property
    def _stories(self) -> dict[Language, Stories]:
        return {lang: Stories(self._information, self.fields, self.definition, lang) for lang in LANGUAGES}

    @cached_property
    def _phrases(self) -> dict[Language, Phrases]:
        return {lang: Phrases(self._topics.features, self.fields, self.definition, lang) for lang in LANGUAGES}


@dataclass(frozen=True)
class Arrivals:
    """The leads that came in over so many ``weeks``, as they were then: features ``x[n, k]``, ``accepted[n]``."""

    x: Matrix
    accepted: npt.NDArray[np.bool_]
    weeks: float


def assemble(
    catalog: Catalog,
    fields: tuple[Field, ...],
    heads: Heads,
    definition: Definition,
    meta: Meta,
    *,
    x: Matrix,
    accepted: npt.NDArray[np.bool_],
    weight: Vector | None = None,
    arrivals: Arrivals | None = None,
    grading: Grading | None = None,
) -> Scorer:
    """The scorer of these fitted heads, ranked among the reference leads.

    Grades are given by ``grading``, frozen earlier; without one it is frozen now on the ``arrivals`` (default: the
    reference leads, as if they had come within a week).

    ``x[n, k]`` are the reference leads' features, ``accepted[n]`` whether sales had accepted them, ``weight[n]`` their
    weight (default: equal). The importance of features is measured on evenly spaced rows of them.
    """
    p_close = heads.probabilities(x, accepted)[1]
    reference = Reference.of(p_close, weight)
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), _ENOUGH_ROWS)).astype(np.intp))
    contributions, _ = heads.close.contributions(np.ascontiguousarray(x[some]))
    importance = np.average(np.abs(contributions), axis=0, weights=None if weight is None else weight[some])
    return Scorer(
        catalog=catalog,
        fields=fields,
        heads=heads,
        reference=reference,
        definition=definition,
        grading=grading or _frozen(definition, heads, reference, arrivals or Arrivals(x, accepted, 1.0)),
        importance=tuple(importance.tolist()),
        meta=meta,
    )


def _frozen(definition: Definition, heads: Heads, reference: Reference, arrivals: Arrivals) -> Grading:
    p_close = heads.probabilities(arrivals.x, arrivals.accepted)[1]
    return freeze(definition, reference.score(p_close), p_close, arrivals.weeks)
