"""Erases a lead from the ledger, from rows on their way there, and from the project's own files."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord.agreement import ledger_of
from accord.leftovers import Leftovers, clear
from accord.project import Opened
from crm.errors import AccordError
from serving.ledger.database import Database
from serving.ledger.delivery import delivery_to
from serving.ledger.erasure import erase as erase_rows
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.scrub import scrub
from serving.ledger.spool import Spool

CALLER = "accord erase"


@dataclass(frozen=True)
class Erased:
    """What went: ``rows`` of the ledger by table, and of the project's files; ``new``: it was not erased before.

    ``waiting``: rows that a running service still holds on their way to the ledger, which drops them.
    ``elsewhere``: the MLflow store is not in the project, and may hold copies of its tables.
    """

    rows: Mapping[str, int]
    new: bool
    files: Leftovers
    files_clean: bool
    waiting: int
    elsewhere: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "new": self.new,
            "rows": dict(self.rows),
            "rewritten": [str(path) for path in self.files.rewritten],
            "removed": [str(path) for path in self.files.removed],
            "to_look_at": [str(path) for path in self.files.to_look_at],
            "files_clean": self.files_clean,
            "waiting": self.waiting,
            "elsewhere": self.elsewhere,
        }


def erase(opened: Opened, lead_id: str, at: datetime) -> Erased:
    """Erases a lead; once it is in the ledger, everything else may be repeated.

    Raises `UnavailableError` where the ledger does not answer, with nothing erased.
    """
    if not lead_id.strip() or "\0" in lead_id:
        raise AccordError("This names no lead.", got=lead_id, expected="a lead's key, as in the CRM")
    database = ledger_of(opened).database
    with database.writing() as connection:
        rows, new = erase_rows(connection, lead_id, at, CALLER)
    waiting = _delivered(opened, database)
    files = clear(opened.state.folder, lead_id, but=frozenset({opened.state.spool}))
    clean = scrub(database)
    elsewhere = opened.tracking_uri != opened.state.tracking_uri
    return Erased(rows, new, files, clean, waiting, elsewhere)


def _delivered(opened: Opened, database: Database) -> int:
    """Brings what no service holds to the ledger, which drops the rows of the lead; gives how many rows are left."""
    if not opened.state.spool.is_dir():
        return 0
    recorder = SpoolingRecorder(Spool(opened.state.spool), delivery_to(database), _Uncounted())
    with contextlib.redirect_stdout(sys.stderr):  # its log is no result
        recorder.turn()
        recorder.forget()
    return recorder.backlog


class _Uncounted:
    """A command counts nothing."""

    def delivered(self, table: str, rows: int) -> None:
        """See `serving.ledger.recorder.Counts`."""

    def lost(self, rows: int) -> None:
        """See `serving.ledger.recorder.Counts`."""

    def set_aside(self, reason: str, rows: int) -> None:
        """See `serving.ledger.recorder.Counts`."""
