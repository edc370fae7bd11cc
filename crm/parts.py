"""Pieces of the five tables on their way in: rows, where each came from, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from crm import placeholders, quarantine
from crm.errors import AccordError
from crm.mapping import Mapping as Settings
from crm.mapping import Table, Time
from crm.placeholders import Found
from crm.quarantine import Breach, Fate, Origin, breach
from crm.tables import Export, Raw, need
from crm.times import read_times
from crm.values import as_number, as_text


@dataclass(frozen=True)
class Part:
    """Rows of one of the five tables from one source; breaches point at positions in ``frame``."""

    frame: pd.DataFrame
    origin: Origin
    breaches: tuple[Breach, ...] = ()

    def take(self, kept: np.ndarray) -> Part:
        """Only the rows of this mask."""
        if kept.all():
            return self
        place = np.cumsum(kept) - 1
        breaches = [
            replace(b, positions=place[b.positions[inside]], got=b.got[inside])
            for b in self.breaches
            if (inside := kept[b.positions]).any()
        ]
        return Part(self.frame[kept].reset_index(drop=True), self.origin.take(np.flatnonzero(kept)), tuple(breaches))


def stacked(parts: Sequence[Part]) -> Part:
    """Several parts of one table, one below the other."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part.frame) for part in parts)])
    breaches = [
        replace(b, positions=b.positions + start)
        for part, start in zip(parts, starts, strict=False)
        for b in part.breaches
    ]
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return Part(frame, Origin.joined(part.origin for part in parts), tuple(breaches))


@dataclass
class Reader:
    """Reads the tables of one mapping, and gathers what people must hear about along the way."""

    settings: Settings
    base: Path
    notes: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    aside: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._export = Export.of(self.settings.source, self.base)

    def table(self, table: Table, columns: Collection[str] | None = None) -> Raw:
        """A raw table with its placeholders made missing."""
        raw = self._export.read(table, columns, self.base)
        self.notes += raw.notes
        if len(raw.unread):
            self.aside.append(raw.unread)
        missing = self.settings.placeholders
        frame, found = placeholders.clean(raw.frame, raw.name, also=missing.also, keep=missing.keep)
        self.found += found
        return replace(raw, frame=frame)

    def times(self, raw: Raw, when: Time, name: str, column: str, fate: Fate) -> tuple[pd.Series, list[Breach]]:
        """The column as instants for column ``column`` of table ``name``, and the values that are none."""
        need([when.column], list(raw.frame.columns), raw.name)
        values = raw.frame[when.column]
        zone = when.time_zone or self.settings.time_zone
        read = read_times(values, zone, form=when.format, day_first=when.day_first)
        where = f"{raw.name}: {when.column}"
        self.notes += [f"{where}: {note}" for note in read.notes]
        declared = when.time_zone or "time_zone" in self.settings.model_fields_set
        if not read.zoned and not declared and values.notna().any():
            self.notes.append(f"{where}: these times name no zone; read as UTC. Set time_zone if that is wrong.")
        return read.instants, [
            *breach(name, "unreadable_time", column, read.unreadable, values, fate),
            *breach(name, "ambiguous_time", column, read.ambiguous, values, fate),
        ]

    def number(self, raw: Raw, column: str | None, table: Table | None, name: str, target: str) -> Numbers:
        """The column as numbers (all missing when there is none), and the values that are none."""
        if column is None:
            return pd.Series(np.nan, index=raw.frame.index), []
        need([column], list(raw.frame.columns), raw.name)
        number, bad = as_number(raw.frame[column], table.decimal if table else ".")
        return number, breach(name, "not_a_number", target, bad, raw.frame[column], Fate.SET_MISSING)

    def duplicates(self, raw: Raw, key: pd.Series, column: str, table: str) -> None:
        """Sets aside rows of a joined table whose key came before."""
        again = (key.duplicated() & key.notna()).to_numpy()
        for found in breach(table, "duplicate_key", column, again, key, Fate.SET_ASIDE):
            self.aside.append(found.frame(raw.frame, raw.origin))


Numbers = tuple[pd.Series, list[Breach]]


def text(raw: Raw, column: str | None) -> pd.Series:
    """The column as text, all missing when there is none."""
    if column is None:
        return pd.Series(np.nan, index=raw.frame.index, dtype="str")
    need([column], list(raw.frame.columns), raw.name)
    return as_text(raw.frame[column])


def asked(*columns: str | None) -> list[str]:
    """The columns that a mapping names."""
    return [column for column in columns if column is not None]


def checked_names(declared: Mapping[str, object], present: Collection[str]) -> None:
    """Raises `AccordError` for a declared field that no table has: a typo would let a field in, or out, unseen."""
    for name in declared:
        if name not in present:
            try:
                need([name], present, "accord.yaml: history.fields")
            except AccordError as unknown:
                unknown.message = "No table of leads or accounts has such a field."
                raise


def total(aside: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All that was set aside, as one table."""
    return quarantine.joined(aside)
