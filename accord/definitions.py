"""Finds the definitions that people speak of: the one in the file, the champion's, another file's."""

from __future__ import annotations

from pathlib import Path

from accord.document import read
from accord.exits import MisuseError, RefusedError
from accord.project import FILE, Opened, Project
from accord.registry import store_of, version_at
from models.definition import Definition
from training.tracking import CHALLENGER, CHAMPION, dossier_of

NOW = "now"
"""The definition in the project's file."""

WORDS = (NOW, CHAMPION, CHALLENGER)


def definition_of(opened: Opened, reference: str) -> Definition:
    """The definition that ``reference`` names: one of `WORDS`, or the path of a project's or a definition's file.

    Raises `RefusedError` where nobody is champion or challenger, `MisuseError` for a reference that names nothing.
    """
    if reference == NOW:
        return opened.settings.definition
    if reference in WORDS:
        return _registered(opened, reference)
    path = Path(reference)
    if path.is_dir():
        path /= FILE
    if path.is_file():
        return _in_file(path)
    expected = f"one of {', '.join(WORDS)}, or a file"
    raise MisuseError("This names no definition.", where="the command line", got=reference, expected=expected)


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
