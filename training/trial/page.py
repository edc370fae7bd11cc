"""A trial as one HTML page that both teams can read, and as plain values for machines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from models.definition import Language
from training.pages import page as rendered
from training.trial.comparisons import against_the_score, agreement, dispute, explained, explained_score
from training.trial.figures import Trial
from training.trial.plots import plots
from training.trial.tables import agreements, contenders, groups
from training.trial.words import Telling


def page(trial: Trial, language: Language) -> str:
    """The page in one language, with its plots; everything that people wrote is escaped."""
    telling = Telling(trial, language)
    return rendered(
        "trial",
        language,
        trial=trial,
        opening=list(telling.opening()),
        heard=list(telling.heard()),
        findings=list(against_the_score(telling)),
        dispute=list(dispute(telling)),
        agreement=list(agreement(telling)),
        notes=list(telling.notes()),
        contenders=contenders(telling),
        groups=groups(telling),
        agreements=agreements(telling),
        explained=explained(telling),
        explained_score=explained_score(telling),
        plots=plots(telling),
    )


def as_dict(trial: Trial, language: Language) -> dict[str, Any]:
    """The trial as values that JSON knows: every figure with its range, and the sentences in one language."""
    telling = Telling(trial, language)
    values = {name: value for name, value in asdict(trial).items() if name != "definition"}
    said = {
        "against_the_score": list(against_the_score(telling)),
        "dispute": list(dispute(telling)),
        "agreement": list(agreement(telling)),
        "notes": list(telling.notes()),
    }
    definition = {"name": trial.definition.name, "version": trial.definition.version}
    return {**values, "definition": definition, "language": language, "said": said}
