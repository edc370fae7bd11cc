"""The sheet: the definition with the measured promise of each grade. It is what both teams sign."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from models.definition import SHORT, Definition
from models.grades import Grading

Role = Literal["marketing", "sales"]
ROLES: tuple[Role, ...] = ("marketing", "sales")
"""Who must sign."""

Kept = Literal["per_week", "accept", "close"]
"""What a promise holds a range of."""


@dataclass(frozen=True, slots=True)
class Range:
    """A measured figure and the range in which it is promised to stay."""

    value: float
    low: float
    high: float

    def holds(self, figure: float) -> bool:
        """Whether a figure measured later lies within."""
        return self.low <= figure <= self.high


@dataclass(frozen=True, slots=True)
class Promise:
    """What one grade promises: leads a week, the share that sales accepts, the share that is closed.

    ``accept`` is ``None`` where the history records no acceptances; a range is ``None`` too where no lead of the grade
    could be judged. ``leads`` are those the shares rest on.
    """

    grade: str
    per_week: Range
    accept: Range | None
    close: Range | None
    leads: int

    def ranges(self) -> dict[Kept, Range]:
        """The ranges there are."""
        every: dict[Kept, Range | None] = {"per_week": self.per_week, "accept": self.accept, "close": self.close}
        return {name: found for name, found in every.items() if found is not None}


@dataclass(frozen=True, slots=True)
class Measured:
    """On what a sheet was measured.

    ``exported_at``: of the history, ISO 8601; ``since`` and ``until``: arrivals of the forward backtest that the shares
    rest on; ``weeks``: recent weeks that the volumes rest on; ``coverage``: how often a range should hold what comes
    in the ``ahead_weeks`` after the export.
    """

    exported_at: str
    since: str
    until: str
    weeks: float
    ahead_weeks: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that later measurement does not bear out."""

    grade: str
    what: Kept
    promised: Range
    now: float


@dataclass(frozen=True)
class Sheet:
    """The definition, its grading and the promise of each grade, best first. Its ``hash`` is what a signature binds."""

    definition: Definition
    grading: Grading
    promises: tuple[Promise, ...]
    measured: Measured

    @property
    def hash(self) -> str:
        """SHA-256 of definition, grading and promises, 64 digits; when it was measured is not part of it."""
        content = {name: part for name, part in self.to_json().items() if name != "measured"}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short_hash(self) -> str:
        """The first digits of the hash, for people."""
        return self.hash[:SHORT]

    def promise(self, grade: str) -> Promise | None:
        """The promise of one grade."""
        return next((promise for promise in self.promises if promise.grade == grade), None)

    def broken_by(self, now: Sheet) -> Iterator[Broken]:
        """Which promises do not hold by what is measured ``now`` of the same definition and grading.

        A figure that can no longer be measured breaks nothing: nothing is known against it.
        """
        for promise in self.promises:
            later = now.promise(promise.grade)
            figures = later.ranges() if later else {}
            for what, promised in promise.ranges().items():
                if what in figures and not promised.holds(figures[what].value):
                    yield Broken(promise.grade, what, promised, figures[what].value)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, from which `from_json` makes an equal sheet."""
        return {
            "definition": self.definition.canonical(),
            "grading": self.grading.to_json(),
            "promises": [asdict(promise) for promise in self.promises],
            "measured": asdict(self.measured),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The sheet that `to_json` described."""
        return cls(
            definition=Definition.of_canonical(document["definition"]),
            grading=Grading.from_json(document["grading"]),
            promises=tuple(_promise(promise) for promise in document["promises"]),
            measured=Measured(**document["measured"]),
        )


def _promise(document: Mapping[str, Any]) -> Promise:
    ranges = {name: document[name] for name in ("per_week", "accept", "close")}
    made = {name: None if given is None else Range(**given) for name, given in ranges.items()}
    return Promise(**{**document, **made})
