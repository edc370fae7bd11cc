"""The act of signing: the sheet on the table, a name under it, and who is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accord.agreement import ledger_of
from accord.exits import MisuseError, RefusedError
from accord.project import FILE, Opened
from accord.registry import note_agreement, store_of, version_at
from accord.shelf import renew
from crm.errors import AccordError, UnavailableError
from models.agreement import Agreement, Signature, checked_name, checked_role
from models.sheet import Sheet
from training.dossier import Dossier, newest
from training.sheets import promise_in_words
from training.tracking import CHALLENGER, Store, dossier_of

NOTHING = "There is nothing to sign."


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of signing. ``new`` is false where the name was there already.

    ``handed_over``: the version in service that got the signature with it; ``noted``: the versions that the registry
    was told of; ``down``: what kept the registry from being told.
    """

    agreement: Agreement
    signature: Signature
    new: bool
    handed_over: str | None
    noted: tuple[str, ...]
    down: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        sheet = self.agreement.sheet
        return {
            "sheet": sheet.hash,
            "definition": {"name": sheet.definition.name, "version": sheet.definition.version},
            "signature": self.signature.to_json(),
            "new": self.new,
            "signed": self.agreement.complete,
            "missing": self.agreement.missing,
            "handed_over": self.handed_over,
            "noted": self.noted,
            "registry": self.down or "told",
        }


def sign(opened: Opened, role: str, name: str, at: datetime) -> Signed:
    """Signs the sheet on the table. The ledger is what counts; service and registry are told of it afterwards.

    A registry that is down keeps nobody from signing: `promote` tells it again. Raises `MisuseError` for a team or a
    name that cannot be; `RefusedError` where there is no sheet to sign, or ``accord.yaml`` has another definition.
    """
    try:
        role, name = checked_role(role), checked_name(name)
    except AccordError as wrong:
        raise MisuseError(wrong.message, got=wrong.got, expected=wrong.expected, remedy=wrong.remedy) from None
    ledger = ledger_of(opened)
    store = store_of(opened)
    challenger, down = _challenger(store)
    measured = _measured(opened, store, challenger)
    sheet = ledger.on_the_table(measured).sheet
    ledger.put(sheet, at)
    signature, new = ledger.sign(sheet.hash, role, name, at)
    agreement = ledger.on_the_table(measured)
    served = renew(opened, ledger)
    noted: tuple[str, ...] = ()
    if down is None:
        try:
            noted = tuple(sorted({each for each in (challenger, served) if each is not None}))
            for version in noted:
                note_agreement(store, version, agreement)
        except AccordError as error:  # the signature is there: whatever ails the registry, promotion tells it again
            noted, down = (), error.where
    return Signed(agreement, signature, new, served, noted, down)


def _challenger(store: Store) -> tuple[str | None, str | None]:
    """The challenger's version, and the registry's address where it does not answer."""
    try:
        return version_at(store, CHALLENGER), None
    except UnavailableError as error:
        return None, error.where


def _measured(opened: Opened, store: Store, challenger: str | None) -> Sheet:
    """The sheet that the challenger's training measured; of the last training here, where there is no challenger."""
    dossier: Dossier | None
    if challenger is not None:
        dossier = dossier_of(challenger, store, opened.state.dossiers)
    else:
        dossier = newest(opened.state.dossiers)
    if dossier is None:
        raise RefusedError(NOTHING, reasons=("Nothing has been trained here yet.",), remedy="Train: accord train.")
    measured = dossier.sheet
    if measured is None:
        reasons = ("The training measured no promises: it needs a history with times.",)
        raise RefusedError(NOTHING, reasons=reasons, remedy="Serve it on trial: accord promote --on-trial.")
    written = opened.settings.definition
    if measured.definition.version != written.version:
        trained, now = measured.definition.short_version, written.short_version
        reasons = (f"{FILE} has definition {now}, and the last training was for definition {trained}.",)
        remedy = f"Train with it (accord train, accord register) and sign then, or put {FILE} back."
        raise RefusedError("What would be signed is not what was written.", reasons=reasons, remedy=remedy)
    return measured


def lines(sheet: Sheet) -> Iterator[str]:
    """The sheet in short, for the terminal."""
    definition = sheet.definition
    yield f"Sheet {sheet.short_hash} of the definition {definition.name!r}, version {definition.short_version}"
    for promise in sheet.promises:
        yield f"  {promise.grade}: {promise_in_words(sheet, promise, 'en')}"
