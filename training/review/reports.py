"""Every report there is: its name in `accord report`, and what makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from models.definition import Language
from training.pages.document import Document
from training.review import exploration, kept, quality, segments
from training.review.alignment import alignment
from training.review.handed import Handed
from training.review.lost import lost


class Build(Protocol):
    """Makes a report."""

    def __call__(self, handed: Handed, *, seed: int, language: Language) -> Document | None:
        """The report in one language; ``None`` where this project has nothing to report of, such as no segments.

        ``seed`` makes what is drawn at random the same every time.
        """


REPORTS: Mapping[str, Build] = {
    "kept": kept.document,
    "quality": quality.document,
    "alignment": alignment,
    "lost": lost,
    "segments": segments.document,
    "exploration": exploration.document,
}
"""By name, in the order in which they are told: a report adds its line here, and its section to ``docs/reports.md``."""
