"""What the tables of an export look like: columns, kinds, keys, and which column names the rows of which table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from crm import placeholders
from crm.database import connected
from crm.errors import AccordError
from crm.history import Kind
from crm.kinds import kind_of
from crm.mapping import Source, Table
from crm.tables import Export
from crm.times import guess_form, has_zones, read_times
from crm.values import as_text

READABLE = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".csv.bz2", ".csv.zst", ".parquet", ".pq")
_MOST_ROWS = 500_000
_CONTAINED = 0.9
_FEW = 80
NEARLY_ALL = 0.98
"""Share of rows that have a value in a column that every row should have: a few may be missing."""


@dataclass(frozen=True)
class Column:
    """A column as its values show it."""

    name: str
    kind: Kind
    why: str
    rows: int
    filled: int
    distinct: int
    first: pd.Timestamp | None = None  # of a column of dates
    last: pd.Timestamp | None = None
    zoned: bool = True
    unsettled: bool = False  # no date says whether the day or the month comes first
    form: str | None = None  # of dates that are not ISO 8601

    @property
    def unique(self) -> bool:
        """Whether every row has its own value."""
        return self.filled == self.rows == self.distinct and self.rows > 0

    @property
    def repeats(self) -> bool:
        """Whether its values come again and again, as names of people and kinds do."""
        return self.kind in (Kind.CATEGORY, Kind.IDENTIFIER, Kind.NUMBER) and 1 < self.distinct < 0.5 * self.filled

    @property
    def share(self) -> float:
        """Share of rows with a value."""
        return self.filled / max(self.rows, 1)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its name: ``wonDate`` → won, date."""
        return words(self.name)


@dataclass(frozen=True)
class Profile:
    """A table: its columns, and its rows for further questions."""

    name: str
    frame: pd.DataFrame  # the first half million rows
    rows: int  # all of them
    columns: tuple[Column, ...]
    placeholders: pd.DataFrame
    notes: tuple[str, ...]
    decimal: str = "."

    def column(self, name: str) -> Column:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def keys(self) -> list[Column]:
        """Columns that could name the rows, likeliest first: codes before numbers, left before right."""
        able = [c for c in self.columns if c.unique and c.kind not in (Kind.DATE, Kind.NUMBER)]
        return sorted(able, key=lambda c: ("id" not in c.words and "key" not in c.words, self.columns.index(c)))

    @property
    def times(self) -> list[Column]:
        """Columns of dates."""
        return [c for c in self.columns if c.kind is Kind.DATE]

    @cached_property
    def stem(self) -> frozenset[str]:
        """The words of the table's name."""
        return words(self.name.partition(".")[0])


@dataclass(frozen=True)
class Link:
    """``column`` of ``table`` names rows of ``target`` by its ``key``."""

    table: str
    column: str
    target: str
    key: str
    contained: float  # share of the column's values that the key has
    covered: float  # share of the key's values that the column has


def words(name: str) -> frozenset[str]:
    """The words of a name, in lower case and without a plural's s.

    >>> sorted(words("firstContact_dates"))
    ['contact', 'date', 'first']
    """
    parts = re.split(r"[^A-Za-zÀ-ÿ0-9]+|(?<=[a-z])(?=[A-Z])", name)
    return frozenset(p.lower().removesuffix("s") or p.lower() for p in parts if p)


def profiles(source: Source, base: Path, only: str | None = None) -> list[Profile]:
    """A profile of each table of the export (of ``only`` that file), up to half a million rows of each."""
    export = Export.of(source, base)
    out = []
    for name in [only] if only else list(_names(export, base)):
        raw = export.read(Table(name=name), None, base)
        frame, found = placeholders.clean(raw.frame.head(_MOST_ROWS), name)
        if len(frame) and len(frame.columns):
            sign = _decimal(frame)
            columns = tuple(_column(name, frame[name], sign) for name in frame.columns)
            out.append(Profile(name, frame, len(raw.frame), columns, placeholders.report(found), raw.notes, sign))
    if not out:
        raise AccordError(
            "There is no table to read.",
            where=str(export.folder or "the database"),
            expected=f"files ending in {', '.join(READABLE)}, or tables with rows",
        )
    return out


def links(tables: list[Profile]) -> list[Link]:
    """Which column names the rows of which other table, by its values; names only settle it for small numbers."""
    return [
        link
        for target in tables
        for key in target.keys
        for table in tables
        if table is not target
        for column in table.columns
        if column.kind is not Kind.DATE and (link := _link(table, column, target, key)) is not None
    ]


def _names(export: Export, base: Path) -> Iterator[str]:
    if export.address is not None:
        with connected(export.address, base) as connection:
            inspector = sa.inspect(connection)
            yield from sorted(inspector.get_table_names())
    elif export.folder is not None:
        for path in sorted(export.folder.iterdir()):
            if path.is_file() and path.name.lower().endswith(READABLE):
                yield path.name


def _decimal(frame: pd.DataFrame) -> str:
    """A comma where columns of text are numbers only with it, and none is only with a point."""
    texts = [as_text(frame[c]).dropna() for c in frame if isinstance(frame[c].dtype, pd.StringDtype)]
    marked = {sign: [t for t in texts if t.str.fullmatch(rf"-?\d+[{sign}]\d+|-?\d+").all()] for sign in ".,"}
    fractions = {sign: any(t.str.contains(sign, regex=False).any() for t in found) for sign, found in marked.items()}
    return "," if fractions[","] and not fractions["."] else "."


def _column(name: str, values: pd.Series, decimal: str) -> Column:
    kind, why = kind_of(values, decimal)
    column = Column(name, kind, why, len(values), int(values.notna().sum()), int(values.nunique()))
    if kind is not Kind.DATE:
        return column
    times = read_times(values, "UTC")
    text = isinstance(values.dtype, pd.StringDtype)
    form = guess_form(values) if text else "iso"
    return replace(
        column,
        first=times.instants.min(),
        last=times.instants.max(),
        zoned=times.zoned if not text else has_zones(values) or "%z" in form,
        unsettled=bool(times.notes),
        form=None if form == "iso" else form,
    )


def _link(table: Profile, column: Column, target: Profile, key: Column) -> Link | None:
    named = column.name == key.name or bool(column.words & key.words - {"id"}) or bool(column.words & target.stem)
    if column.distinct <= 1 or (not named and column.distinct < _FEW):  # one value names nothing
        return None
    theirs = pd.Index(as_text(target.frame[key.name]))
    ours = pd.Index(as_text(table.frame[column.name]).dropna().unique())
    contained = float(np.mean(ours.isin(theirs)))
    if contained < _CONTAINED:
        return None
    if column.unique and key.unique and target.column(key.name).rows < table.column(column.name).rows:
        return None
    return Link(table.name, column.name, target.name, key.name, contained, len(ours) * contained / len(theirs))
