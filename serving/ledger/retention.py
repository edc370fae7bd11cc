"""What is done to the ledger by hand: old rows deleted for good, and the standings made anew from what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from serving.ledger.database import Database
from serving.ledger.scrub import scrub
from serving.ledger.standings import Outcome, reported, scored
from serving.ledger.tables import deliveries, erasing, feedback, scores, standings

_LEADS = 500  # whose scores are in memory at once
_READ = tuple(c for c in scores.c if c.name not in {"features", "reasons"})


def retain(database: Database, since: datetime, outcome: Outcome | None) -> Mapping[str, int]:
    """Deletes scores given, and deliveries received, before an instant; gives how many of each.

    Feedback, signatures, keys, objections, erasures and checks stay. The standings follow: a lead without a score is
    left with its outcome. All of it or, where it fails, nothing. The bytes go from the database's files, too (see
    `scrub`).
    """
    with database.writing() as connection:
        with letting_go(connection, "retention"):
            deleted = {
                table.name: connection.execute(sa.delete(table).where(column < since)).rowcount
                for table, column in ((scores, scores.c.given_at), (deliveries, deliveries.c.received_at))
            }
        if deleted[scores.name]:
            _rebuild(connection, outcome)
    scrub(database)
    return deleted


def rebuild(database: Database, outcome: Outcome | None) -> int:
    """Makes the standings anew from scores and feedback; gives of how many leads."""
    with database.writing() as connection:
        return _rebuild(connection, outcome)


@contextmanager
def letting_go(connection: sa.Connection, why: str) -> Iterator[None]:
    """While this holds the ledger's triggers let rows be deleted, in this transaction and no other."""
    connection.execute(sa.insert(erasing).values(why=why))
    yield
    connection.execute(sa.delete(erasing))


def _rebuild(connection: sa.Connection, outcome: Outcome | None) -> int:
    connection.execute(sa.delete(standings))
    for table in (scores, feedback) if outcome else (scores,):
        for leads in _leads(connection, table):
            if table is scores:
                found = connection.execute(sa.select(*_READ).where(scores.c.lead_id.in_(leads)))
                scored(connection, [row._asdict() for row in found])
            elif outcome is not None:
                reported(connection, leads, outcome)
    return connection.execute(sa.select(sa.func.count()).select_from(standings)).scalar_one()


def _leads(connection: sa.Connection, table: sa.Table) -> Iterator[list[str]]:
    """The leads of a table, some at a time, in the order of their keys."""
    last = ""
    query = sa.select(table.c.lead_id).distinct().order_by(table.c.lead_id).limit(_LEADS)
    while leads := list(connection.scalars(query.where(table.c.lead_id > last))):
        yield leads
        last = leads[-1]
