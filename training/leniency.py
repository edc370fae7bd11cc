"""Leniency: how much more readily each person accepts than the others would accept the same leads.

What would be expected of a person's leads is what the score said of them before they were decided (forward, decision
6), at the level of all who decide. What is left is the person's, or luck: an empirical-Bayes estimate tells how much of
each (`training.habits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from crm.history import History
from training.habits import choosing, habits_of
from training.persons import coded, deciders

WIDE = 1.96
"""Errors on either side of an interval of 95 %."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Person:
    """One person who decides on leads, as judged on ``leads`` forward arrivals whose answer is known.

    ``accepted``: the share accepted; ``expected``: the share the others would be expected to accept of the same leads;
    ``leniency``: the difference in log-odds, shrunk, with its 95 % interval. ``records``: this one says only yes, or
    only no, so often that it is a machine or an assistant who records, and has no leniency.
    """

    name: str
    leads: int
    accepted: float
    expected: float
    leniency: float
    low: float
    high: float
    records: bool = False

    @property
    def stands_out(self) -> bool:
        """Whether the interval leaves no doubt about the direction."""
        return not self.records and (self.low > 0 or self.high < 0)

    def sentence(self) -> str:
        """What is to be said of this person in plain words."""
        found = f"{self.name} accepted {_percent(self.accepted)} of {self.leads:,} leads"
        if self.records:
            only = "accepted" if self.accepted > 0.5 else "turned down"  # noqa: PLR2004
            return f"{self.name} {only} every one of {self.leads:,} leads: a machine or an assistant who records."
        expected = f"where {_percent(self.expected)} would be expected of these leads"
        if not self.stands_out:
            return f"{found} {expected}: no clear difference from the others."
        how = "more lenient" if self.low > 0 else "stricter"
        of_even = f"{_percent(float(expit(self.low)))} to {_percent(float(expit(self.high)))}"
        return f"{found} {expected}: {how} than the others (of leads that others accept every second time, {of_even})."


@dataclass(frozen=True)
class Leniency:
    """All persons, the most lenient first, those who only record last; ``spread``: standard deviation in log-odds."""

    persons: tuple[Person, ...]
    spread: float

    @property
    def choosing(self) -> tuple[Person, ...]:
        """Those who choose."""
        return tuple(person for person in self.persons if not person.records)

    def sentences(self, most: int = 3) -> Iterator[str]:
        """Of the ``most`` lenient and the strictest who stand out, and of those who only record."""
        clear = [person for person in self.choosing if person.stands_out]
        lenient = [person for person in clear if person.low > 0][:most]
        strict = [person for person in clear if person.high < 0][::-1][:most]
        for person in (*lenient, *strict, *(p for p in self.persons if p.records)):
            yield person.sentence()

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        names = Person.__dataclass_fields__
        return {"spread": self.spread, "persons": [{n: getattr(p, n) for n in names} for p in self.persons]}


def leniency(history: History, arrivals: pd.DataFrame) -> Leniency | None:
    """The leniency of those who decide, or ``None`` where the history does not tell of two who do.

    ``arrivals`` as `training.arrivals.forward` gives them; those with a settled answer and a probability count.
    """
    judged = (arrivals["weight_accept"] > 0) & arrivals["y_accept"].notna() & arrivals["p_accept"].notna()
    people = deciders(history)
    names = people.reindex(arrivals["lead_id"].to_numpy())
    rows = arrivals[judged.to_numpy() & names.notna().to_numpy()].reset_index(drop=True)
    if rows.empty:
        return None
    person = coded(people, rows["lead_id"])
    named = sorted(people.reindex(rows["lead_id"].to_numpy()).unique())
    y, weight = rows["y_accept"].to_numpy(dtype="float64"), rows["weight_accept"].to_numpy(dtype="float64")
    offset = logit(np.clip(rows["p_accept"].to_numpy(dtype="float64"), _EDGE, 1 - _EDGE))
    who = choosing(person, y, weight)
    chosen = who[person]
    found = habits_of(
        person[chosen], y[chosen], weight[chosen], np.empty((int(chosen.sum()), 0)), offset=offset[chosen]
    )
    if found is None:
        return None
    likely = expit(offset + found.intercept)
    made = []
    for code, name in enumerate(named):
        mine = person == code
        part = weight[mine] / weight[mine].sum()
        habit, wide = (found.habit[code], WIDE * found.error[code]) if who[code] else (0.0, 0.0)
        made.append(
            Person(
                name=str(name),
                leads=int(mine.sum()),
                accepted=float(part @ y[mine]),
                expected=float(part @ likely[mine]),
                leniency=float(habit),
                low=float(habit - wide),
                high=float(habit + wide),
                records=not who[code],
            )
        )
    return Leniency(tuple(sorted(made, key=lambda p: (p.records, -p.leniency, p.name))), found.spread)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
