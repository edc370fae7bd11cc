"""What a service must know of the ledger at every request, as one value: keys, and the leads that are barred."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import sqlalchemy as sa

from serving.doors import Role
from serving.ledger.database import Database
from serving.ledger.keys import Key, read
from serving.ledger.tables import erasures, keys, objections, pepper, revocations

COUNTED = (keys, revocations, objections, erasures)
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """The state of a ledger: its ``keys`` by id, and the hashes of leads ``erased`` and ``objected``.

    ``pepper`` makes the hashes, and tells one ledger from another. ``rows`` has the rows of each table when they were
    read: rows of these tables are never changed or deleted, so the same counts are the same rows.
    """

    pepper: str
    keys: Mapping[str, Key] = field(default_factory=dict)
    erased: frozenset[str] = NONE
    objected: frozenset[str] = NONE
    rows: tuple[int, ...] = ()

    @property
    def mark(self) -> str:
        """Tells this ledger from others without telling its pepper."""
        return hashlib.sha256(f"mark {self.pepper}".encode()).hexdigest()[:16]

    def barring(self, erased: AbstractSet[str], objected: AbstractSet[str]) -> Known:
        """This state with these hashes of leads barred as well."""
        if _in(erased, self.erased) and _in(objected, self.objected):
            return self
        return replace(self, erased=self.erased | erased, objected=self.objected | objected)

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "pepper": self.pepper,
            "keys": [_key_to_json(key) for key in self.keys.values()],
            "erased": sorted(self.erased),
            "objected": sorted(self.objected),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The opposite of `to_json`. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        known = [_key_from_json(each) for each in document["keys"]]
        return cls(
            str(document["pepper"]),
            {key.id: key for key in known},
            frozenset(map(str, document["erased"])),
            frozenset(map(str, document["objected"])),
        )


def known_of(database: Database, before: Known | None) -> Known:
    """The ledger's state. What has not grown since ``before`` is not read again.

    What was revoked or barred ``before`` in the same ledger stays so: a database put back from a copy forgets nothing
    that this process knows.
    """
    with database.reading() as connection:
        secret = connection.execute(sa.select(pepper.c.secret).order_by(pepper.c.id)).scalars().first()
        if secret is None:
            raise LookupError("the ledger's pepper is missing")
        rows = tuple(_count(connection, table) for table in COUNTED)
        if before is None or before.pepper != secret:
            before = Known(secret)
        grown = {table for table, n, m in zip(COUNTED, rows, before.rows or (-1,) * 4, strict=True) if n != m}
        now = replace(before, rows=rows)
        if grown & {keys, revocations}:
            now = replace(now, keys=_kept_closed({key.id: key for key in read(connection)}, before.keys))
        if objections in grown:
            now = replace(now, objected=before.objected | _hashes(connection, objections))
        if erasures in grown:
            now = replace(now, erased=before.erased | _hashes(connection, erasures))
    return now


def _in(some: AbstractSet[str], all_: AbstractSet[str]) -> bool:
    return some is all_ or some <= all_


def _kept_closed(now: Mapping[str, Key], before: Mapping[str, Key]) -> dict[str, Key]:
    """The keys of ``now``; those that were revoked ``before`` are."""
    known = {key_id: key.revoked_at for key_id, key in before.items() if key.revoked_at is not None}
    return {key_id: replace(key, revoked_at=key.revoked_at or known.get(key_id)) for key_id, key in now.items()}


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _hashes(connection: sa.Connection, table: sa.Table) -> frozenset[str]:
    return frozenset(connection.execute(sa.select(table.c.lead_hash)).scalars())


def _key_to_json(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": str(key.role),
        "digest": key.digest,
        "created_at": key.created_at.isoformat(),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }


def _key_from_json(document: Mapping[str, Any]) -> Key:
    def time(name: str) -> datetime | None:
        return None if document[name] is None else datetime.fromisoformat(document[name])

    return Key(
        str(document["id"]),
        str(document["name"]),
        Role(document["role"]),
        str(document["digest"]),
        datetime.fromisoformat(document["created_at"]),
        time("expires_at"),
        time("revoked_at"),
    )
