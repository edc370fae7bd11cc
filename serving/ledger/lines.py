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

    Raises `DamagedLineError`.
    """
    content = line[_SUM + 1 : -1]
    if line[-1:] != b"\n" or line[:_SUM] != b"%08x" % zlib.crc32(content):
        raise DamagedLineError("its checksum is wrong")
    try:
        table, row = _DECODER.decode(content)
        for column, read in _readers(table):
            if row.get(column) is not None:
                row[column] = read(row[column])
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise DamagedLineError(f"it cannot be read: {type(error).__name__}") from None
    return table, row


@cache
def _readers(table: str) -> tuple[tuple[str, Callable[[str], object]], ...]:
    """The columns whose values are not what JSON has for them, each with what reads it."""
    if table not in metadata.tables:
        return ()
    columns = metadata.tables[table].columns
    times = ((c.name, datetime.fromisoformat) for c in columns if isinstance(c.type, Instant))
    content = ((c.name, base64.b64decode) for c in columns if isinstance(c.type, sa.LargeBinary))
    return (*times, *content)
