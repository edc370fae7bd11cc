"""Habits: how much more readily each person says yes than the others would of the same leads, in log-odds.

One logistic regression of the answers on what the leads are and on who decided (a mixed model: a normal prior on each
person, whose spread is the one that explains the persons' differences; MacKay 1992, whose rounds end where those of EM
do, only sooner). Persons with few leads are shrunk towards 0, the average person. Newton's steps
eliminate the persons first, each of whom has a row of their own, so that many of them cost little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from models.arrays import Matrix, Vector
from training.persons import UNKNOWN

Codes = NDArray[np.int64]

FREE = 0.5
"""Width of the leads' weights: wide, so that a habit is only what the leads cannot tell."""

MOST = 200
"""Persons that get a habit of their own, those with the most leads; the others are like an unknown one."""

ROLE = 20.0
"""Leads from which on a person who says only yes, or only no, does not choose but records: a machine, an assistant."""

KNOWN = 0.8
"""Share of the yeses, and of the noes, whose person must be known: who is known must not depend on the answer."""

ROUNDS = 15
"""Rounds in search of the spread; each takes few Newton steps, begun where the last one ended."""

START, LEAST = 0.5, 0.02
"""The spread with which the search begins, in log-odds, and below which there is none to speak of."""

_FREE = 1e-6  # precision of a coefficient without a prior
_CLOSE = 1e-6
_STEPS = 40


@dataclass(frozen=True)
class Habits:
    """What was found, by code of the persons.

    ``habit``: against the mean of all persons by leads; ``error``: how far it may be off (its posterior deviation);
    ``spread``: standard deviation of the habits of all persons; ``intercept``: of the answers of the mean person;
    ``has[j]``: whether this person got a habit of their own (`MOST`, `ROLE`); where not, 0 with an error of ``spread``.
    """

    habit: Vector
    error: Vector
    spread: float
    intercept: float
    has: NDArray[np.bool_]

    def of(self, person: Codes) -> Vector:
        """The habit of each row's person, NaN where it is unknown or has none of their own."""
        known = np.append(self.has, False)[person]
        return np.where(known, np.append(self.habit, 0.0)[person], np.nan)


def habits_of(
    person: Codes, y: Vector, weight: Vector, rows: Matrix, *, offset: Vector, width: float = FREE
) -> Habits | None:
    """The habits of the persons, or ``None`` where they cannot be told.

    ``person[n]`` is `UNKNOWN` where nobody is known; ``rows[n, k]``: the leads' columns, on one scale, with weights
    expected within ``width`` of 0; ``offset[n]``: log-odds that are known beforehand. Habits cannot be told of fewer
    than two persons, or where who is known depends on the answer (`KNOWN`), as where only those who decided are
    recorded while others let leads lie: a habit would then stand for the answer itself. Answers of unknown persons help
    to tell what the leads are worth, at a level of their own.
    """
    has = choosing(person, y, weight) & _with_most_leads(person, weight)
    place = np.append(np.where(has, np.cumsum(has) - 1, UNKNOWN), UNKNOWN)[person]
    if has.sum() < 2 or not _known_whatever_the_answer(place, y, weight):  # noqa: PLR2004  one has nobody to differ from
        return None
    model = _Mixed(rows, y, weight, place, int(has.sum()), width, offset)
    share = np.bincount(place[place != UNKNOWN], weights=weight[place != UNKNOWN], minlength=int(has.sum()))
    habit, error, spread, intercept = model.fitted(share / share.sum())
    full, errors = np.zeros(len(has)), np.full(len(has), spread)
    full[has], errors[has] = habit, error
    return Habits(full, errors, spread, intercept, has)


def beside(offset: Vector, y: Vector, weight: Vector, rows: Matrix, width: float) -> tuple[Vector, float]:
    """Weights and intercept of a logistic regression (as `training.candidates.logistic`) beside a given ``offset``."""
    return _Mixed(rows, y, weight, np.full(len(y), UNKNOWN), 0, width, offset).weights()


def choosing(person: Codes, y: Vector, weight: Vector) -> NDArray[np.bool_]:
    """Who among the persons chooses, by code: not those who only record (`ROLE`)."""
    known, count = person != UNKNOWN, int(person.max(initial=UNKNOWN)) + 1
    every = np.bincount(person[known], weights=weight[known], minlength=count)
    yes = np.bincount(person[known], weights=(weight * y)[known], minlength=count)
    rarer = np.minimum(yes, every - yes)
    return np.asarray((every > 0) & ((every < ROLE) | (rarer >= 0.5)))  # noqa: PLR2004  half a lead


def _with_most_leads(person: Codes, weight: Vector) -> NDArray[np.bool_]:
    known, count = person != UNKNOWN, int(person.max(initial=UNKNOWN)) + 1
    every = np.bincount(person[known], weights=weight[known], minlength=count)
    out = np.zeros(count, dtype=bool)
    out[np.lexsort((np.arange(count), -every))[:MOST]] = True
    return out


def _known_whatever_the_answer(place: Codes, y: Vector, weight: Vector) -> bool:
    """Whether there are yeses and noes, and nearly all of both have a person with a habit of their own."""
    for answer in (y, 1 - y):
        every = float(weight @ answer)
        if every <= 0 or float((weight * answer)[place != UNKNOWN].sum()) < KNOWN * every:
            return False
    return True


class _Mixed:
    """Newton's method for one spread after the other. Columns: an intercept (two where some persons are unknown)."""

    def __init__(
        self, rows: Matrix, y: Vector, weight: Vector, place: Codes, persons: int, width: float, offset: Vector
    ) -> None:
        known = place != UNKNOWN
        levels = [side.astype("float64") for side in (known, ~known) if side.any()]
        self._x = np.column_stack([*levels, rows])
        self._y, self._weight, self._offset = y, weight, offset
        at = np.flatnonzero(known)
        self._z = csr_matrix((np.ones(len(at)), (place[at], at)), shape=(persons, len(y)))
        self._prior = np.concatenate([np.full(len(levels), _FREE), np.full(rows.shape[1], width**-2.0)])
        mean = float(weight @ y / weight.sum())
        self._beta = np.concatenate([np.full(len(levels), logit(mean)), np.zeros(rows.shape[1])])
        self._habit = np.zeros(persons)

    def fitted(self, share: Vector) -> tuple[Vector, Vector, float, float]:
        """Habits against their mean by ``share``, the errors of that, their spread, and the mean person's intercept."""
        spread = START
        for _ in range(ROUNDS):
            variance = self._newton(spread**-2.0).diagonal()
            told = max(
                np.sum(1 - variance / spread**2), 1e-9
            )  # how many habits the answers tell, the rest is the prior
            found = max(float(np.sqrt(self._habit @ self._habit / told)), LEAST)
            settled = abs(found - spread) < 0.02 * spread  # finer than any data tell
            spread = found
            if settled or spread == LEAST:
                break
        covariance = self._newton(spread**-2.0)
        against = np.eye(len(share)) - share
        error = np.sqrt(np.einsum("ij,jk,ik->i", against, covariance, against, optimize=True))
        mean = float(share @ self._habit)
        return self._habit - mean, error, spread, float(self._beta[0]) + mean

    def weights(self) -> tuple[Vector, float]:
        """The weights of the leads' columns, and the intercept, where there are no persons."""
        self._newton(1.0)
        return self._beta[1:], float(self._beta[0])

    def _newton(self, precision: float) -> Matrix:
        """Moves to the mode for this precision of the prior on persons; the habits' posterior covariance."""
        loss = self._loss(precision, self._beta, self._habit)
        for _ in range(_STEPS):
            step, habit_step, covariance = self._step(precision)
            length = 1.0
            while True:
                beta, habit = self._beta - length * step, self._habit - length * habit_step
                now = self._loss(precision, beta, habit)
                if now <= loss + 1e-12 * abs(loss) or length < 1e-4:  # noqa: PLR2004
                    break
                length /= 2
            self._beta, self._habit, loss = beta, habit, now
            if max(np.abs(step).max(), np.abs(habit_step).max(initial=0.0)) < _CLOSE:
                break
        return covariance

    def _step(self, precision: float) -> tuple[Vector, Vector, Matrix]:
        p = expit(self._raw(self._beta, self._habit))
        miss, bend = self._weight * (p - self._y), self._weight * p * (1 - p)
        bent = self._x * bend[:, None]
        gradient = self._x.T @ miss + self._prior * self._beta
        of_habits = self._z @ miss + precision * self._habit
        own = self._z @ bend + precision
        across = np.asarray(self._z @ bent)
        inner = self._x.T @ bent + np.diag(self._prior) - across.T @ (across / own[:, None])
        factor = cho_factor(inner)
        step = cho_solve(factor, gradient - across.T @ (of_habits / own))
        back = across / own[:, None]
        covariance = np.diag(1 / own) + back @ cho_solve(factor, back.T)
        return step, (of_habits - across @ step) / own, covariance

    def _raw(self, beta: Vector, habit: Vector) -> Vector:
        return np.asarray(self._x @ beta + self._z.T @ habit + self._offset)

    def _loss(self, precision: float, beta: Vector, habit: Vector) -> float:
        raw = self._raw(beta, habit)
        prior = (self._prior @ beta**2 + precision * habit @ habit) / 2
        return float(self._weight @ (np.logaddexp(0, raw) - self._y * raw) + prior)
