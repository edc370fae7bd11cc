"""A ledger in an SQLite file with a key of every kind, and the roster over it, for tests of the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from serving.doors import Role
from serving.ledger import keys, schema
from serving.ledger.database import Database, database
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.roster import LedgerRoster
from tests.serving.conftest import NOW

UNKNOWN = f"accord_{'0' * 16}_{'A' * 43}"
YEAR = timedelta(days=365)


@dataclass
class Keyring:
    """``keys`` has the text of each: one a role, and ``revoked``, ``expired``, ``unknown``, ``guessed``, ``malformed``.

    A ``guessed`` one has the id of a key that holds, and another secret.
    """

    database: Database
    roster: LedgerRoster
    keys: dict[str, str]
    ids: dict[str, str]
    recorder: SpoolingRecorder | None = None

    @property
    def desk(self) -> dict[str, Any]:
        """What the desk holds of it."""
        return {"ledger": self.database, "roster": self.roster, "recorder": self.recorder}

    def headers(self, of: str) -> dict[str, str]:
        """The header that shows a key, by its name; ``none`` shows none."""
        return {} if of == "none" else {"Authorization": f"Bearer {self.keys[of]}"}


def keyring(folder: Path, now: datetime = NOW) -> Keyring:
    """A keyring in this folder, its roster up to date."""
    where = database(f"sqlite:///{folder / 'ledger.db'}", Path())
    schema.upgrade(where)
    made = {str(role): keys.create(where, role, f"of {role}", now, YEAR) for role in Role}
    made["revoked"] = keys.create(where, Role.ADMIN, "stolen", now, YEAR)
    keys.revoke(where, made["revoked"][0].id, now)
    made["expired"] = keys.create(where, Role.ADMIN, "of last year", now - YEAR, timedelta(days=364))
    texts = {name: text for name, (_, text) in made.items()}
    texts |= {"unknown": UNKNOWN, "guessed": texts["admin"][:24] + "A" * 43, "malformed": texts["admin"][:-1]}
    roster = LedgerRoster(where, folder / "spool", every=0.1)
    roster.look()
    return Keyring(where, roster, texts, {name: key.id for name, (key, _) in made.items()})


def bare(folder: Path) -> Keyring:
    """A ledger without a key."""
    where = database(f"sqlite:///{folder / 'bare.db'}", Path())
    schema.upgrade(where)
    roster = LedgerRoster(where)
    roster.look()
    return Keyring(where, roster, {"unknown": UNKNOWN}, {})
