"""Delimited text of any separator, encoding and compression, as columns of text."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from crm import quarantine
from crm.errors import AccordError
from crm.quarantine import Fate

SEPARATORS = ",;\t|"
_HEAD_BYTES = 256 * 1024
_BLOCK_BYTES = 8 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WESTERN = "cp1252"


@dataclass(frozen=True)
class Content:
    """A file's rows as text, its lines that are no rows, and what was assumed."""

    table: pa.Table
    unread: pd.DataFrame
    notes: list[str]
    separator: str
    encoding: str


def read_csv(
    path: Path, *, separator: str | None = None, encoding: str | None = None, columns: Sequence[str] | None = None
) -> Content:
    """Every value as text (nothing is guessed here), of the named columns or of all.

    Compression (.gz, .bz2, .zst) is told by the file's ending. Without ``separator`` the one that cuts the first lines
    most evenly is taken; without ``encoding`` a byte-order mark decides, then UTF-8, and Windows-1252 for what is not
    UTF-8, which is noted. Lines with too few or too many values are set aside.
    """
    head = head_of(path)
    if not head.strip():
        raise AccordError("The file is empty.", where=path.name, expected="a line of column names, then rows")
    if head.startswith(_ZIP):
        remedy = "Save it as CSV (in Excel: CSV UTF-8) and name that file."
        raise AccordError("This is a workbook or an archive, not delimited text.", where=path.name, remedy=remedy)
    chosen = encoding or encoding_of(path, head)
    try:
        text = head.decode(chosen, errors="ignore")
        content = _read(path, separator or find_separator(text), chosen, text, columns)
    except (UnicodeDecodeError, LookupError, pa.ArrowInvalid) as broken:
        raise AccordError(
            "The file cannot be read as delimited text.",
            where=path.name,
            got=str(broken).splitlines()[0],
            remedy="Give its 'separator' and 'encoding', or open it and save it as CSV in UTF-8.",
        ) from None
    if chosen == _WESTERN and not encoding:
        content.notes.append(f"{path.name} is not UTF-8; it was read as Windows-1252.")
    return content


def find_separator(text: str) -> str:
    r"""The separator that cuts the first lines into the same number of values, the most of them.

    >>> find_separator("id;name;sum\n1;Doe, Jane;1,5\n")
    ';'
    """
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    if lines[2:] and not text.endswith("\n"):  # the last may be cut
        lines = lines[:-1]

    def evenness(separator: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1]))
        return (rows / sum(widths.values()) if width > 1 else 0.0, width)

    return max(SEPARATORS, key=evenness)


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Within, a file that is cut short, or is not what its ending says, is an `AccordError`."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as broken:
        raise AccordError(
            "The file is damaged, or not what its ending says.",
            where=path.name,
            got=str(broken).splitlines()[0],
            remedy="Export or copy it again, or give it the ending of what it is.",
        ) from None


def head_of(path: Path) -> bytes:
    """The first bytes of a file, decompressed."""
    with pa.input_stream(str(path), compression="detect") as stream:
        head: bytes = stream.read(_HEAD_BYTES)
        return head


def encoding_of(path: Path, head: bytes) -> str:
    """What a byte-order mark says, else UTF-8 where the whole file is, else Windows-1252."""
    marked = [name for mark, name in _MARKS.items() if head.startswith(mark)]
    if marked:
        return marked[0]
    decoder = codecs.getincrementaldecoder("utf-8")()
    with pa.input_stream(str(path), compression="detect") as stream:
        try:
            while block := stream.read(_BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _WESTERN
    return "utf-8"


def _read(path: Path, separator: str, encoding: str, head: str, columns: Sequence[str] | None) -> Content:
    names, notes = names_of(head, separator, path.name)
    if "\n" not in head.strip().replace("\r", "\n"):  # Arrow wants a line after the names
        kept = names if columns is None else [c for c in columns if c in names]
        nothing = pa.table({name: pa.array([], pa.string()) for name in kept})
        return Content(nothing, quarantine.empty(), notes, separator, encoding)
    broken: list[pcsv.InvalidRow] = []

    def parsed(*, threads: bool) -> pa.Table:
        broken.clear()
        options = arrow_options(names, separator, encoding, broken, block_bytes=_BLOCK_BYTES, threads=threads)
        if columns is not None:
            options[2].include_columns = [c for c in columns if c in names]
        with pa.input_stream(str(path), compression="detect") as stream:
            return pcsv.read_csv(stream, *options)

    table = parsed(threads=True)
    if broken:  # only one thread can say in which line they were
        table = parsed(threads=False)
    return Content(table, unread_lines(broken, path.name), notes, separator, encoding)


def arrow_options(
    names: Sequence[str],
    separator: str,
    encoding: str,
    broken: list[pcsv.InvalidRow],
    *,
    block_bytes: int,
    threads: bool = False,
) -> tuple[pcsv.ReadOptions, pcsv.ParseOptions, pcsv.ConvertOptions]:
    """How Arrow is to read a CSV file: every column as text, empty text kept, lines that are no rows put in ``broken``.

    With ``threads`` the numbers of those lines are not known.
    """

    def set_aside(row: pcsv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    return (
        pcsv.ReadOptions(
            encoding="utf8" if encoding in ("utf-8", "utf-8-sig") else encoding,
            column_names=list(names),
            skip_rows=1,
            use_threads=threads,
            block_size=block_bytes,
        ),
        pcsv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=set_aside),
        pcsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )


def names_of(head: str, separator: str, file: str) -> tuple[list[str], list[str]]:
    """Column names, each once and none empty, and notes on those that had to be made up."""
    first = next(csv.reader(io.StringIO(head.lstrip("\ufeff")), delimiter=separator))
    names, notes = [], []
    for place, raw in enumerate(first, start=1):
        name = raw.strip() or f"column {place}"
        while name in names:
            name += " (again)"
        if name != raw.strip():
            notes.append(f"{file}: column {place} has no name of its own; it is called '{name}' here.")
        names.append(name)
    return names, notes


def unread_lines(broken: list[pcsv.InvalidRow], file: str) -> pd.DataFrame:
    """Lines that are no rows, as a quarantine."""
    rows = [
        {
            "table": "lines",
            "source": file,
            "row": None if line.number is None else line.number - 1,
            "rule": "wrong_number_of_values",
            "column": "",
            "got": f"{line.actual_columns} values, expected {line.expected_columns}",
            "fate": Fate.SET_ASIDE.value,
            "record": line.text,
        }
        for line in broken
    ]
    return pd.DataFrame(rows, columns=list(quarantine.COLUMNS)).astype(quarantine.COLUMNS)
