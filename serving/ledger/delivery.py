"""From rows of the spool to the database, in one transaction, so that a row that comes twice is there once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from serving.ledger.database import Database
from serving.ledger.erasure import HASHED, hashed, lead_hash, secret_of, take_out
from serving.ledger.reported import outcome
from serving.ledger.standings import Outcome, reported, scored
from serving.ledger.tables import erasures, metadata

Row = Mapping[str, Any]
Entry = tuple[str, Row]
"""A table's name and a row of it."""

ERASABLE = frozenset({"scores", "feedback"})
"""Tables of rows about a lead: those of an erased one are dropped."""


@dataclass(frozen=True)
class Delivery:
    """Delivers rows to a database.

    Args:
        database: where to.
        outcome: what stands of a lead's reports, for its standing; ``None`` leaves outcomes alone.
    """

    database: Database
    outcome: Outcome | None = None

    def deliver(self, entries: Sequence[Entry]) -> Counter[str]:
        """Delivers rows in their order, all or none; gives how many by table, without those of erased leads.

        Raises:
            RefusedDataError: the database will not have one of them.
            ValueError: one is no row of its table.
            UnavailableError, AccordError: the database cannot take anything now.
        """
        with self.database.writing() as connection:
            return self.within(connection, entries)

    def within(self, connection: sa.Connection, entries: Sequence[Entry]) -> Counter[str]:
        """`deliver` within a transaction that writes."""
        done: Counter[str] = Counter()
        for table, group in itertools.groupby(entries, key=lambda entry: entry[0]):
            rows = _standing_rows(connection, table, [row for _, row in group])
            if not rows:
                continue
            self.put(connection, table, rows)
            done[table] += len(rows)
        return done

    def put(self, connection: sa.Connection, table: str, rows: Sequence[Row]) -> list[Row]:
        """`within` for rows of one table, of which none is of an erased lead; gives those that `insert` gives."""
        rows = hashed(connection, rows) if table in HASHED else rows
        new = insert(connection, table, rows, more=table in HASHED)
        if table == "scores":
            scored(connection, rows)
        elif table == "feedback" and self.outcome is not None:
            reported(connection, {row["lead_id"] for row in rows}, self.outcome)
        elif table == "erasures":
            take_out(connection, [row["lead_id"] for row in rows if "lead_id" in row])
        return new


def delivery_to(database: Database) -> Delivery:
    """The delivery to a database as the service does it."""
    return Delivery(database, outcome)


def insert(connection: sa.Connection, name: str, rows: Sequence[Row], *, more: bool = False) -> list[Row]:
    """Inserts the rows whose keys are not there, and gives them; where a key has several columns, all rows.

    Raises `ValueError` for what is no row of the table.

    ``more``: values that the table has no column for are left out.
    """
    table = metadata.tables.get(name)
    if table is None:
        raise ValueError(f"there is no table {name}")
    known = set(table.columns.keys())
    if not more and any(row.keys() - known for row in rows):
        raise ValueError(f"a row of {name} has values without a column")
    own = list(table.primary_key)
    full: list[Row] = [{column: row.get(column) for column in known} for row in rows]
    if len(own) == 1:  # some tables let no statement near a key that is there
        there = set(connection.scalars(sa.select(own[0]).where(own[0].in_([row[own[0].name] for row in full]))))
        full = list({row[own[0].name]: row for row in full if row[own[0].name] not in there}.values())
    if full:
        make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(make(table).on_conflict_do_nothing(index_elements=own), full)
    return full


def _standing_rows(connection: sa.Connection, table: str, rows: list[Row]) -> list[Row]:
    """The rows without those of erased leads."""
    if table not in ERASABLE:
        return rows
    secret = secret_of(connection)
    hashes = {row["lead_id"]: lead_hash(secret, row["lead_id"]) for row in rows}
    found = sa.select(erasures.c.lead_hash).where(erasures.c.lead_hash.in_(list(hashes.values())))
    erased = set(connection.scalars(found))
    return [row for row in rows if hashes[row["lead_id"]] not in erased] if erased else rows
