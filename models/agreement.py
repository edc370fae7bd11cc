"""The agreement: a sheet and who signed it. It travels with the scorer, so that whoever serves it needs no database."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from crm.errors import AccordError
from models.definition import Definition
from models.grades import Grading
from models.sheet import ROLES, Role, Sheet

FILE = "agreement.json"

LONGEST_NAME = 200
"""Characters of a signer's name."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody's name under a sheet, for a team. ``signed_at`` has a zone."""

    sheet_hash: str
    definition_version: str
    role: Role
    name: str
    signed_at: datetime

    def to_json(self) -> dict[str, str]:
        """Plain JSON values; the time is ISO 8601 in UTC."""
        return {
            "sheet_hash": self.sheet_hash,
            "definition_version": self.definition_version,
            "role": self.role,
            "name": self.name,
            "signed_at": self.signed_at.astimezone(UTC).isoformat(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The signature that `to_json` described."""
        return cls(**{**document, "signed_at": datetime.fromisoformat(document["signed_at"])})


@dataclass(frozen=True)
class Agreement:
    """A sheet, and the signatures under it that count, in the order they were given.

    ``texts`` is the sheet as people read it, by language, where it was rendered.
    """

    sheet: Sheet
    signatures: tuple[Signature, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def signed_as(self, role: Role) -> tuple[Signature, ...]:
        """The signatures of one team."""
        return tuple(signature for signature in self.signatures if signature.role == role)

    @property
    def missing(self) -> tuple[Role, ...]:
        """The teams that have not signed."""
        return tuple(role for role in ROLES if not self.signed_as(role))

    @property
    def complete(self) -> bool:
        """Whether both teams have signed."""
        return not self.missing

    def is_of(self, definition: Definition, grading: Grading) -> bool:
        """Whether it is about this definition and grades that start where the sheet says."""
        return self.sheet.definition.version == definition.version and self.sheet.grading == grading

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "hash": self.sheet.hash,
            "sheet": self.sheet.to_json(),
            "signatures": [signature.to_json() for signature in self.signatures],
            "texts": dict(self.texts),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The agreement that `to_json` described. Raises `ValueError` where its parts do not belong together."""
        sheet = Sheet.from_json(document["sheet"])
        signatures = tuple(Signature.from_json(signature) for signature in document["signatures"])
        bound = {(sheet.hash, sheet.definition.version)}
        if document["hash"] != sheet.hash:
            raise ValueError("the sheet is not the one that its hash names")
        if {(each.sheet_hash, each.definition_version) for each in signatures} - bound:
            raise ValueError("a signature is under another sheet")
        return cls(sheet, signatures, dict(document["texts"]))


def write(agreement: Agreement, folder: Path) -> None:
    """Writes ``agreement.json`` into ``folder``."""
    text = json.dumps(agreement.to_json(), ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Agreement | None:
    """The agreement in ``folder``; ``None`` where there is none. Raises `AccordError` where it is not as written."""
    path = folder / FILE
    try:
        return Agreement.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, AccordError) as error:
        raise AccordError(
            f"This agreement cannot be read ({type(error).__name__}: {error}).",
            where=str(path),
            remedy="Hand the scorer over again: accord promote.",
        ) from error


def checked_name(name: str) -> str:
    """A signer's name with single spaces, in Unicode's composed form.

    >>> checked_name("  Anne   Martin ")
    'Anne Martin'

    Raises `AccordError` for a name that is empty, too long or holds what cannot be printed.
    """
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if not any(letter.isalnum() for letter in plain):
        raise AccordError("A signature needs a name.", got=name, remedy='Sign as yourself: --name "Anne Martin".')
    if len(plain) > LONGEST_NAME or not plain.isprintable():
        raise AccordError("This is no name.", got=name, expected=f"at most {LONGEST_NAME} printable characters")
    return plain


def checked_role(role: str) -> Role:
    """A team that signs. Raises `AccordError` for any other."""
    if role not in ROLES:
        raise AccordError("This team does not sign.", got=role, expected=" or ".join(ROLES))
    return role
