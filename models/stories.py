"""The story of a score: why it is what it is, who acts by when, and how to go on, in plain words.

A story says only what the request held: the facts behind the strongest reasons, the definition's promise, what happened
last, and what is not known. It holds no probability, and nothing that other leads did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from crm.history import Field, Milestone
from features.facts import Facts
from features.instants import NAT, Ints
from features.rewind import Codes
from features.spec import Family, Feature, FeatureKind
from models.arrays import Matrix, Positions
from models.clauses import Clauses
from models.definition import Definition, Grade, Language
from models.information import DONE, Information
from models.latest import REQUESTS, Done, latest
from models.mentions import Mentions
from models.quoted import quoted
from models.reasons import POINTS_TO_DOUBLE
from models.seen import Seen
from models.sentences import Sentences
from models.translations import translations
from models.vocabulary import M_

STRONGEST = 5
"""Reasons a story tells; one more where all of them speak for one side and something speaks for the other."""

LOOKED_AT = 10
"""Reasons among which that other side is looked for."""

LEAST = 1.0
"""Points from which a reason is worth a word."""

LEAST_ASKED = 0.5
"""Points by which a fact must move the score, on average, to be asked for."""

_OWN_WORDS = frozenset({Family.SENIORITY, Family.RATE})
Spelled = Mapping[str, tuple[int, Sequence[str]]]
_STEPS = frozenset({"handed_off", "accepted"})
_PROMISES: Mapping[tuple[bool, bool], str] = {
    (True, True): M_("Grade %(grade)s: taken up by %(who)s within %(time)s"),
    (True, False): M_("Grade %(grade)s: taken up by %(who)s; no time is promised"),
    (False, True): M_("Grade %(grade)s: taken up within %(time)s; by whom is not written"),
    (False, False): M_("Grade %(grade)s: no promise is written for this grade"),
}
"""By whether the definition says who acts, and by when."""


@dataclass(frozen=True, slots=True)
class Story:
    """One lead's story, a few sentences each: why this score, who acts by when, and how to go on."""

    why: str
    who: str
    how: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """The weightiest topics of ``n`` leads, weightiest first: the feature that speaks, and points, ``[n, r]`` each."""

    speakers: Positions
    points: Matrix


@dataclass(frozen=True, slots=True)
class Graded:
    """What else was found out about the same leads, ``[n]`` each."""

    grade: npt.NDArray[np.str_]
    enough: npt.NDArray[np.bool_]


class Stories:
    """Tells stories in one language."""

    def __init__(
        self, information: Information, fields: Sequence[Field], definition: Definition, language: Language
    ) -> None:
        self._features = information.features
        self._information = information
        self._definition = definition
        self._language: Language = language
        self._text = translations(language)
        self._sentences = Sentences(language)
        self._mentions = Mentions(self._features, fields, definition, language)
        self._clauses = Clauses(self._features, self._mentions, language)
        self._worded = sorted({str(f.field) for f in self._features if _has_own_words(f)})
        self._steps = {i for i, f in enumerate(self._features) if f.measure in _STEPS}
        self._sees_activity = any(f.family in DONE for f in self._features)
        points = POINTS_TO_DOUBLE / math.log(2)
        self._worth_asking = [weight * points >= LEAST_ASKED for weight in information.importance]
        self._promises = {grade: self._promise(grade) for grade in definition.grades}

    def tell(self, facts: Facts, lead: Ints, as_of: Ints, x: Matrix, ranked: Ranked, graded: Graded) -> list[Story]:
        """The story of each lead ``lead[i]`` of ``facts`` at ``as_of[i]``; ``x[n, k]`` are its features."""
        codes, spelled = self._codes(facts, lead, as_of)
        missing = self._information.missing(x)
        rows = zip(
            as_of.tolist(),
            x.tolist(),
            codes,
            *latest(facts, lead, as_of),
            ranked.speakers.tolist(),
            ranked.points.tolist(),
            graded.grade.tolist(),
            graded.enough.tolist(),
            missing,
            _handed_off(facts, lead, as_of),
            strict=True,
        )
        told = []
        for at, row, own, newest, asked, speakers, points, grade, enough, unknown, handed_off in rows:
            seen = Seen(row, at, partial(_own_word, own, spelled), handed_off=handed_off)
            told.append(
                Story(
                    why=self._why(speakers, points, seen),
                    who=self._promises.get(grade) or self._promise(grade),
                    how=self._how(newest, asked, seen, unknown, enough=enough),
                )
            )
        return told

    def _why(self, speakers: Sequence[int], points: Sequence[float], seen: Seen) -> str:
        chosen = self._chosen(speakers, points, seen)
        speaks_for = self._clauses.told([i for i, p in chosen if p > 0], seen)
        against = self._clauses.told([i for i, p in chosen if p < 0], replace(seen, against=True))
        if not speaks_for and not against:
            return self._text.gettext("Little sets this lead apart from the others.")
        if not against:
            return self._side(speaks_for)
        sides = [self._side(against, M_("Against it: %(facts)s"))]
        if speaks_for and sum(p for _, p in chosen) < 0:
            sides.append(self._side(speaks_for, M_("For it: %(facts)s")))
        elif speaks_for:
            sides.insert(0, self._side(speaks_for))
        return " ".join(sides)

    def _side(self, facts: Sequence[str], message: str | None = None) -> str:
        listed = self._sentences.listed(facts)
        said = listed if message is None else self._text.gettext(message) % {"facts": listed}
        return self._sentences.sentence(said)

    def _chosen(self, speakers: Sequence[int], points: Sequence[float], seen: Seen) -> list[tuple[int, float]]:
        """The reasons worth telling: the strongest, and the strongest of the other side where they all agree."""
        worth = [
            (i, p)
            for i, p in zip(speakers, points, strict=True)
            if abs(p) >= LEAST and not (i in self._steps and _still_ahead(self._features[i], float(seen.row[i])))
        ]
        chosen = worth[:STRONGEST]
        if chosen and len({p > 0 for _, p in chosen}) == 1:
            chosen += [(i, p) for i, p in worth[STRONGEST:] if (p > 0) != (chosen[0][1] > 0)][:1]
        for i, p in [more for more in worth if more[0] in self._clauses.company.features and more not in chosen]:
            if self._clauses.company.completes(i, [j for j, q in chosen if (q > 0) == (p > 0)], seen):
                chosen.append((i, p))
        return chosen

    def _how(self, newest: Done | None, asked: Done | None, seen: Seen, unknown: Sequence[int], *, enough: bool) -> str:
        told = [] if enough else [self._text.gettext("Too little is known to rely on this score.")]
        if newest is not None:
            told.append(self._sentences.sentence(self._last(newest, asked, seen.as_of)))
        elif self._sees_activity:
            told.append(self._text.gettext("No activity is known."))
        ask = [i for i in unknown if self._worth_asking[i] and seen.may_know(self._features[i])]
        names = ", ".join(map(self._mentions.name, ask))
        if names:
            said = self._text.gettext("Still to find out: %(names)s") % {"names": names}
            told.append(self._sentences.sentence(said))
        return " ".join(told) or self._text.gettext("Nothing that matters for the score is missing.")

    def _last(self, newest: Done, asked: Done | None, as_of: int) -> str:
        if asked is None:
            return self._text.gettext("Latest event: %(event)s") % {"event": self._event(newest, as_of)}
        label = M_("Latest request: %(event)s") if asked.kind in REQUESTS else M_("Latest sign of interest: %(event)s")
        said = self._text.gettext(label) % {"event": self._event(asked, as_of)}
        if self._sentences.when(newest.at, as_of) == self._sentences.when(asked.at, as_of):
            return said
        since = self._text.gettext("since then: %(event)s") % {"event": self._event(newest, as_of)}
        return self._sentences.listed((said, since))

    def _event(self, done: Done, as_of: int) -> str:
        what = {"thing": self._mentions.activities(done.kind, 1), "when": self._sentences.when(done.at, as_of)}
        return self._text.gettext("%(thing)s, %(when)s") % what

    def _promise(self, name: str) -> str:
        """Who acts by when on leads of this grade, as the definition has it."""
        grade = self._definition.grades.get(name, Grade())
        said = {"grade": quoted(name)}
        if grade.who is not None:
            said["who"] = grade.who.told(self._language).rstrip(" .")
        if grade.within_hours is not None:
            said["time"] = self._working_time(grade.within_hours)
        message = _PROMISES[grade.who is not None, grade.within_hours is not None]
        return self._sentences.sentence(self._text.gettext(message) % said)

    def _working_time(self, hours: float) -> str:
        if hours == int(hours):
            said, n = self._text.ngettext("one working hour", "%(n)s working hours", int(hours)), hours
        else:
            n = max(1, round(60 * hours))
            said = self._text.ngettext("one working minute", "%(n)s working minutes", int(n))
        return said % {"n": self._sentences.number(n)}

    def _codes(self, facts: Facts, lead: Ints, as_of: Ints) -> tuple[list[list[int]], Spelled]:
        """The leads' own words as codes, one row a lead, as they stood then; and where a field's words are found."""
        place = {name: i for i, name in enumerate(facts.word_names)}
        spelled = {name: (i, facts.words[place[name]]) for i, name in enumerate(self._worded) if name in place}
        return Codes(facts, self._worded).at(lead, as_of).tolist(), spelled


def _handed_off(facts: Facts, lead: Ints, as_of: Ints) -> list[bool]:
    at = facts.moment(Milestone.HANDED_OFF)[lead]
    known: list[bool] = ((at != NAT) & (at <= as_of)).tolist()
    return known


def _own_word(codes: Sequence[int], spelled: Spelled, field: str) -> str:
    column, words = spelled.get(field, (0, ()))
    return quoted(words[codes[column] - 1]) if words and codes[column] else ""


def _has_own_words(feature: Feature) -> bool:
    category = feature.family is Family.ATTRIBUTE and feature.kind is FeatureKind.CATEGORY
    return category or feature.family in _OWN_WORDS


def _still_ahead(feature: Feature, value: float) -> bool:
    """Whether this is a step of the funnel that has not come yet, which says nothing of the lead: see `Topics.top`."""
    if feature.family is Family.PROGRESS:
        return value == 0
    return math.isnan(value)
