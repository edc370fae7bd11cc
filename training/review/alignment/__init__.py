"""The page of the weekly meeting of both teams: what was handed over, what sales answered and why, where views part."""

from __future__ import annotations

from models.definition import Language
from training.pages.document import Document
from training.review.alignment import accepted, contact, feedback, rejected, views, volume
from training.review.foretold import foretell
from training.review.ground import ground_of
from training.review.handed import Handed
from training.review.telling import Telling, values

__all__ = ["NAME", "alignment"]

NAME = "alignment"


def alignment(handed: Handed, seed: int, language: Language) -> Document | None:
    """The report in one language; ``None`` where no lead was handed over. Deterministic for a seed."""
    if handed.leads.empty:
        return None
    telling = Telling(handed, language)
    ground = ground_of(handed)
    handed_over, taken = volume.measure(handed), accepted.measure(handed)
    reached, answered = contact.measure(handed), feedback.measure(handed)
    stands, reasons = views.measure(handed, ground), rejected.of(handed, seed=seed)
    foretold = None if ground is None else foretell(handed, ground, seed=seed)
    parts = (
        volume.part(handed_over, telling),
        accepted.part(taken, telling),
        contact.part(reached, telling),
        feedback.part(answered, telling),
        views.part(stands, telling),
        rejected.part(reasons, telling),
        rejected.before(foretold, reasons, telling),
    )
    title = telling.say("Marketing and sales this week")
    figures = {
        "volume": handed_over,
        "accepted": taken,
        "contact": reached,
        "feedback": answered,
        "views": stands,
        "rejected": reasons,
        "foretold": foretold,
    }
    return Document(NAME, title, tuple(telling.opening()), parts, figures=values(figures))
