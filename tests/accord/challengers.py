"""Challengers and their sheets written by hand, beside one that was trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from accord.console import silent
from accord.learning import tell
from accord.project import Opened, open_project
from accord.signing import sign
from models import artifact
from models.scorer import Scorer
from models.sheet import Sheet
from tests.accord.conftest import TINY
from tests.sheets import day
from tests.sheets import sheet as sheet_of
from training.dossier import newest, write

Run = Callable[..., Any]


GRADES = "grades: {A: {capacity_per_week: 40}, B: {}}"
OTHER = "grades: {A: {capacity_per_week: 30}, B: {}}"
TEAMS = {"marketing": "Ines Roux", "sales": "Paul Weber"}


def written(folder: Path, grades: str = GRADES) -> Opened:
    """The project with these grades in its accord.yaml."""
    text = TINY.replace("{close_days: 120}", f"{{close_days: 120, {grades}}}")
    (folder / "accord.yaml").write_text(text, encoding="utf-8")
    return open_project(folder)


def another(
    opened: Opened,
    seed: int,
    *,
    forward: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    sheet: Sheet | None = None,
    **about: Any,
) -> str:
    """Registers a challenger like the newest but for its seed, its forward rows and some of its facts.

    With a ``sheet`` it is of the sheet's definition and grading, as the training that measured it would make it.
    """
    before = newest(opened.state.dossiers)
    assert before is not None
    scorer: Scorer = replace(before.scorer(), meta=replace(before.scorer().meta, seed=seed))
    if sheet is not None:
        scorer = replace(scorer, definition=sheet.definition, grading=sheet.grading)
    findings = about.pop("findings", before.audit)
    facts = replace(before.about, artifact=artifact.hash_of(scorer), **about)
    rows = forward(before.forward) if forward else before.forward
    dossier = write(
        opened.state.dossiers,
        scorer,
        facts,
        forward=rows,
        arrivals=pd.DataFrame(),
        audit={"findings": findings},
        card="",
        sheet=sheet,
    )
    return tell(opened, dossier, silent).version


def measured(opened: Opened, **more: Any) -> Sheet:
    return sheet_of(of=opened.settings.definition, **more)


def both_sign(opened: Opened, on: int = 1) -> None:
    for number, (role, name) in enumerate(TEAMS.items()):
        sign(opened, role, name, day(on + number))


def refused(accord: Run, opened: Opened) -> list[str]:
    said = accord("promote", "--project", opened.folder, "--json", code=1).stdout
    return list(json.loads(said)["error"]["reasons"])
