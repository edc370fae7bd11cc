"""Cursors: where the next page of a list begins. Opaque to callers, and refused where they are not as they were given.

A cursor names the last row of a page by what the list is ordered by, so rows that come in between move nothing. It also
holds a digest of what was asked for: it opens the next page of the same list and of no other.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TypeVar

import msgspec

from serving.parameters import refused
from serving.problems import Problem

T = TypeVar("T", bound=msgspec.Struct)

FIELD = "cursor"
_CHECK = 8  # bytes


def write(place: msgspec.Struct, asked: object) -> str:
    """The cursor of a place in the list that was ``asked`` for (plain values)."""
    content = msgspec.json.encode(place)
    return base64.urlsafe_b64encode(_check(content, asked) + content).rstrip(b"=").decode()


def read(text: str, kind: type[T], asked: object) -> T:
    """The place that `write` wrote. Raises `Problem` (422) for any other text, and for the cursor of another list."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        check, content = raw[:_CHECK], raw[_CHECK:]
        if check == _check(content, asked):
            return msgspec.json.decode(content, type=kind)
    except (ValueError, UnicodeError, msgspec.MsgspecError):
        pass
    raise _refused(text)


def _check(content: bytes, asked: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(asked) + b"\0" + content).digest()[:_CHECK]


def _refused(text: str) -> Problem:
    return refused(
        FIELD,
        text,
        "the cursor of the page before, with the same parameters",
        "Begin with the first page, without a cursor; the definition may have changed in between.",
    )
