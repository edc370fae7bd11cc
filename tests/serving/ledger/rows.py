"""Rows of the ledger for its tests, and a recorder over a spool of the test's own."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from serving.ledger.database import Database, database
from serving.ledger.delivery import Delivery
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.spool import Spool
from serving.ledger.standings import Outcome
from serving.ledger.tables import metadata

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)

_NUMBERS = itertools.count(1)


def score(lead_id: str = "l1", *, about: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A row of ``scores``; each is another one."""
    number = next(_NUMBERS)
    given_at = more.get("given_at", AT + timedelta(seconds=number))
    return {
        "id": f"{number:032x}",
        "lead_id": lead_id,
        "given_at": given_at,
        "as_of": given_at,
        "score": 87,
        "grade": "A",
        "p_accept": 0.81,
        "p_close": 0.27,
        "enough_information": True,
        "explored": None,
        "reasons": "[]",
        "features": b"\x00\xff" * 8,
        "catalog": "c" * 64,
        "model_version": "12",
        "stored_version": "s",
        "definition_version": "d" * 64,
        "about": json.dumps(about or {}),
        "caller": "local",
        "request_id": "r",
        **more,
    }


def report(lead_id: str = "l1", outcome: str = "accepted", **more: Any) -> dict[str, Any]:
    """A row of ``feedback``; each is another one."""
    number = next(_NUMBERS)
    return {
        "id": f"{number:064x}",
        "lead_id": lead_id,
        "outcome": outcome,
        "occurred_at": AT,
        "received_at": AT + timedelta(seconds=number),
        "caller": "local",
        "request_id": "r",
        **more,
    }


@dataclass
class Counted:
    """What a recorder counted."""

    rows: Counter[str] = field(default_factory=Counter)

    def delivered(self, table: str, rows: int) -> None:
        self.rows[table] += rows

    def lost(self, rows: int) -> None:
        self.rows["lost"] += rows

    def set_aside(self, reason: str, rows: int) -> None:
        self.rows[reason] += rows


def recorder(
    folder: Path,
    place: Database | str,
    counted: Counted | None = None,
    *,
    outcome: Outcome | None = None,
    **more: Any,
) -> SpoolingRecorder:
    """A recorder that is not started: its turns are the test's."""
    counts = counted or Counted()
    opened = database(place, folder, pooled=True) if isinstance(place, str) else place
    spool = Spool(folder / "spool", lost=counts.lost, retry=0.0, **more)
    return SpoolingRecorder(spool, Delivery(opened, outcome), counts, gather=0.0, longest=0.05)


def kept(place: Database, table: str = "scores") -> list[dict[str, Any]]:
    """All rows of a table, by its key."""
    found = metadata.tables[table]
    with place.reading() as connection:
        return [row._asdict() for row in connection.execute(sa.select(found).order_by(*found.primary_key))]
