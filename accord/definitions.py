"""Finds the definitions that people speak of: the one in the file, the signed one, the champion's, another file's."""

from __future__ import annotations

import re
from pathlib import Path

from accord.agreement import ledger_of
from accord.document import read
from accord.exits import MisuseError, RefusedError
from accord.project import FILE, Opened, Project
from accord.registry import store_of, version_at
from models.definition import Definition
from training.tracking import CHALLENGER, CHAMPION, dossier_of

NOW, SIGNED, AGREED = "now", "signed", "agreed"
"""The definition in the project's file, that of the sheet in force, and the latter or else the champion's."""

WORDS = (NOW, SIGNED, AGREED, CHAMPION, CHALLENGER)

_VERSION = re.compile(r"[0-9a-f]{6,64}")


def definition_of(opened: Opened, reference: str) -> Definition:
    """The definition that ``reference`` names.

    It is one of `WORDS`, the first digits (six at least) of a version in the ledger, or the path of a project's or a
    definition's file. Raises `RefusedError` where there is no such definition yet, `MisuseError` for a reference that
    names nothing.
    """
    match reference:
        case "now":
            return opened.settings.definition
        case "signed":
            return _signed(opened)
        case "agreed":
            return _signed(opened) if ledger_of(opened).signed() else _registered(opened, CHAMPION)
        case "champion" | "challenger":
            return _registered(opened, reference)
    path = Path(reference)
    if path.is_dir():
        path /= FILE
    if path.is_file():
        return _in_file(path)
    kept = _kept(opened, reference) if _VERSION.fullmatch(reference) else None
    if kept is not None:
        return kept
    expected = f"one of {', '.join(WORDS)}, the first digits of a version in the ledger, or a file"
    raise MisuseError("This names no definition.", where="the command line", got=reference, expected=expected)


def _signed(opened: Opened) -> Definition:
    agreed = ledger_of(opened).signed()
    if agreed is None:
        raise RefusedError("There is no signed definition.", reasons=("No sheet has been signed by both teams yet.",))
    return agreed.sheet.definition


def _kept(opened: Opened, digits: str) -> Definition | None:
    """The newest definition in the ledger whose version begins like this."""
    kept = (sheet.definition for sheet in ledger_of(opened).sheets())
    return next((definition for definition in kept if definition.version.startswith(digits)), None)


def _registered(opened: Opened, alias: str) -> Definition:
    store = store_of(opened)
    version = version_at(store, alias)
    if version is None:
        raise RefusedError(f"There is no {alias}.", reasons=("None has been registered in this project.",))
    return dossier_of(version, store, opened.state.dossiers).scorer().definition


def _in_file(path: Path) -> Definition:
    """Of a project's file, or of a file that is a definition and nothing else."""
    if path.name == FILE:
        return read(path, Project, {"definition": Definition}).definition
    return read(path, Definition)
