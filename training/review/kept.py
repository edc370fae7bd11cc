"""The report ``kept``: whether each grade keeps what was promised."""

from __future__ import annotations

from models.definition import Language
from training.pages.document import Document, Part
from training.review.handed import Handed
from training.review.warranty import examine
from training.speaker import Speaker


def document(handed: Handed, *, seed: int, language: Language) -> Document | None:  # noqa: ARG001 - nothing is drawn
    """The report; ``None`` where no sheet promises anything."""
    if handed.agreed is None:
        return None
    found = examine(handed, handed.agreed.sheet)
    speaker = Speaker(language)
    parts = tuple(Part(grade, ()) for grade in found.sheet.grading.names)
    return Document(
        "kept", speaker.say("Promises kept"), (), parts, figures={"promises": [w.to_json() for w in found.every]}
    )
