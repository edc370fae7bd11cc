"""Rows out, a batch at a time: CSV (also compressed) and Parquet, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from crm.errors import AccordError

ENDINGS = (".csv", ".csv.gz", ".csv.bz2", ".csv.zst", ".parquet", ".pq")


class _Sink(Protocol):
    def write_table(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


class Writer:
    """Takes frames of the same columns, in order. The first one fixes the columns and their types."""

    def __init__(self, path: Path, place: Path, stack: ExitStack) -> None:
        self._path, self._place, self._stack = path, place, stack
        self._sink: _Sink | None = None
        self._schema: pa.Schema | None = None
        self.rows = 0

    def write(self, frame: pd.DataFrame) -> None:
        """Appends these rows. Raises `AccordError` when they do not fit the first ones."""
        try:
            table = pa.Table.from_pandas(frame, schema=self._schema, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as broken:
            raise AccordError(
                "These rows do not fit the ones before.", where=self._path.name, got=str(broken).splitlines()[0]
            ) from None
        if self._sink is None:
            self._schema = _settled(table.schema)
            table = table.cast(self._schema)
            self._sink = self._opened(self._schema)
        self._sink.write_table(table)
        self.rows += len(frame)

    def _opened(self, schema: pa.Schema) -> _Sink:
        if self._path.suffix in (".parquet", ".pq"):
            sink: _Sink = pq.ParquetWriter(self._place, schema, compression="zstd")
        else:
            coding = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}.get(self._path.suffix)
            stream = self._stack.enter_context(pa.output_stream(str(self._place), compression=coding))
            sink = pcsv.CSVWriter(stream, schema)
        self._stack.callback(sink.close)
        return sink


@contextmanager
def writer(path: Path) -> Iterator[Writer]:
    """A `Writer` to a file whose ending says the format (`ENDINGS`).

    The file appears under its name only when everything was written: an error leaves what was there before.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writer(Path(folder) / "scores.csv") as out:
    ...         out.write(pd.DataFrame({"lead_id": ["a"], "score": [87]}))
    ...     print((Path(folder) / "scores.csv").read_text())
    "lead_id","score"
    "a",87
    """
    if not path.name.endswith(ENDINGS):
        raise AccordError(
            "This file's ending names no format we write.", where=str(path), expected=f"one of {', '.join(ENDINGS)}"
        )
    if not path.parent.is_dir():
        raise AccordError("The folder to write to is not there.", where=str(path), remedy=f"mkdir -p {path.parent}")
    place = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with ExitStack() as stack:
            out = Writer(path, place, stack)
            yield out
        if out.rows or place.exists():
            place.replace(path)
    finally:
        place.unlink(missing_ok=True)


def _settled(schema: pa.Schema) -> pa.Schema:
    # a first batch whose column is all missing says nothing of its type; text takes any later value's place
    return pa.schema([pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in schema])
