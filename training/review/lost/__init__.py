"""The lost review: why leads were lost, which ones, what had been said before, and what to ask about it together."""

from __future__ import annotations

from models.definition import Language
from training.pages.document import Document
from training.review.handed import Handed
from training.review.lost import ended, heard, named, questions, signals, why
from training.review.telling import Telling, values

__all__ = ["NAME", "lost"]

NAME = "lost"


def lost(handed: Handed, seed: int, language: Language) -> Document | None:
    """The report in one language; ``None`` where no lead was handed over. Deterministic for a seed."""
    if handed.leads.empty:
        return None
    telling = Telling(handed, language)
    ends = ended.measure(handed)
    whys = tuple(why.measure(handed, end, seed=seed) for end in (ended.LOST, ended.UNDECIDED))
    before = signals.measure(handed, seed=seed)
    good, poor = named.measure(handed, before)
    parts = [
        ended.part(ends, telling),
        *(why.part(one, telling) for one in whys),
        ended.groups_part(ends, telling),
        named.part(good, poor, telling),
        heard.part(before, telling),
        questions.part(ends, whys, before, good, telling),
    ]
    figures = {
        "ended": ends,
        "why": {one.end: one for one in whys},
        "good_lost": good,
        "poor_won": poor,
        "before": {"service": before.service, "silent": before.silent, "median_silence_days": before.medians},
    }
    title = telling.say("Lost: why, and what to learn from it")
    told = tuple(part for part in parts if part is not None)
    return Document(NAME, title, tuple(telling.opening()), told, figures=values(figures))
