"""Raw tables of an export: CSV, Parquet and SQL, read whole into pandas with the row numbers of the source."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pandas.api.types import is_object_dtype

from crm import quarantine
from crm.database import read_sql
from crm.delimited import read_csv, undamaged
from crm.errors import AccordError
from crm.mapping import Source, Table
from crm.quarantine import Origin
from crm.strict import expand
from crm.values import alike, as_text

_NULLABLE = {
    pa.bool_(): pd.BooleanDtype(),
    **{kind: pd.Int64Dtype() for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16())},
    **{kind: pd.Int64Dtype() for kind in (pa.uint32(), pa.uint64())},
}


@dataclass(frozen=True)
class Raw:
    """A table as it lies in the export: text trimmed, empty text missing, numbers and times as they were stored."""

    frame: pd.DataFrame
    origin: Origin
    unread: pd.DataFrame  # lines that are no rows, as a quarantine
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file, table or query it came from."""
        return self.origin.names[0]


@dataclass(frozen=True)
class Export:
    """Where the tables of one export are, with paths and addresses resolved."""

    folder: Path | None
    address: str | None

    @classmethod
    def of(cls, source: Source, base: Path) -> Export:
        """The export that ``source`` describes; relative paths are relative to ``base``."""
        where = "accord.yaml: history.source"
        if source.database is not None:
            return cls(None, expand(source.database, f"{where}.database"))
        folder = base / expand(source.folder or ".", f"{where}.folder")
        if not folder.is_dir():
            raise AccordError(
                "The folder of the export is not there.",
                where=f"{where}.folder",
                got=str(folder),
                remedy="Correct the path, or set the environment variable in it.",
            )
        return cls(folder, None)

    def read(self, table: Table, columns: Collection[str] | None, base: Path) -> Raw:
        """These columns (all when None) of the rows that ``table.where`` lets through."""
        wanted = None if columns is None else list(dict.fromkeys([*columns, *table.where]))
        arrow, name, unread, notes = self._arrow(table, wanted, base)
        if wanted is not None:
            need(wanted, arrow.column_names, name)
            arrow = arrow.select(wanted)
        need(table.where, arrow.column_names, name)
        frame = to_pandas(arrow)
        origin = Origin.of(name, len(frame))
        for column, values in table.where.items():
            given = as_text(frame[column])
            kept = given.isin(alike(given, values)).to_numpy()
            frame, origin = frame[kept].reset_index(drop=True), origin.take(np.flatnonzero(kept))
        return Raw(frame, origin, unread, tuple(notes))

    def _arrow(
        self, table: Table, columns: list[str] | None, base: Path
    ) -> tuple[pa.Table, str, pd.DataFrame, list[str]]:
        if self.address is not None:
            name = table.name or f"query {' '.join((table.query or '').split())[:60]}"
            return read_sql(self.address, table, columns, base), name, quarantine.empty(), []
        if table.name is None:
            raise AccordError("A query needs 'source: {database: ...}'.", where="accord.yaml: history", got=table.query)
        path = Path(self.folder or ".") / expand(table.name, "accord.yaml: history")
        if not path.is_file():
            raise AccordError(
                "This file is not there.", where="accord.yaml: history", got=str(path), remedy=_beside(path)
            )
        with undamaged(path):
            if path.suffix in (".parquet", ".pq"):
                schema = pq.read_schema(path)
                names = None if columns is None else [c for c in columns if c in schema.names]
                return pq.read_table(path, columns=names), path.name, quarantine.empty(), []
            content = read_csv(path, separator=table.separator, encoding=table.encoding, columns=columns)
            return content.table, path.name, content.unread, content.notes


def need(columns: Iterable[str], present: Collection[str], table: str) -> None:
    """Raises `AccordError` for the first of ``columns`` that the table does not have."""
    for column in columns:
        if column not in present:
            close = difflib.get_close_matches(column, list(present), n=1)
            raise AccordError(
                "The table has no such column.",
                where=table,
                got=column,
                expected=f"one of {', '.join(list(present)[:40])}",
                remedy=f"Did you mean '{close[0]}'?" if close else "Correct the name in accord.yaml: history.",
            )


def to_pandas(arrow: pa.Table) -> pd.DataFrame:
    """As pandas: text trimmed with empty text missing, whole numbers nullable, dates as times."""
    plain = pa.table([_plain(column) for column in arrow.columns], names=arrow.column_names)
    frame: pd.DataFrame = plain.to_pandas(types_mapper=_NULLABLE.get)
    return frame.astype({name: "str" for name in frame if is_object_dtype(frame[name].dtype)})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(column)
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, kind), trimmed)
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
    return column.cast(pa.string()) if pa.types.is_null(kind) or pa.types.is_time(kind) else column


def _beside(path: Path) -> str:
    if not path.parent.is_dir():
        return f"The folder {path.parent} is not there either."
    names = sorted(p.name for p in path.parent.iterdir() if p.is_file())
    return f"Files there: {', '.join(names[:20]) or 'none'}."
