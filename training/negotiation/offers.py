"""From volume to promise: what each cut-off of the score would give sales, and what it would leave.

Every row of the negotiation is the leads from some probability of closing on: how many come in a week, how many of them
sales accepts and wins, the hours they take, the wins below the cut-off. Rows rest on the same evidence as the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.definition import Definition
from models.grades import at_capacity
from models.reference import DIGITS
from models.scorer import Scorer
from models.sheet import Promise, Range, Sheet
from training.promises import Evidence, sheet_of

SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Cut-offs when nobody names any: so much of all that comes in."""

QUARTER = 13
"""Weeks of a quarter."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the leads from ``probability`` of closing on give in a week.

    ``promise``: leads a week and shares; ``accepts``, ``wins``: expected in a week, with ranges, ``None`` where they
    cannot be judged; ``hours``: working hours for all of them; ``missed``: wins a quarter among the leads below, of all
    wins the share ``missed_share``; ``fits``: the most leads that the hours at hand suffice for.
    """

    probability: float
    promise: Promise
    accepts: Range | None
    wins: Range | None
    hours: Range
    missed: float | None
    missed_share: float | None
    fits: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "probability": self.probability,
            "leads_per_week": told(self.promise.per_week),
            "accept": told(self.promise.accept),
            "close": told(self.promise.close),
            "accepts_per_week": told(self.accepts),
            "wins_per_week": told(self.wins),
            "hours_per_week": told(self.hours),
            "wins_missed_per_quarter": self.missed,
            "wins_missed_share": self.missed_share,
            "fits": self.fits,
        }


@dataclass(frozen=True)
class Negotiation:
    """The offers, fewest leads first, beside what the grades come to; ``hours`` that sales has, where given."""

    sheet: Sheet
    offers: tuple[Offer, ...]
    grades: tuple[Offer, ...]
    hours: float | None

    @property
    def definition(self) -> Definition:
        """The definition negotiated."""
        return self.sheet.definition

    @property
    def fitting(self) -> Offer | None:
        """The offer that the hours suffice for."""
        return next((offer for offer in self.offers if offer.fits), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        grades = {offer.promise.grade: offer.to_json() for offer in self.grades}
        for offer in grades.values():
            del offer["fits"]
        return {
            "definition": {"name": self.definition.name, "version": self.definition.version},
            "hours_per_lead": self.definition.hours_per_lead,
            "hours": self.hours,
            "offers": [offer.to_json() for offer in self.offers],
            "grades": grades,
        }


def negotiate(evidence: Evidence, volumes: Sequence[float] = (), hours: float | None = None) -> Negotiation:
    """The negotiation for these ``volumes`` (leads a week), or for `SHARES` of all that comes in.

    With ``hours`` a week there is a row for the leads that they suffice for.
    """
    definition = evidence.scorer.definition
    p = np.round(evidence.newest["p_close"].to_numpy(), DIGITS)
    total = len(p) / evidence.weeks
    wanted = list(volumes) or [share * total for share in SHARES]
    workable = None if hours is None else hours / definition.hours_per_lead
    cuts = {at_capacity(p, volume * evidence.weeks) for volume in (*wanted, *(() if workable is None else (workable,)))}
    everything = _offer(evidence, "", 0.0, None)
    offers = [_offer(evidence, "", cut, everything) for cut in sorted(cuts, reverse=True)]
    offers = [offer for offer in offers if offer.promise.per_week.value > 0]
    if workable is not None:
        fit = [i for i, offer in enumerate(offers) if offer.promise.per_week.value <= workable + 0.05]
        offers = [replace(offer, fits=i == max(fit, default=-1)) for i, offer in enumerate(offers)]
    sheet = sheet_of(evidence)
    grades = (
        _told(promise, _from(evidence.scorer, promise.grade), definition, everything) for promise in sheet.promises
    )
    return Negotiation(sheet, tuple(offers), tuple(grades), hours)


@dataclass(frozen=True, slots=True)
class Moved:
    """A grade that no longer takes as many leads a week as sales can work."""

    grade: str
    per_week: float
    capacity: float


def moved(sheet: Sheet, definition: Definition) -> tuple[Moved, ...]:
    """The grades whose volume is off by more than a twentieth and by a lead a week from the capacity defined for it."""
    found = []
    for name, grade in definition.grades.items():
        promise = sheet.promise(name)
        if promise is None or grade.capacity_per_week is None:
            continue
        now, capacity = promise.per_week.value, grade.capacity_per_week
        if abs(now - capacity) > max(capacity / 20, 1.0):
            found.append(Moved(name, now, capacity))
    return tuple(found)


def told(found: Range | None) -> dict[str, float] | None:
    """A range as plain JSON values."""
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}


def _offer(evidence: Evidence, name: str, cut: float, everything: Offer | None) -> Offer:
    forward, past = (
        (np.round(table["p_close"].to_numpy(), DIGITS) >= cut) for table in (evidence.forward, evidence.past)
    )
    return _told(evidence.promise(name, forward, past), cut, evidence.scorer.definition, everything)


def _told(promise: Promise, cut: float, definition: Definition, everything: Offer | None) -> Offer:
    wins = _product(promise.per_week, promise.close)
    missed = share = None
    if everything is not None and everything.wins is not None and wins is not None:
        left = max(everything.wins.value - wins.value, 0.0)
        missed = round(left * QUARTER, 1)
        share = round(left / everything.wins.value, 4) if everything.wins.value > 0 else None
    week = promise.per_week
    hours = Range(*(round(n * definition.hours_per_lead, 1) for n in (week.value, week.low, week.high)))
    return Offer(cut, promise, _product(week, promise.accept), wins, hours, missed, share)


def _product(leads: Range, share: Range | None) -> Range | None:
    """Leads a week times a share: relative distances to either end add in squares, as the two err independently."""
    if share is None:
        return None
    value = leads.value * share.value
    if value <= 0:
        return Range(0.0, 0.0, round(leads.high * share.high, 2))
    pairs = ((leads.low, leads.value), (share.low, share.value)), ((leads.high, leads.value), (share.high, share.value))
    low, high = (np.sqrt(sum((end / middle - 1) ** 2 for end, middle in side)) for side in pairs)
    return Range(round(value, 2), round(max(value * (1 - low), 0.0), 2), round(value * (1 + high), 2))


def _from(scorer: Scorer, grade: str) -> float:
    """The lowest probability of a grade; of one cut at a score, that of the reference lead at the score."""
    cut = next((cut for cut in scorer.grading.cuts if cut.grade == grade), None)
    if cut is None:
        return 0.0
    if cut.score is not None:
        return float(scorer.reference.cuts[max(cut.score - 2, 0)])
    return float(cut.probability or 0.0)
