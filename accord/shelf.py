"""The store that the service watches: which scorer it has, and with which agreement."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from accord.project import Opened
from crm.errors import AccordError
from models.agreement import Agreement
from models.definition import LANGUAGES
from models.sheet import Sheet
from serving.ledger import Ledger
from serving.store import Store, Stored
from training.dossier import Dossier
from training.sheets import text

_DIGITS = 16


def shelf_of(opened: Opened) -> Store:
    """The Bento model store of a project."""
    return Store(opened.state.make().bento / "models")


def newest(opened: Opened) -> Stored | None:
    """What the service has; ``None`` where nothing was ever promoted."""
    shelf = shelf_of(opened)
    version = shelf.newest()
    return None if version is None else shelf.get(version)


def in_service(opened: Opened) -> str | None:
    """The registry's version that the service has; ``None`` where nothing was ever promoted."""
    stored = newest(opened)
    return None if stored is None else stored.labels.get("version")


def serve(opened: Opened, folder: Path, version: str, artifact: str, agreed: Agreement | None) -> bool:
    """Puts a scorer and its agreement in the service's store unless they are the newest there; whether it did.

    The sheet goes along as people read it, in both languages: the service renders nothing.
    """
    agreed = None if agreed is None else replace(agreed, texts=_texts(agreed))
    labels = {"version": version, "artifact": artifact[:_DIGITS], "agreement": _digest(agreed)}
    stored = newest(opened)
    if stored is not None and dict(stored.labels) == labels:
        return False
    shelf_of(opened).put(folder, labels, agreed)
    return True


def served_with(opened: Opened, version: str) -> Agreement | None:
    """The agreement that this version was served with before: one that both teams had signed, else the last."""
    shelf = shelf_of(opened)
    before: list[Agreement] = []
    for name in shelf.versions():
        stored = shelf.get(name)
        if stored.labels.get("version") == version:
            with suppress(AccordError):  # changed by hand: it says nothing
                before += filter(None, [stored.agreement()])
    return next((each for each in before if each.complete), before[0] if before else None)


def agreement_for(opened: Opened, ledger: Ledger | None, version: str, measured: Sheet | None) -> Agreement | None:
    """The sheet of a version, whose training ``measured`` this one, with the signatures that count.

    What both teams had signed when this version was served stays with it: going back to it is going back to what was
    agreed. So does what it was served with where there is no ledger to ask.
    """
    before = served_with(opened, version)
    if ledger is None or measured is None:
        return before
    now = ledger.on_the_table(measured)
    return before if before is not None and before.complete and not now.complete else now


def renew(opened: Opened, ledger: Ledger) -> str | None:
    """Gives the scorer in service the signatures that its sheet has got since; its version, ``None`` if none came.

    No registry is asked: the scorer stays the one that is served.
    """
    stored = newest(opened)
    if stored is None:
        return None
    version, artifact = stored.labels["version"], stored.labels["artifact"]
    dossier = Dossier(opened.state.dossiers / artifact)
    if dossier.folder.is_dir():
        measured = dossier.sheet
    else:  # trained elsewhere, or cleaned up: the sheet that it was served with
        before = served_with(opened, version)
        measured = before.sheet if before else None
    agreed = agreement_for(opened, ledger, version, measured)
    return version if serve(opened, stored.folder, version, artifact, agreed) else None


def _texts(agreed: Agreement) -> dict[str, str]:
    return {language: text(agreed.sheet, language, agreed.signatures) for language in LANGUAGES}


def _digest(agreed: Agreement | None) -> str:
    if agreed is None:
        return "none"
    text = json.dumps(agreed.to_json(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
