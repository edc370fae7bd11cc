"""What is asked of the ledger: sheets kept, signatures given, and which of them count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from crm.errors import AccordError
from models.agreement import Agreement, Signature, checked_name, checked_role
from models.definition import SHORT
from models.sheet import Sheet
from serving.ledger.database import Database, database
from serving.ledger.schema import require
from serving.ledger.standing import Standing, standing
from serving.ledger.tables import sheets, signatures


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sheets and signatures of a project. Nothing in it is ever changed; what was added is there for good."""

    database: Database

    @classmethod
    def open(cls, url: str, base: Path) -> Self:
        """The ledger at an SQLAlchemy address (SQLite files relative to ``base``), its tables up to date.

        Raises `AccordError` for a wrong address or tables of another version (see `schema.require`),
        `UnavailableError` where the database does not answer.
        """
        opened = database(url, base)
        require(opened)
        return cls(opened)

    def put(self, sheet: Sheet, at: datetime) -> None:
        """Keeps a sheet, so that it can be signed. One that is there already stays as it is."""
        row = {
            "hash": sheet.hash,
            "definition_name": sheet.definition.name,
            "definition_version": sheet.definition.version,
            "document": json.dumps(sheet.to_json(), sort_keys=True, ensure_ascii=False, allow_nan=False),
            "created_at": at,
        }
        with self.database.writing() as connection:
            if connection.execute(sa.select(sheets.c.hash).where(sheets.c.hash == sheet.hash)).first() is None:
                connection.execute(sa.insert(sheets).values(row))

    def sign(self, sheet_hash: str, role: str, name: str, at: datetime) -> tuple[Signature, bool]:
        """Records a signature under a sheet, and whether it is new: one that counts already is given back as it is.

        Several people of a team may sign. Raises `AccordError` for an empty name, a team that does not sign, and a
        sheet that the ledger does not hold.
        """
        team, person = checked_role(role), checked_name(name)
        with self.database.writing() as connection:
            of = connection.execute(
                sa.select(sheets.c.definition_version).where(sheets.c.hash == sheet_hash)
            ).scalar_one_or_none()
            if of is None:
                raise AccordError("The ledger holds no such sheet.", where=self.database.place, got=sheet_hash[:SHORT])
            for known in standing(_signatures(connection)).signatures.get(sheet_hash, ()):
                if (known.role, known.name) == (team, person):
                    return known, False
            given = Signature(sheet_hash, of, team, person, at)
            connection.execute(sa.insert(signatures).values({**given.to_json(), "signed_at": at}))
            return given, True

    def signatures(self, sheet_hash: str | None = None) -> tuple[Signature, ...]:
        """Every signature ever given (under one sheet), in their order; those that no longer count too."""
        with self.database.reading() as connection:
            given = tuple(_signatures(connection))
        return tuple(each for each in given if sheet_hash in {None, each.sheet_hash})

    def standing(self) -> Standing:
        """Which signatures count now."""
        return standing(self.signatures())

    def sheets(self, definition_version: str | None = None) -> tuple[Sheet, ...]:
        """The sheets (of one version of the definition), the newest first.

        Sheets of a version of Accord that read definitions otherwise are left out: what was signed there is no longer
        what would be served. Raises `AccordError` where a sheet is not as it was put.
        """
        query = sa.select(sheets.c.hash, sheets.c.document).order_by(sheets.c.created_at.desc(), sheets.c.hash)
        if definition_version is not None:
            query = query.where(sheets.c.definition_version == definition_version)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(sheet for row in rows if (sheet := self._sheet(row.hash, row.document)) is not None)

    def signed(self) -> Agreement | None:
        """The sheet in force, the one that both teams signed last; ``None`` before the first."""
        now = self.standing()
        return next((each for each in self._agreements(now) if each.sheet.hash == now.in_force), None)

    def on_the_table(self, measured: Sheet) -> Agreement:
        """What a team would sign now, where training ``measured`` this sheet, with the signatures that count.

        That is the sheet in force, else the one signed last by one team, if it has the same definition and grading and
        its promise still holds by what was measured; else the measured one.
        """
        now = self.standing()

        def fits(agreement: Agreement) -> bool:
            sheet = agreement.sheet
            return agreement.is_of(measured.definition, measured.grading) and not any(sheet.broken_by(measured))

        fitting = [agreement for agreement in self._agreements(now) if fits(agreement)]
        fitting.sort(key=lambda agreement: agreement.sheet.hash != now.in_force)  # stable: the latest stays ahead
        return fitting[0] if fitting else Agreement(measured, now.signatures.get(measured.hash, ()))

    def last_signed(self, like: Callable[[Sheet], bool]) -> Sheet | None:
        """Of the sheets that anybody ever signed, the one signed last that is ``like`` this."""
        known = {sheet.hash: sheet for sheet in self.sheets()}
        given = (known[each.sheet_hash] for each in reversed(self.signatures()) if each.sheet_hash in known)
        return next((sheet for sheet in given if like(sheet)), None)

    def _agreements(self, now: Standing) -> Iterator[Agreement]:
        """The sheets with signatures that count, the one signed last first."""
        known = {sheet.hash: sheet for sheet in self.sheets()}
        for sheet_hash in reversed(tuple(now.signatures)):
            if sheet_hash in known:
                yield Agreement(known[sheet_hash], now.signatures[sheet_hash])

    def _sheet(self, sheet_hash: str, text: str) -> Sheet | None:
        document = json.loads(text)
        if _hash(document) != sheet_hash:
            raise AccordError(
                "A sheet in the ledger is not as it was signed.",
                where=self.database.place,
                got=sheet_hash[:SHORT],
                remedy="Somebody changed the database by hand: bring back a copy from before.",
            )
        try:
            sheet = Sheet.from_json(document)
        except (AccordError, KeyError, TypeError, ValueError):
            return None
        return sheet if sheet.hash == sheet_hash else None


def _signatures(connection: sa.Connection) -> Iterator[Signature]:
    columns = (signatures.c[name] for name in ("sheet_hash", "definition_version", "role", "name", "signed_at"))
    for row in connection.execute(sa.select(*columns).order_by(signatures.c.id)):
        yield Signature(**row._asdict())


def _hash(document: dict[str, Any]) -> str:
    """`Sheet.hash` of a document, without reading it as a sheet."""
    content = {name: part for name, part in document.items() if name != "measured"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
