"""Why a score moved between two instants: which facts moved it by how much, and what another scorer did to it.

What is explained is the log-odds of ``p_close``, which add up: a step of the facts is the difference of their
contributions (times the slope of the calibration), under one and the same scorer. Where the scorer was replaced in
between, the facts are weighed by the later one, and the rest is what the later one makes of the facts as they were
before. Between the two nothing is left over, but for the rounding of sums (1e-9).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from babel.numbers import format_decimal

from features.spec import Family
from models.arrays import Matrix, Vector
from models.definition import Language
from models.phrases import Phrases
from models.reasons import Topics, points_of
from models.scorer import Scorer
from models.translations import translations

_COUNTED = frozenset({Family.COUNT, Family.ACTIVE_DAYS})


@dataclass(frozen=True, slots=True)
class Known:
    """What a score was given on: the features ``x[k]``, and whether sales had accepted the lead by then."""

    x: Vector
    accepted: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What one topic added to the log-odds of closing, or took from them.

    ``feature`` is the one of its features that tells what happened; ``text`` says what is known of it now, and what was
    known before.
    """

    topic: str
    feature: str
    log_odds: float
    text: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A change of the log-odds of ``p_close``: ``moved``, ``bound`` and ``scorer`` add up to ``after - before``.

    ``moved``: the facts, weightiest first, those that moved nothing left out. ``bound``: what it adds that closing is
    never likelier than acceptance. ``scorer``: what another scorer makes of the same facts, those of before; 0 where
    there is none.
    """

    before: float
    after: float
    moved: tuple[Moved, ...]
    bound: float
    scorer: float

    @property
    def whole(self) -> float:
        """The change."""
        return self.after - self.before


class Movements:
    """Explains changes under one scorer, in one language."""

    def __init__(self, scorer: Scorer, language: Language) -> None:
        self._scorer = scorer
        self._language = language
        self._text = translations(language)
        self._features = scorer.catalog.features
        self._topics = Topics(tuple(self._features))

    def between(self, was: Known, now: Known, before: float | None = None) -> Movement:
        """The change from ``was`` to ``now``, both as features of this scorer's catalog.

        ``before``: the log-odds of the earlier ``p_close`` where another scorer gave it (see `log_odds`).
        """
        x = np.stack([was.x, now.x])
        close, told = _levels(self._scorer, x, np.array([was.accepted, now.accepted]))
        contributions, _ = self._scorer.heads.close.contributions(x)
        steps = (contributions[1] - contributions[0]) * self._scorer.heads.close.calibration.slope
        return Movement(
            before=float(told[0]) if before is None else before,
            after=float(told[1]),
            moved=self._moved(was.x, now.x, steps),
            bound=float((told[1] - close[1]) - (told[0] - close[0])),
            scorer=0.0 if before is None else float(told[0]) - before,
        )

    def summary(self, movement: Movement, was: int, now: int) -> str:
        """The change in a sentence; ``was`` and ``now`` are the scores."""
        said = self._text.gettext("From %(was)s to %(now)s: %(points)s points, from what is known of the lead.")
        if in_points(movement.scorer) != 0:
            said = self._text.gettext(
                "From %(was)s to %(now)s: %(points)s points, of which %(facts)s from what is known of the lead "
                "and %(scorer)s from another scorer."
            )
        facts = movement.whole - movement.scorer
        steps = {"points": movement.whole, "facts": facts, "scorer": movement.scorer}
        signed = {name: signed_points(step, self._language) for name, step in steps.items()}
        return said % {"was": str(was), "now": str(now), **signed}

    def _moved(self, was: Vector, now: Vector, steps: Vector) -> tuple[Moved, ...]:
        sums = self._topics.sums(steps[None, :])[0]
        found = []
        for topic in np.argsort(-np.abs(sums), kind="stable").tolist():
            if sums[topic] != 0:
                speaker = self._speaker(self._topics.members[topic], was, now, steps * np.sign(sums[topic]))
                text = self._told(speaker, was, now, rises=bool(sums[topic] > 0))
                name = self._topics.names[topic]
                found.append(Moved(name, self._features[speaker].name, float(sums[topic]), text))
        return tuple(found)

    def _speaker(self, members: Sequence[int], was: Vector, now: Vector, agreeing: Vector) -> int:
        """Of a topic's features the one to tell: one whose words changed, of these the one that moved it most.

        That another source came with another record of its leads is told as the source: the lead's own fact.
        """
        say = self._phrases.say

        def tells(i: int) -> tuple[bool, bool, bool, float, int]:
            changed, own = say(i, now) != say(i, was), self._features[i].family is not Family.RATE
            return changed, changed and own, not _same(float(was[i]), float(now[i])), float(agreeing[i]), -i

        return max(members, key=tells)

    def _told(self, feature: int, was: Vector, now: Vector, *, rises: bool) -> str:
        fact, earlier = self._phrases.say(feature, now), self._phrases.say(feature, was)
        if fact == earlier:
            said = self._text.gettext("%(fact)s, as before; beside what changed, it speaks more for the lead")
            if not rises:
                said = self._text.gettext("%(fact)s, as before; beside what changed, it speaks less for the lead")
            return said % {"fact": fact}
        if self._features[feature].family in _COUNTED and not math.isnan(was[feature]):
            earlier = self._phrases.number(float(was[feature]))
        else:
            earlier = self._shorter(earlier, fact)
        return self._text.gettext("%(now)s; before: %(was)s") % {"now": fact, "was": earlier}

    def _shorter(self, earlier: str, fact: str) -> str:
        """What was known before, without the name that was said already, and as it stands within a sentence."""
        mark = self._text.gettext("%(name)s: %(fact)s") % {"name": "", "fact": ""}
        name, found, rest = earlier.partition(mark)
        if found and fact.startswith(name + mark):
            return rest
        return earlier[:1].lower() + earlier[1:] if earlier[1:2].islower() else earlier

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases(tuple(self._features), self._scorer.fields, self._scorer.definition, self._language)


def log_odds(scorer: Scorer, known: Known) -> float:
    """The log-odds of the ``p_close`` that this scorer gives.

    Kept apart from the probability because near 0 and 1 the probability no longer tells them to the last digits.
    """
    return float(_levels(scorer, known.x[None, :], np.array([known.accepted]))[1][0])


def _levels(scorer: Scorer, x: Matrix, accepted: npt.NDArray[np.bool_]) -> tuple[Vector, Vector]:
    """The log-odds of the close head, and those of ``p_close``, which acceptance bounds: `Heads.link` in log-odds."""
    heads, raw = scorer.heads, scorer.heads.raw(x)
    close = heads.close.calibration.log_odds(raw["close"])
    if heads.accept is None:
        return close, close
    accept = np.where(accepted, np.inf, heads.accept.calibration.log_odds(raw["accept"]))
    return close, np.minimum(close, accept)


def _same(was: float, now: float) -> bool:
    return was == now or (math.isnan(was) and math.isnan(now))


def nothing_to_compare(language: Language) -> str:
    """What is said where there are no two scores."""
    return translations(language).gettext("There are no two scores to compare.")


def total_only(was: int, now: int, step: float | None, language: Language) -> str:
    """The change in a sentence where what moved it cannot be worked out any more; ``None``: it is beyond measure."""
    said = translations(language).gettext(
        "From %(was)s to %(now)s: %(points)s points. What moved it cannot be said any more: a scorer of then is gone, "
        "or looked at other facts."
    )
    return said % {"was": str(was), "now": str(now), "points": "…" if step is None else signed_points(step, language)}


def signed_points(step: float, language: Language) -> str:
    """A step of the log-odds in points, with its sign: ``+8.7``."""
    return str(format_decimal(in_points(step), format="+#,##0.0;−#,##0.0", locale=language))  # noqa: RUF001


def in_points(steps: float) -> float:
    """A step of the log-odds in points, to one decimal, as people are told it."""
    return round(points_of(steps), 1) + 0.0  # never -0.0
