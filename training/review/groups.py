"""Groups of leads side by side: their shares, and which of them differ from all others by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.pages.tables import Row, Table
from training.review.shares import Answers, Share, doubts, found
from training.review.telling import Telling, names_of, rows_of

MOST = 10
"""Groups of a table; the smaller ones are told together."""

OTHERS = "\0others"
"""The name of all smaller groups together."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its leads, and for each question its share, that of all others, and whether the two clearly differ."""

    by: str
    name: str | None
    leads: int
    shares: Mapping[str, Share]
    others: Mapping[str, Share]
    differs: Mapping[str, int]  # -1 below the others, 1 above, 0 no more than chance


def groups_of(column: pd.Series, questions: Mapping[str, Answers], within: np.ndarray | None = None) -> list[Group]:
    """The groups of a column, the largest first; no more than `MOST`. None where the column tells fewer than two.

    ``questions`` by name; ``within``: the leads that are asked. Which groups differ is told for all groups and one
    question together, so that a long list finds no more by chance than a short one.
    """
    asked = np.ones(len(column), dtype=bool) if within is None else within
    names = names_of(column[asked])
    if len(names) < 2:  # noqa: PLR2004
        return []
    named = [(name, rows_of(column, name) & asked) for name in names]
    if len(named) > MOST:
        rest = np.any([rows for _, rows in named[MOST - 1 :]], axis=0)
        named = [*named[: MOST - 1], (OTHERS, rest)]
    gaps = {q: np.array([answers.gap(rows)[1] for _, rows in named]) for q, answers in questions.items()}
    clear = {q: found(doubts(errors)) for q, errors in gaps.items()}
    return [
        Group(
            str(column.name),
            name,
            int(rows.sum()),
            {q: answers.share(rows) for q, answers in questions.items()},
            {q: answers.share(asked & ~rows) for q, answers in questions.items()},
            {q: int(np.sign(gaps[q][i])) if clear[q][i] else 0 for q in questions},
        )
        for i, (name, rows) in enumerate(named)
    ]


def name_of(group: Group, telling: Telling) -> str:
    """The group at the head of a row."""
    return telling.say("all others") if group.name == OTHERS else telling.group(group.name, group.by)


def table(groups: Sequence[Group], heads: Mapping[str, str], telling: Telling) -> Table:
    """The groups with their leads and shares; those that differ are to be looked at first."""
    every = sum(group.leads for group in groups)
    rows = []
    for group in groups:
        cells = [telling.part_of(group.leads, every), *(telling.share(group.shares[q]) for q in heads)]
        rows.append(Row(name_of(group, telling), tuple(cells), own=any(group.differs[q] for q in heads)))
    return Table((telling.say("leads"), *heads.values()), tuple(rows))
