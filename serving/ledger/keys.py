"""API keys: made, listed and revoked in the ledger; and whether one that is shown opens anything.

A key is ``accord_<id>_<secret>``: 16 hexadecimal digits to tell keys apart, and 256 random bits that nobody keeps but
its holder. The ledger has the SHA-256 of the secret (decision 17 says why that is enough).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from crm.errors import AccordError
from serving.doors import Role
from serving.ledger.database import Database
from serving.ledger.tables import keys, revocations

LONGEST_NAME = 100
_SECRET_BYTES = 32
_FORM = re.compile(r"accord_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_LONGEST = 128
"""Characters of what is shown that are looked at: a key has 67."""

Closed = Literal["malformed", "unknown", "revoked", "expired"]
"""Why a key opens nothing: for our counts, never for whoever shows it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the ledger knows it. ``digest`` is the hash of its secret; ``expires_at`` is ``None`` where never."""

    id: str
    name: str
    role: Role
    digest: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def closed(self, now: datetime) -> Closed | None:
        """Why it opens nothing at this instant; ``None`` where it does."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else None


_NOBODY = Key("", "", Role.DATA, "0" * 64, datetime.min.replace(tzinfo=UTC), None)
"""Stands in for a key that is not there, so that looking for it is the same work."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of a key that was shown: the ``key``, if it was one of ours, and why it is ``closed``, if it is."""

    key: Key | None
    closed: Closed | None


def look_up(shown: str, known: Mapping[str, Key], now: datetime) -> Shown:
    """Whether ``shown`` is one of the ``known`` keys, by id, and opens something.

    Neither an unknown id nor a wrong secret takes another way through this: the secret is hashed and compared with one
    digest, whole, in time that does not depend on where they part.
    """
    form = _FORM.fullmatch(shown[:_LONGEST])
    key_id, secret = form.groups() if form else ("", shown[:_LONGEST])
    key = known.get(key_id, _NOBODY)
    same = hmac.compare_digest(_digest(secret), key.digest)
    if not same or key is _NOBODY:
        return Shown(None, "unknown" if form else "malformed")
    return Shown(key, key.closed(now))


def create(database: Database, role: Role, name: str, at: datetime, lives: timedelta) -> tuple[Key, str]:
    """Makes a key, and gives it with its text, which is nowhere else and cannot be had again.

    Raises `AccordError` for a name that is none.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = Key(secrets.token_hex(8), checked_name(name), role, _digest(secret), at, at + lives)
    row = {
        "id": key.id,
        "name": key.name,
        "role": str(role),
        "digest": key.digest,
        "created_at": at,
        "expires_at": key.expires_at,
    }
    with database.writing() as connection:
        connection.execute(sa.insert(keys).values(row))
    return key, f"accord_{key.id}_{secret}"


def listed(database: Database) -> tuple[Key, ...]:
    """Every key ever made, in the order they were."""
    with database.reading() as connection:
        return read(connection)


def revoke(database: Database, named: str, at: datetime) -> tuple[Key, bool]:
    """Revokes the key of this id, for good, and gives it with whether that is new. A whole key names itself too.

    Raises `AccordError` where there is no such key.
    """
    form = _FORM.fullmatch(named)
    key_id = form.group(1) if form else named
    with database.writing() as connection:
        key = next((each for each in read(connection) if each.id == key_id), None)
        if key is None:
            raise AccordError(
                "The ledger has no such key.",
                where=database.place,
                got=None if named.startswith("accord_") else named[:32],  # a secret is not repeated
                expected="the 16 digits between the underscores of a key",
                remedy="Look for it: accord keys list.",
            )
        if key.revoked_at is not None:
            return key, False
        connection.execute(sa.insert(revocations).values(key_id=key_id, revoked_at=at))
    return replace(key, revoked_at=at), True


def read(connection: sa.Connection) -> tuple[Key, ...]:
    """Every key with its revocation, in the order they were made."""
    joined = keys.outerjoin(revocations, keys.c.id == revocations.c.key_id)
    query = sa.select(keys, revocations.c.revoked_at).select_from(joined).order_by(keys.c.created_at, keys.c.id)
    return tuple(Key(**{**row._asdict(), "role": Role(row.role)}) for row in connection.execute(query))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def checked_name(name: str) -> str:
    """A key's name with single spaces. Raises `AccordError` for one that is empty, too long or cannot be printed."""
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise AccordError(
            "This is no name for a key.",
            got=name,
            expected=f"1 to {LONGEST_NAME} printable characters",
            remedy='Say what it is for: --name "HubSpot".',
        )
    return plain
