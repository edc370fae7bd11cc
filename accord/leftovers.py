"""What a project's own files hold of a lead: rows of tables and reports that name it, taken out when it is erased."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from accord.barred import names_one

_TEXTS = frozenset({".html", ".json", ".md", ".svg", ".txt", ".csv", ".log", ".yaml"})
_DATABASES = frozenset({".db", ".db-wal", ".db-shm"})
_LARGEST = 64 * 1024 * 1024
_LONGEST = 2**31 - 1
"""Of a cell: as long as the reader allows everywhere."""

_PLAIN_NUMBER = re.compile(r"\d{1,5}")


@dataclass
class Leftovers:
    """``rewritten``: tables without the lead's rows; ``removed``: pages that named it, which a command makes again.

    ``to_look_at``: files that hold its key, or are too large to be searched, and were left as they are, for a person to
    judge.
    """

    rewritten: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    to_look_at: list[Path] = field(default_factory=list)


def clear(folder: Path, lead_id: str, *, but: frozenset[Path] = frozenset()) -> Leftovers:
    """Takes a lead out of all files below a folder, each replaced as a whole; ``but`` are folders left alone.

    A key that is a number of up to five digits is looked for in tables alone: in a page it could be any number.
    Databases are not looked into.
    """
    found = Leftovers()
    for path in _files(folder, but):
        if path.suffix == ".parquet":
            _table(path, lead_id, found)
        elif path.suffix == ".csv":
            _csv(path, lead_id, found)
        elif path.suffix in _TEXTS:
            _text(path, lead_id, found)
    return found


def _files(folder: Path, but: frozenset[Path]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(place) / name not in but)
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix not in _DATABASES and path.is_file() and not path.is_symlink():
                yield path


def _table(path: Path, lead_id: str, found: Leftovers) -> None:
    if "lead_id" not in pq.read_schema(path).names:
        return
    table = pq.read_table(path)
    theirs = pc.equal(table["lead_id"].cast(pa.string()), lead_id)
    if not pc.any(theirs).as_py():
        return
    sink = io.BytesIO()
    pq.write_table(table.filter(pc.invert(pc.fill_null(theirs, fill_value=False))), sink)
    _replace(path, sink.getvalue())
    found.rewritten.append(path)


def _csv(path: Path, lead_id: str, found: Leftovers) -> None:
    csv.field_size_limit(_LONGEST)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for row in rows if not any(cell == lead_id or _in_record(cell, lead_id) for cell in row)]
    if len(kept) == len(rows):
        return
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(kept)
    _replace(path, sink.getvalue().encode(errors="surrogateescape"))
    found.rewritten.append(path)


def _in_record(cell: str, lead_id: str) -> bool:
    return cell.startswith("{") and names_one(cell, [lead_id])


def _text(path: Path, lead_id: str, found: Leftovers) -> None:
    if _PLAIN_NUMBER.fullmatch(lead_id):
        return
    if path.stat().st_size > _LARGEST:
        found.to_look_at.append(path)
        return
    forms = {lead_id, html.escape(lead_id), json.dumps(lead_id)[1:-1], json.dumps(lead_id, ensure_ascii=False)[1:-1]}
    words = "|".join(re.escape(form) for form in sorted(forms))
    if not re.search(rf"(?<![\w-])(?:{words})(?![\w-])", path.read_text(encoding="utf-8", errors="replace")):
        return
    if path.suffix == ".html":
        path.unlink()
        found.removed.append(path)
    else:
        found.to_look_at.append(path)


def _replace(path: Path, content: bytes) -> None:
    """Puts new content in the place of a file, in one step."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode & 0o777)
    beside.replace(path)
