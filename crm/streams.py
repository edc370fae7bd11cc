"""Leads to be scored, a batch at a time: a file shaped like the export's table of leads, typed as the scorer knows it.

What a value is does not depend on the batch it comes in: kinds are given, and how times are written is found in the
first rows of the file. Bad rows are set aside, bad values are made missing; both come back with each batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from crm import placeholders, quarantine
from crm.delimited import arrow_options, encoding_of, find_separator, head_of, names_of, undamaged, unread_lines
from crm.errors import AccordError
from crm.history import LEAD_COLUMNS, Field, Kind
from crm.mapping import Declared, Leads, Mapping, Table, Time
from crm.quarantine import Breach, Fate, Origin, breach
from crm.tables import need, to_pandas
from crm.times import guess_form, read_times
from crm.values import as_boolean, as_number, as_text

BATCH = 10_000
"""Rows of a batch, unless asked otherwise."""

_SAMPLE = 10_000  # first rows, in which the form of times is found
_BLOCK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Batch:
    """Leads of one batch: ``lead_id``, ``created_at``, one column a field that the file has; and what was wrong."""

    leads: pd.DataFrame
    quarantine: pd.DataFrame  # `crm.quarantine.COLUMNS`


def lead_batches(
    path: Path, mapping: Mapping, fields: Sequence[Field], accounts: pd.DataFrame | None = None, *, rows: int = BATCH
) -> Iterator[Batch]:
    """The leads of a CSV or Parquet file, in its order, ``rows`` at a time (the last batches hold fewer, or none).

    Columns go by the names of the export: key, creation and account as ``mapping.leads`` says, fields by their own.
    ``accounts`` (``account_id`` and their columns) give the fields of accounts that the file does not hold itself, as
    ``account.<column>`` (or by the column alone where the mapping gathers accounts from leads).
    Raises `AccordError` where the file cannot be read, has no key, or none of the fields.
    """
    leads = mapping.leads or Leads.model_validate({"from": "leads", "key": "lead_id", "created_at": "created_at"})
    broken: list[pcsv.InvalidRow] = []
    parts = _parts(path, leads.table, broken)
    first = _first(parts, _SAMPLE)
    if not first:
        raise AccordError("This file holds no rows.", where=str(path))
    sample = to_pandas(pa.concat_tables(first).slice(0, _SAMPLE))
    typing = _Typing(path.name, mapping, leads, tuple(fields), accounts, tuple(sample.columns), _forms(mapping, sample))
    start = 0
    for table in _sliced(itertools.chain(first, parts), rows):
        batch = typing.batch(to_pandas(table), start)
        unread, start = unread_lines(broken, path.name), start + len(table)
        broken.clear()
        yield Batch(batch.leads, quarantine.joined([batch.quarantine, unread]))
    if broken:  # after the last row
        yield Batch(typing.batch(sample.iloc[:0], start).leads, unread_lines(broken, path.name))


@dataclass(frozen=True)
class _Typing:
    """Turns rows as they lie into typed leads."""

    name: str
    mapping: Mapping
    leads: Leads
    fields: tuple[Field, ...]
    accounts: pd.DataFrame | None
    present: tuple[str, ...]
    forms: dict[str, str]

    def __post_init__(self) -> None:
        need([self.leads.key], list(self.present), self.name)
        if self.fields and not any(self._source(field) or self._has_beside(field) for field in self.fields):
            names = ", ".join(field.name for field in self.fields[:20])
            raise AccordError(
                "This file has none of the scorer's fields.", where=self.name, expected=f"such as {names}"
            )

    def batch(self, raw: pd.DataFrame, start: int) -> Batch:
        """These rows, the first of which is number ``start`` (from 0) of the file."""
        if self.mapping.leads is not None:  # the simulated company is read as it is
            missing = self.mapping.placeholders
            raw, _ = placeholders.clean(raw, self.name, also=missing.also, keep=missing.keep)
        wrong: list[Breach] = []
        columns = {"lead_id": as_text(raw[self.leads.key])}
        created = self.leads.created_at
        if created is not None and created.column in self.present:
            columns["created_at"] = self._times(raw[created.column], created, "created_at", wrong)
        own, beside = {}, self._beside(raw)
        for field in self.fields:
            source = self._source(field)
            if source is not None:
                own[field.name] = self._values(raw[source], field, wrong)
            elif beside is not None and self._has_beside(field):
                own[field.name] = beside[field.column]
        frame = pd.DataFrame({**columns, **own})
        keyless = frame["lead_id"].isna().to_numpy()
        wrong += breach("leads", "missing_key", "lead_id", keyless, raw[self.leads.key], Fate.SET_ASIDE)
        origin = Origin((self.name,), np.zeros(1, dtype="int64"), np.arange(start + 1, start + len(raw) + 1))
        return Batch(frame[~keyless], quarantine.joined(found.frame(raw, origin) for found in wrong))

    def _source(self, field: Field) -> str | None:
        """The column of the file that holds a field; None where none does.

        A field of accounts is in ``account.<column>``, or in its own column where accounts are gathered from leads.
        """
        column = field.column.removesuffix(" (export)")
        column = column if column in LEAD_COLUMNS else field.column
        gathered = self.mapping.accounts is not None and self.mapping.accounts.table is None
        if field.of_account and not gathered:
            column = field.name
        return column if column in self.present else None

    def _has_beside(self, field: Field) -> bool:
        """Whether the accounts at the side hold a field that the file does not."""
        known = self.accounts is not None and self.leads.account in self.present and self._source(field) is None
        return bool(known and field.of_account and field.column in self.accounts)  # type: ignore[operator]

    def _beside(self, raw: pd.DataFrame) -> pd.DataFrame | None:
        """The accounts of these leads, row by row; missing where the account is not known."""
        if self.accounts is None or self.leads.account not in self.present:
            return None
        found = self.accounts.drop_duplicates("account_id").set_index("account_id")
        return found.reindex(as_text(raw[self.leads.account])).set_axis(raw.index)

    def _values(self, values: pd.Series, field: Field, wrong: list[Breach]) -> pd.Series:
        table = self.leads.table if not (self.mapping.accounts and field.of_account) else self.mapping.accounts.table
        match field.kind:
            case Kind.NUMBER:
                number, bad = as_number(values, table.decimal if table else ".")
                wrong += breach("leads", "not_a_number", field.name, bad, values, Fate.SET_MISSING)
                return number
            case Kind.BOOLEAN:
                answer, bad = as_boolean(values)
                wrong += breach("leads", "not_a_boolean", field.name, bad, values, Fate.SET_MISSING)
                return answer
            case Kind.DATE:
                said = self.mapping.fields.get(field.name, Declared())
                when = Time(column=str(values.name), format=said.format, time_zone=said.time_zone)
                return self._times(values, when, field.name, wrong)
            case _:
                return as_text(values)

    def _times(self, values: pd.Series, when: Time, column: str, wrong: list[Breach]) -> pd.Series:
        form = when.format or self.forms.get(when.column)
        read = read_times(values, when.time_zone or self.mapping.time_zone, form=form)
        wrong += breach("leads", "unreadable_time", column, read.unreadable | read.ambiguous, values, Fate.SET_MISSING)
        return read.instants


def _forms(mapping: Mapping, sample: pd.DataFrame) -> dict[str, str]:
    """How each text column would be written if it were times."""
    said = {name: declared.day_first for name, declared in mapping.fields.items()}
    if mapping.leads and mapping.leads.created_at:
        said[mapping.leads.created_at.column] = mapping.leads.created_at.day_first
    texts = [column for column in sample if isinstance(sample[column].dtype, pd.StringDtype)]
    digits = [column for column in texts if sample[column].dropna().str.fullmatch(r"\d{9,14}(\.\d+)?").all()]
    return {column: guess_form(sample[column], said.get(column)) for column in texts if column not in digits}


def _first(parts: Iterator[pa.Table], rows: int) -> list[pa.Table]:
    """The first parts, as many as hold so many rows, or all there are; none is empty."""
    taken: list[pa.Table] = []
    for part in parts:
        if len(part):
            taken.append(part)
        if sum(map(len, taken)) >= rows:
            break
    return taken


def _sliced(parts: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each; the last may be shorter, none is empty."""
    held: list[pa.Table] = []
    for part in parts:
        held.append(part)
        while sum(map(len, held)) >= rows:
            whole = pa.concat_tables(held)
            yield whole.slice(0, rows)
            held = [whole.slice(rows)]
    rest = pa.concat_tables(held) if held else None
    if rest is not None and len(rest):
        yield rest


def _parts(path: Path, table: Table, broken: list[pcsv.InvalidRow]) -> Iterator[pa.Table]:
    if not path.is_file():
        raise AccordError("This file is not there.", where=str(path), remedy="Correct the path.")
    with undamaged(path):
        if path.suffix not in (".parquet", ".pq"):
            yield from _csv_parts(path, table, broken)
            return
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                yield pa.Table.from_batches([batch])


def _csv_parts(path: Path, table: Table, broken: list[pcsv.InvalidRow]) -> Iterator[pa.Table]:
    head = head_of(path)
    if not head.strip():
        raise AccordError("The file is empty.", where=path.name, expected="a line of column names, then rows")
    encoding = table.encoding or encoding_of(path, head)
    text = head.decode(encoding, errors="ignore")
    separator = table.separator or find_separator(text)
    names, _ = names_of(text, separator, path.name)

    options = arrow_options(names, separator, encoding, broken, block_bytes=_BLOCK_BYTES)
    try:
        with pa.input_stream(str(path), compression="detect") as stream, pcsv.open_csv(stream, *options) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        remedy = "Save it as CSV in UTF-8, or give 'separator' and 'encoding' of leads in accord.yaml."
        raise AccordError("The file cannot be read.", where=path.name, got=str(error)[:120], remedy=remedy) from None
