"""Puts the voices of a project on trial, and writes the pages that both teams read."""

from __future__ import annotations

from pathlib import Path

from accord.document import DocumentError
from accord.evidence import gather
from accord.exits import RefusedError
from accord.project import Opened
from models.definition import LANGUAGES
from models.rule_errors import VoicesError
from training.progress import Step, within
from training.trial import Trial, ground_of, hear, page

_EXAMPLE = """\
Write one rule a team into the definition, such as:
  voices:
    marketing:
      says: In our target, and showing interest.
      rule: {all: [{field: industry, in: [logistics, retail]}, {activity: page_view, at_least: 3, within_days: 30}]}
    sales:
      says: A large company that asks for something precise.
      rule: {all: [{field: employees, at_least: 250}, {activity: form, at_least: 1}]}
docs/voices.md tells all that a rule can ask."""


def hold(opened: Opened, step: Step) -> Trial:
    """The trial of the definition's voices on the newest training run.

    Raises `RefusedError` where there are no voices or nothing to judge by, `DocumentError` for a rule that makes no
    sense in this history.
    """
    project = opened.settings
    if project.definition.voices is None:
        raise NoVoicesError
    evidence = gather(opened, within(step, 0.0, 0.6))
    ground = ground_of(evidence.history, evidence.scorer.catalog, evidence.blocked, project.definition)
    step("Hearing both rules", 0.7)
    try:
        return hear(
            project.name,
            evidence.history,
            project.definition,
            evidence.dossier.arrivals,
            ground,
            seed=project.seed,
        )
    except VoicesError as wrong:
        raise DocumentError(wrong.problems) from wrong


def write(opened: Opened, trial: Trial) -> list[Path]:
    """The page in each language, in ``.accord/reports/``."""
    folder = opened.state.make().reports
    folder.mkdir(exist_ok=True)
    paths = []
    for language in LANGUAGES:
        path = folder / f"trial.{language}.html"
        path.write_text(page(trial, language), encoding="utf-8")
        paths.append(path)
    return paths


class NoVoicesError(RefusedError):
    """The definition has no voices; the error shows how to write them, line by line."""

    def __init__(self) -> None:
        reasons = ("The definition has no voices: the rule that each team would have used alone.",)
        super().__init__("There is nothing to put on trial.", reasons=reasons, remedy=_EXAMPLE)
