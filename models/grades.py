"""Grading: from where on each grade is given, frozen so that a grade means the same under the next scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.arrays import Vector
from models.definition import Definition
from models.reference import DIGITS

_STEP = 10.0**-DIGITS

Scores = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Cut:
    """A grade and what a lead needs for it: a lowest ``score``, or else a lowest ``probability`` of closing."""

    grade: str
    score: int | None = None
    probability: float | None = None

    def reached(self, score: Scores, p: Vector) -> npt.NDArray[np.bool_]:
        """Which leads have it, ``[n]``; ``p`` are probabilities of closing as rounded as scores are made from them."""
        if self.score is not None:
            return np.asarray(score >= self.score)
        return np.asarray(p >= float(self.probability or 0.0))


@dataclass(frozen=True, slots=True)
class Grading:
    """The cuts of all grades but the last, best first; a lead gets the first grade it reaches, else ``rest``.

    >>> grading = Grading((Cut("A", score=90), Cut("B", probability=0.2)), "C")
    >>> grading.grades(np.array([99, 90, 70, 40]), np.array([0.9, 0.1, 0.2, 0.1])).tolist()
    ['A', 'A', 'B', 'C']
    """

    cuts: tuple[Cut, ...]
    rest: str

    @property
    def names(self) -> tuple[str, ...]:
        """All grades, best first."""
        return (*(cut.grade for cut in self.cuts), self.rest)

    def grades(self, score: Scores, p_close: Vector) -> Names:
        """The grade of each lead, ``[n]``, from its score and probability of closing."""
        p = np.round(p_close, DIGITS)
        reached = [cut.reached(score, p) for cut in self.cuts]
        return np.asarray(np.select(reached, [cut.grade for cut in self.cuts], default=self.rest).astype(str))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        cuts = [{"grade": cut.grade, "score": cut.score, "probability": cut.probability} for cut in self.cuts]
        return {"cuts": cuts, "rest": self.rest}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The grading that `to_json` described."""
        return cls(tuple(Cut(**cut) for cut in document["cuts"]), str(document["rest"]))


def freeze(definition: Definition, score: Scores, p_close: Vector, weeks: float) -> Grading:
    """The grading that the definition asks for, seen on the leads that came in over ``weeks``.

    ``score[n]`` and ``p_close[n]`` are theirs on arrival. A grade with a capacity takes the best of those that no
    better grade has taken, as many as it can work: its cut is the lowest probability that does not let in more than
    that, so leads that tie are in together or not at all. Where it can work more than there are, it takes all.
    """
    p = np.round(p_close, DIGITS)
    left = np.ones(len(p), dtype=bool)
    *names, rest = definition.grades
    cuts = []
    for name in names:
        grade = definition.grades[name]
        at = grade.probability
        if grade.capacity_per_week is not None:
            at = at_capacity(p[left], grade.capacity_per_week * weeks)
        cut = Cut(name, grade.score, at)
        left &= ~cut.reached(score, p)
        cuts.append(cut)
    return Grading(tuple(cuts), rest)


def at_capacity(p_close: Vector, most: float) -> float:
    """The lowest probability that at most ``most`` of these leads reach; just above all where even the best tie."""
    p = np.sort(np.round(p_close, DIGITS))[::-1]
    if len(p) <= most:
        return _STEP
    first_out = p[int(most)]
    inside = p[p > first_out]
    return float(inside[-1] if len(inside) else first_out + _STEP)
