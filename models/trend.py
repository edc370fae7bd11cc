"""Whether a lead's score has been rising, falling or steady of late.

The score now is held against the one that stood at the beginning of the period: the last one given up to then, or the
first one after it where there was none yet. Both are the log-odds of ``p_close``, so that a step means the same at any
height; a step under `STEADY` points is none. A score says how it stood until the next one, so what lay between does not
matter, and a lead scored fifteen times on one day weighs no more than one scored once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from babel.numbers import format_decimal

from models.definition import Language
from models.movement import in_points
from models.translations import translations

STEADY = 3.0
"""Points under which a change is none: three of them are odds higher or lower by a fifth."""

Direction = Literal["rising", "falling", "steady", "unknown"]


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a score has been going over the past ``days``; ``points`` are null where there was nothing to compare."""

    direction: Direction
    points: float | None
    text: str


def trend(then: tuple[int, float] | None, now: tuple[int, float] | None, days: int, language: Language) -> Trend:
    """The trend from a ``(score, log-odds of closing)`` to another.

    ``then`` is ``None`` where there was but one, and ``now`` as well where there was none.

    >>> trend((62, -1.6), (71, -1.0), 30, "en")
    Trend(direction='rising', points=8.7, text='Rising: from 62 to 71 in the past 30 days.')
    """
    text = translations(language)
    period = {"days": str(format_decimal(days, locale=language))}
    if now is None:
        none = text.ngettext(
            "Not known: no score in the past %(days)s day.", "Not known: no score in the past %(days)s days.", days
        )
        return Trend("unknown", None, none % period)
    if then is None:
        one = text.ngettext(
            "Not known: only one score in the past %(days)s day.",
            "Not known: only one score in the past %(days)s days.",
            days,
        )
        return Trend("unknown", None, one % period)
    points = in_points(now[1] - then[1])
    facts = {**period, "was": str(then[0]), "now": str(now[0])}
    if abs(points) < STEADY:
        said = text.ngettext(
            "Steady: from %(was)s to %(now)s in the past %(days)s day.",
            "Steady: from %(was)s to %(now)s in the past %(days)s days.",
            days,
        )
        return Trend("steady", points, said % facts)
    if points > 0:
        said = text.ngettext(
            "Rising: from %(was)s to %(now)s in the past %(days)s day.",
            "Rising: from %(was)s to %(now)s in the past %(days)s days.",
            days,
        )
        return Trend("rising", points, said % facts)
    said = text.ngettext(
        "Falling: from %(was)s to %(now)s in the past %(days)s day.",
        "Falling: from %(was)s to %(now)s in the past %(days)s days.",
        days,
    )
    return Trend("falling", points, said % facts)
