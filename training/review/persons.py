"""Who had the leads: persons one by one where they have enough of them, the others together, each against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binom

from training.review.shares import Truth, found

ENOUGH = 15
"""Leads that a person needs to be shown alone."""

MOST = 20
"""Persons of a table."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person, or (``name`` null) ``persons`` with few leads: of ``asked`` leads ``yes`` said yes.

    ``expected`` of so many leads as these, had everybody done as all do together, and the range (``low`` to ``high``)
    in which chance alone would put 95 of 100 persons; ``differs``: -1 below, 1 above, where it is more than chance even
    among so many persons.
    """

    name: str | None
    persons: int
    asked: int
    yes: int
    expected: float
    low: float
    high: float
    differs: int


def compare(who: pd.Series, asked: Truth, yes: Truth, chance: np.ndarray) -> list[Person]:
    """Persons by the number of leads asked; none where nobody is named.

    ``who`` owns each lead, as the export has it. Who recorded the answer would not do: of a lead without one there is
    nobody, and whoever closes old leads would seem to be slow.

    ``chance[n]``: what would be expected of each lead, so that who has the harder leads is not blamed for them. Leads
    of persons are taken as independent; which persons stand out is told for all of them together (5 % false).
    """
    named = asked & who.notna().to_numpy()
    counted = who[named].value_counts()
    if counted.empty:
        return []
    alone = [str(name) for name in counted.index[:MOST] if counted[name] >= ENOUGH]
    few = [str(name) for name in counted.index if str(name) not in set(alone)]
    rows: list[tuple[str | None, int, Truth]] = [(name, 1, named & (who == name).to_numpy()) for name in alone]
    rows += [(None, len(few), named & who.isin(few).to_numpy())] if few else []
    sums = [(int(mine.sum()), int((mine & yes).sum()), chance[mine]) for *_, mine in rows]
    doubt = np.array([_doubt(y, n, float(p.mean())) for n, y, p in sums])
    clear = found(doubt) if len(rows) > 1 else np.zeros(len(rows), dtype=bool)
    return [
        Person(name, count, n, y, *_range(p), int(np.sign(y - p.sum())) if clear[i] and name is not None else 0)
        for i, ((name, count, _), (n, y, p)) in enumerate(zip(rows, sums, strict=True))
    ]


def _doubt(yes: int, of: int, p: float) -> float:
    """How likely chance alone would be as far from what is expected, on either side."""
    return float(min(1.0, 2 * min(binom.cdf(yes, of, p), binom.sf(yes - 1, of, p))))


def _range(p: np.ndarray) -> tuple[float, float, float]:
    """The expected share, and where chance alone would put 95 of 100."""
    mean = float(p.mean())
    low, high = binom.ppf([0.025, 0.975], len(p), mean) / len(p)
    return mean, float(low), float(high)
