"""After an erasure, or old rows deleted: the bytes of deleted rows go from the database's files, too."""

from __future__ import annotations

import time

import sqlalchemy as sa

from serving.ledger.database import Database, told
from serving.ledger.tables import deliveries, feedback, scores, standings

WAITS = 10.0
"""Seconds to wait for readers of an SQLite file, whose log cannot be emptied while they read."""

_PAUSE = 0.02
_TABLES = (scores, feedback, standings, deliveries)


def scrub(database: Database, waits: float = WAITS) -> bool:
    """Gives whether no file of the database holds bytes of deleted rows any more, as far as the database can tell.

    SQLite overwrites what is deleted with zeros (``secure_delete``, on every connection); here its write-ahead log is
    brought into the file and emptied, which has to wait for readers. PostgreSQL vacuums the tables: the rows are gone
    for every query, and their space is used again; its own log and its archives are kept as whoever runs it decided.

    Raises `UnavailableError` where the database does not answer.
    """
    return _empty_log(database, waits) if database.is_file else _vacuum(database)


def _empty_log(database: Database, waits: float) -> bool:
    until = time.monotonic() + waits
    with told(database.place), database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - a connection that was just made
        driver.execute("PRAGMA busy_timeout = 200")  # a writer must not make us wait for long; we come again
        try:
            while driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > until:
                    return False
                time.sleep(_PAUSE)
        finally:
            connection.invalidate()  # the timeout is not for others
    return True


def _vacuum(database: Database) -> bool:
    with (
        told(database.place),
        database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        for table in _TABLES:
            connection.execute(sa.text(f"VACUUM {table.name}"))
    return True
