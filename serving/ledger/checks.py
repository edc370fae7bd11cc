"""What each ``accord check`` found, kept so that whoever watches the service can ask for the newest.

A check is a JSON document:

* ``checked_at``, ``exported_at``, ``since``: ISO 8601 times of the check, of the export, and from when on promises are
  tested; ``sheet``: the hash of the sheet that promises, null where there is none; ``leads``: tested;
* ``alarm``: whether anything asks for action;
* ``promises``: one entry a promise: ``grade``, ``what`` (``per_week``, ``accept`` or ``close``), ``state`` (``kept``,
  ``young`` or ``broken``), ``side`` (``below``, ``above`` or null), ``since`` (when the alarm was raised, or null),
  ``evidence`` and the ``threshold`` at which it raises the alarm, ``promised`` and ``now``
  (``{"value", "low", "high"}``, ``now`` may be null);
* ``findings``: ``code``, ``alarm``, ``grade``, ``what``, ``sentence`` and ``remedy`` in English;
* ``silences``: how long each stream of data has been silent, in days, and its limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from serving.ledger.ledger import Ledger
from serving.ledger.tables import checks


def append(ledger: Ledger, document: Mapping[str, Any], at: datetime) -> None:
    """Keeps what a check found at a time."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with ledger.database.writing() as connection:
        connection.execute(sa.insert(checks).values(checked_at=at, document=text))


def latest(ledger: Ledger) -> tuple[datetime, dict[str, Any]] | None:
    """When the newest check was, and what it found; ``None`` before the first."""
    query = sa.select(checks.c.checked_at, checks.c.document).order_by(checks.c.id.desc()).limit(1)
    with ledger.database.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else (row.checked_at, json.loads(row.document))
