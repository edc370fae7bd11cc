"""What was measured last: the sheet of the newest training run, and the evidence to negotiate on."""

from __future__ import annotations

from pathlib import Path

from accord.evidence import gather
from accord.exits import RefusedError
from accord.project import Opened
from crm.errors import AccordError
from models.definition import Language
from models.sheet import Sheet
from training.dossier import Dossier, newest
from training.progress import Step, within
from training.promises import Evidence
from training.promises import gather as evidence_on


def measured(opened: Opened) -> tuple[Dossier, Sheet]:
    """The newest dossier and its sheet. Raises `RefusedError` where there is none."""
    dossier = newest(opened.state.dossiers)
    if dossier is None:
        raise RefusedError("Nothing has been trained here yet.", reasons=(), remedy="Run `accord train` first.")
    sheet = dossier.sheet
    if sheet is None:
        raise RefusedError(
            "There is no sheet: a history without times has no next weeks to promise for.",
            reasons=(),
            remedy="Map the times of hand-offs and outcomes in accord.yaml, then train again.",
        )
    return dossier, sheet


def changed(opened: Opened, sheet: Sheet) -> str | None:
    """What to tell when the definition is no longer the one that was measured."""
    now = opened.settings.definition
    if now.version == sheet.definition.version:
        return None
    return (
        f"The definition has changed since ({sheet.definition.short_version}, now {now.short_version}): "
        "`accord train` measures it anew."
    )


def evidence(opened: Opened, step: Step) -> tuple[Evidence, Sheet]:
    """What the newest training run's sheet was measured on, for other cut-offs. Reads the history.

    Raises `RefusedError` where there is no such run, or the project is no longer what it was trained on.
    """
    _, sheet = measured(opened)
    run = gather(opened, within(step, 0.0, 0.6))
    step("Looking at arrivals", 0.6)
    found = evidence_on(run.scorer, run.history, run.dossier.arrivals, opened.settings.training)
    if found is None:
        raise AccordError("This history holds no arrivals to negotiate on.", where=str(opened.folder))
    return found, sheet


def keep(opened: Opened, name: str, language: Language, page: str) -> Path:
    """Writes a page for people into ``.accord/reports/<name>.<language>.html``."""
    place = opened.state.make().reports / f"{name}.{language}.html"
    place.parent.mkdir(exist_ok=True)
    place.write_text(page, encoding="utf-8")
    return place
