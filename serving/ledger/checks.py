"""What each ``accord check`` found, kept in the ledger, and the last of them read back for the service's metrics.

The document of a check is the check's own; three of its members are an agreement with those who watch:

* ``promises``: a list of ``{"grade", "what", "broken"}``; ``what`` is ``per_week``, ``accept`` or ``close``, ``broken``
  is null where too little came to tell.
* ``looked_at``: the kinds of findings it looked for, such as ``calibration``, ``drift``, ``inflation``, ``coverage``.
* ``findings``: a list of ``{"kind", "severity"}``; severity ``alarm`` (out of bounds) or ``note`` (worth knowing).

Further keys in each are for people and not read here. Kinds and severities become labels of metrics: they are words of
ours, never something of a lead.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from crm.errors import AccordError
from serving.ledger.database import Database
from serving.ledger.tables import checks

SEVERITIES = ("alarm", "note")
"""Out of bounds; worth knowing."""


@dataclass(frozen=True)
class Check:
    """A check that was run at ``at``, with what it found."""

    at: datetime
    document: Mapping[str, Any]

    @cached_property
    def broken(self) -> dict[tuple[str, str], bool]:
        """Whether a promise is broken, by grade and what was promised; only those that could be told."""
        return {
            (_word(promise["grade"]), _word(promise["what"])): _flag(promise["broken"])
            for promise in self.document["promises"]
            if promise["broken"] is not None
        }

    @cached_property
    def found(self) -> dict[tuple[str, str], int]:
        """How many findings, by kind and severity; nought for what was looked at and found in order."""
        counts = Counter((_word(each["kind"]), _severity(each["severity"])) for each in self.document["findings"])
        kinds = {*map(_word, self.document["looked_at"]), *(kind for kind, _ in counts)}
        return {(kind, severity): counts[kind, severity] for kind in sorted(kinds) for severity in SEVERITIES}


def append(database: Database, check: Check) -> None:
    """Keeps a check. Raises `AccordError` for a document that does not keep to the agreement above."""
    _require(check, "the document of the check")
    row = {
        "checked_at": check.at,
        "document": json.dumps(check.document, sort_keys=True, ensure_ascii=False, allow_nan=False),
    }
    with database.writing() as connection:
        connection.execute(sa.insert(checks).values(row))


def latest(database: Database) -> Check | None:
    """The check that was kept last, ``None`` before the first.

    Last by the order in which they were kept: one made while a clock was ahead does not hide those after it.
    Raises `AccordError` for a document that does not keep to the agreement, `UnavailableError` where the database does
    not answer.
    """
    with database.reading() as connection:
        query = sa.select(checks.c.checked_at, checks.c.document).order_by(checks.c.id.desc()).limit(1)
        row = connection.execute(query).first()
    if row is None:
        return None
    check = Check(row.checked_at, json.loads(row.document))
    _require(check, database.place)
    return check


def _require(check: Check, where: str) -> None:
    try:
        _ = check.broken, check.found
    except (KeyError, TypeError, ValueError) as error:
        raise AccordError(
            "This is no document of a check.",
            where=where,
            got=f"{type(error).__name__}: {error}",
            expected="promises, looked_at and findings as serving/ledger/checks.py tells them",
        ) from None


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a word was expected, not {value!r}")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true, false or null was expected, not {value!r}")
    return value


def _severity(value: object) -> str:
    if value not in SEVERITIES:
        raise ValueError(f"a severity is one of {', '.join(SEVERITIES)}, not {value!r}")
    return str(value)
