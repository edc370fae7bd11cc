"""Leads that must not be known by name, only by a hash of their key: who objected, and who was erased.

An erasure takes every row that names the lead out of the ledger. What stays is the hash, so that nothing of the lead is
taken in again.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from serving.ledger.database import Database
from serving.ledger.tables import deliveries, erasing, erasures, feedback, objections, pepper, scores, standings

HASHED = frozenset({"objections", "erasures"})
"""Tables that hold a hash in place of a lead's key."""

_OF_A_LEAD = (scores, feedback, standings)


@dataclass(frozen=True, slots=True)
class Barred:
    """Which of some leads were erased, and which object to being profiled; a lead may be both."""

    erased: frozenset[str]
    objected: frozenset[str]

    @property
    def leads(self) -> frozenset[str]:
        """All of them: neither scored, nor learned from, nor reported on."""
        return self.erased | self.objected


def lead_hash(pepper: str, lead_id: str) -> str:
    """HMAC-SHA256 of a lead's key with the ledger's secret, 64 hexadecimal digits.

    Without the secret nobody can find out by trying keys whether a lead is among the hashes.
    """
    return hmac.new(pepper.encode(), lead_id.encode(), "sha256").hexdigest()


def secret_of(connection: sa.Connection) -> str:
    """The ledger's secret."""
    return str(connection.scalars(sa.select(pepper.c.secret)).one())


def hashed(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of `HASHED` with their hash, where they hold the lead's key in ``lead_id`` instead.

    A service whose database is down may not know the secret; the rows that it keeps on disk get their hash here.
    """
    secret = secret_of(connection)
    return [row if "lead_hash" in row else {**row, "lead_hash": lead_hash(secret, row["lead_id"])} for row in rows]


def object_to(connection: sa.Connection, lead_id: str, at: datetime, caller: str) -> bool:
    """Records within a transaction that writes that a lead is never to be profiled; gives whether that is new."""
    return _put(connection, objections, lead_id, recorded_at=at, caller=caller)


def erase(connection: sa.Connection, lead_id: str, at: datetime, caller: str) -> tuple[Counter[str], bool]:
    """Erases a lead within a transaction that writes; gives the rows that went, by table, and whether it is new.

    What comes of the lead from now on is dropped by `serving.ledger.delivery`. The bytes are gone from the files only
    after `serving.ledger.scrub.scrub`.
    """
    new = _put(connection, erasures, lead_id, erased_at=at, caller=caller)
    return take_out(connection, [lead_id]), new


def take_out(connection: sa.Connection, leads: Iterable[str]) -> Counter[str]:
    """Deletes all rows of these leads, and every answer that names one; gives how many went, by table."""
    gone: Counter[str] = Counter()
    connection.execute(sa.insert(erasing).values(why="erasure"))
    for lead_id in leads:
        for table in _OF_A_LEAD:
            gone[table.name] += connection.execute(sa.delete(table).where(table.c.lead_id == lead_id)).rowcount
        gone[deliveries.name] += connection.execute(sa.delete(deliveries).where(_names(connection, lead_id))).rowcount
    connection.execute(sa.delete(erasing))
    return gone


def erased_among(connection: sa.Connection, lead_ids: Iterable[str]) -> frozenset[str]:
    """Which of these leads were erased."""
    secret = secret_of(connection)
    by_hash = {lead_hash(secret, lead_id): lead_id for lead_id in lead_ids}
    found = sa.select(erasures.c.lead_hash).where(erasures.c.lead_hash.in_(list(by_hash)))
    return frozenset(by_hash[each] for each in connection.scalars(found))


def barred(database: Database, lead_ids: Iterable[str]) -> Barred:
    """Which of these leads the ledger bars. Raises `UnavailableError`."""
    with database.reading() as connection:
        secret = secret_of(connection)
        erased = frozenset(connection.scalars(sa.select(erasures.c.lead_hash)))
        objected = frozenset(connection.scalars(sa.select(objections.c.lead_hash)))
    if not (erased or objected):
        return Barred(frozenset(), frozenset())
    by_hash = {lead_hash(secret, lead_id): lead_id for lead_id in lead_ids}
    return Barred(*(frozenset(by_hash[each] for each in found & by_hash.keys()) for found in (erased, objected)))


def _put(connection: sa.Connection, table: sa.Table, lead_id: str, **more: Any) -> bool:
    hashed_ = lead_hash(secret_of(connection), lead_id)
    if connection.execute(sa.select(table.c.lead_hash).where(table.c.lead_hash == hashed_)).first() is not None:
        return False
    connection.execute(sa.insert(table).values(lead_hash=hashed_, **more))
    return True


def _names(connection: sa.Connection, lead_id: str) -> sa.ColumnElement[bool]:
    """Answers that name the lead, and those whose ``Idempotency-Key`` does: callers like to make it of the lead's key.

    One answer too many does no harm: reports that come again are told from their content.
    """
    place = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    quoted = f'"lead_id":{msgspec.json.encode(lead_id).decode()}'
    return sa.or_(place(deliveries.c.reply, quoted) > 0, place(deliveries.c.idempotency_key, lead_id) > 0)
