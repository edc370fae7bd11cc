"""A row of the ledger as a line of text with a checksum, and back: what the spool keeps on disk."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from serving.ledger.tables import Instant, metadata

_SUM = 8  # hexadecimal digits of the checksum
_TEXT: frozenset[type] = frozenset({str})
_DECODER = msgspec.json.Decoder(tuple[str, dict[str, Any]])


class DamagedLineError(ValueError):
    """A line that is not as it was written: torn when its writer died, or changed on disk."""


def encode(table: str, row: Mapping[str, Any]) -> bytes:
    """The line of a row: its checksum, the table's name and the row as JSON (bytes as base64), and a line feed.

    Raises `TypeError` for values that have no JSON form.

    >>> decode(encode("erasures", {"lead_hash": "0a"}))
    ('erasures', {'lead_hash': '0a'})
    """
    content = msgspec.json.encode((table, row))
    return b"%08x %b\n" % (zlib.crc32(content), content)


def decode(line: bytes) -> tuple[str, dict[str, Any]]:
    """The table and the row of a line, times and bytes as the table's columns have them.

    Raises `DamagedLineError`, also for a value of another kind than its column: one database would take it for a fault
    of the statement, not of the row.
    """
    content = line[_SUM + 1 : -1]
    if line[-1:] != b"\n" or line[:_SUM] != b"%08x" % zlib.crc32(content):
        raise DamagedLineError("its checksum is wrong")
    try:
        table, row = _DECODER.decode(content)
        for column, kinds, read in _columns(table):
            if row.get(column) is not None:
                row[column] = _read(row[column], kinds, read)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise DamagedLineError(f"it cannot be read: {type(error).__name__}") from None
    return table, row


def _read(value: Any, kinds: frozenset[type], read: Callable[[str], object] | None) -> object:
    if type(value) not in kinds:
        raise TypeError
    return value if read is None else read(value)


@cache
def _columns(table: str) -> tuple[tuple[str, frozenset[type], Callable[[str], object] | None], ...]:
    """The columns, each with the kinds of value that JSON has for it, and what makes the column's value of it."""
    if table not in metadata.tables:
        return ()
    columns = metadata.tables[table].columns
    known = [(column.name, _kinds(column.type), _reader(column.type)) for column in columns]
    return tuple(known if "lead_id" in columns else [*known, ("lead_id", _TEXT, None)])  # in place of its hash


def _kinds(of: sa.types.TypeEngine[Any]) -> frozenset[type]:
    if isinstance(of, sa.Boolean):
        return frozenset({bool})
    if isinstance(of, sa.Float):
        return frozenset({int, float})
    return frozenset({int}) if isinstance(of, sa.Integer) else _TEXT


def _reader(of: sa.types.TypeEngine[Any]) -> Callable[[str], object] | None:
    if isinstance(of, Instant):
        return datetime.fromisoformat
    return base64.b64decode if isinstance(of, sa.LargeBinary) else None
