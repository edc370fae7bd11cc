"""Rows and values that broke a rule: set aside where they can be read, counted by rule, never dropped silently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd


class Fate(StrEnum):
    """What happened to the row."""

    SET_ASIDE = "set_aside"  # the row is not in the history
    SET_MISSING = "set_missing"  # the row is, without this value


COLUMNS = {
    "table": "str",  # one of the five, or "lines" for lines of a file that could not be read
    "source": "str",  # file, database table or query the row came from
    "row": "Int64",  # data row in that source, the first is 1; missing when unknown
    "rule": "str",
    "column": "str",
    "got": "str",
    "fate": "str",
    "record": "str",  # the row as JSON, of the first `MOST_RECORDS` that break a rule
}

MOST_RECORDS = 10_000
"""A wrong key breaks a rule in every row of a log: each is counted, but not each is copied."""


@dataclass(frozen=True)
class Origin:
    """Where the rows of a table came from: for each position the source and the row in it (the first is 1)."""

    names: tuple[str, ...]
    starts: np.ndarray  # position at which each source begins
    rows: np.ndarray

    @classmethod
    def of(cls, name: str, count: int) -> Origin:
        """Of a table that is one source, whole and in order."""
        return cls((name,), np.zeros(1, dtype="int64"), np.arange(1, count + 1))

    @classmethod
    def joined(cls, parts: Iterable[Origin]) -> Origin:
        """Of tables put one below the other."""
        parts = list(parts)
        ends = np.cumsum([0, *(len(part.rows) for part in parts)])
        starts = [part.starts + end for part, end in zip(parts, ends, strict=False)]
        return cls(
            tuple(name for part in parts for name in part.names),
            np.concatenate([*starts, np.empty(0, dtype="int64")]),
            np.concatenate([*(part.rows for part in parts), np.empty(0, dtype="int64")]),
        )

    def take(self, positions: np.ndarray) -> Origin:
        """Of these rows of a table that is one source."""
        return Origin(self.names, self.starts, self.rows[positions])

    def name(self, positions: np.ndarray) -> np.ndarray:
        """The source of each of these positions."""
        which: np.ndarray = np.searchsorted(self.starts, positions, side="right") - 1
        names: np.ndarray = np.asarray(self.names, dtype=object)[which]
        return names


@dataclass(frozen=True)
class Breach:
    """Rows of one table that break one rule in one column."""

    table: str
    rule: str
    column: str
    positions: np.ndarray  # in the table
    got: np.ndarray  # as text, one each
    fate: Fate

    def frame(self, rows: pd.DataFrame, origin: Origin) -> pd.DataFrame:
        """These rows for the quarantine, in its `COLUMNS`."""
        shown = records(rows.iloc[self.positions[:MOST_RECORDS]])
        return pd.DataFrame(
            {
                "table": self.table,
                "source": origin.name(self.positions),
                "row": origin.rows[self.positions],
                "rule": self.rule,
                "column": self.column,
                "got": self.got,
                "fate": self.fate.value,
                "record": [*shown, *[None] * (len(self.positions) - len(shown))],
            }
        ).astype(COLUMNS)


def breach(table: str, rule: str, column: str, broken: np.ndarray, got: pd.Series, fate: Fate) -> list[Breach]:
    """One breach from a mask over the table, or none when no row broke the rule."""
    positions = np.flatnonzero(broken)
    if not len(positions):
        return []
    return [Breach(table, rule, column, positions, _texts(got.iloc[positions]), fate)]


def records(rows: pd.DataFrame) -> list[str]:
    """Each row as one line of JSON."""
    if rows.empty:
        return []
    lines: str = rows.to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
    return lines.splitlines()


def empty() -> pd.DataFrame:
    """A quarantine with nothing in it."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several quarantines as one."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty()


def counts(quarantine: pd.DataFrame) -> pd.DataFrame:
    """Rows per broken rule, most first: ``table, rule, column, fate, rows`` and one ``example`` of what was found."""
    keys = ["table", "rule", "column", "fate"]
    grouped = quarantine.groupby(keys, sort=False, dropna=False)["got"].agg(rows="size", example="first")
    return grouped.reset_index().sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def _texts(values: pd.Series) -> np.ndarray:
    texts: np.ndarray = values.astype("str").to_numpy(dtype=object)
    return texts
