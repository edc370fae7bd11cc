"""What reports are made from: the history, the scores given, the sheet that counts, the scorer in service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from accord.agreement import ledger_of
from accord.exits import RefusedError
from accord.learning import load
from accord.project import Opened
from accord.promises import keep
from accord.shelf import newest as in_service
from crm.errors import UnavailableError
from models import artifact
from models.agreement import Agreement
from models.definition import LANGUAGES, Definition, Language
from models.scorer import Scorer
from serving.ledger import Ledger
from serving.ledger.given import given
from training.dossier import ARRIVALS, Dossier, newest
from training.funnel import datable
from training.pages.document import Document, html
from training.progress import Step
from training.review.handed import Handed, hand, no_scores
from training.review.reports import REPORTS


@dataclass(frozen=True)
class Gathered:
    """The leads to report on, and ``notes``: what whoever reads must know of where they come from.

    ``notes`` are codes that `training.review.opening` puts into words.
    """

    handed: Handed
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Speaking:
    """A scorer, and the arrivals of the backtest of the run that made it, where that run is still here."""

    scorer: Scorer
    forward: pd.DataFrame | None
    dossier: Dossier | None


def gather(opened: Opened, step: Step, since: datetime | None = None) -> Gathered:
    """The leads handed over since the scorer in service learned, or since a date.

    Where none was handed over since then, as right after a training, those of its backtest stand in. Raises
    `RefusedError` where nothing was trained or nothing was ever handed over since.
    """
    step("Reading the scorer", 0.0)
    speaking = speaks(opened)
    ledger, agreed, notes = _agreed(opened, speaking)
    step("Reading the scores given", 0.1)
    scores = no_scores() if ledger is None else given(ledger)
    step("Reading the history", 0.2)
    history, _ = datable(load(opened).history)
    if not history.timed:
        raise RefusedError(
            "There is nothing to report on.",
            reasons=("The history has no times: nobody can say what was handed over when.",),
            remedy="Map the times of hand-offs and outcomes in accord.yaml, then train again.",
        )
    learned = pd.Timestamp(speaking.scorer.meta.trained_at)
    measured = learned if agreed is None else min(learned, pd.Timestamp(agreed.sheet.measured.exported_at))
    definition = horizons_of(opened.settings.definition, agreed)

    def handed_since(start: pd.Timestamp) -> Handed:
        return hand(
            history, definition, since=start, scores=scores, scorer=speaking.scorer, agreed=agreed, learned=learned,
            forward=speaking.forward,
        )  # fmt: skip

    step("Grading the leads handed over", 0.5)
    found = handed_since(measured if since is None else pd.Timestamp(since))
    if since is None and found.leads.empty and speaking.forward is not None and len(speaking.forward):
        found = handed_since(speaking.forward["as_of"].min() - pd.Timedelta(microseconds=1))
        notes = (*notes, "backtest")
    if found.leads.empty:
        raise RefusedError(
            "There is nothing to report on.",
            reasons=(
                f"No lead was handed over between {found.since:%Y-%m-%d} and the export of {found.until:%Y-%m-%d}.",
            ),
            remedy="Map a newer export, or name an earlier date: accord report --since DATE.",
        )
    return Gathered(found, notes)


def speaks(opened: Opened) -> Speaking:
    """The scorer in service, else that of the newest run. Raises `RefusedError` where there is neither."""
    stored = in_service(opened)
    if stored is None:
        dossier = newest(opened.state.dossiers)
        if dossier is None:
            reasons = ("Nothing has been trained yet.",)
            raise RefusedError("There is nothing to report on.", reasons=reasons, remedy="Run `accord train` first.")
        scorer = dossier.scorer()
    else:
        dossier = Dossier(opened.state.dossiers / stored.labels["artifact"])
        scorer = artifact.load(stored.folder)
    kept = dossier if (dossier.folder / ARRIVALS).is_file() else None
    return Speaking(scorer, None if kept is None else kept.arrivals, kept)


def horizons_of(definition: Definition, agreed: Agreement | None) -> Definition:
    """The project's definition with the horizons of the sheet: a promise is judged by what it was made for."""
    if agreed is None:
        return definition
    signed = agreed.sheet.definition
    return definition.model_copy(update={"accept_days": signed.accept_days, "close_days": signed.close_days})


def _agreed(opened: Opened, speaking: Speaking) -> tuple[Ledger | None, Agreement | None, tuple[str, ...]]:
    """The ledger, and the sheet in force: as signed by both teams, else as the run of the scorer measured it."""
    try:
        ledger: Ledger | None = ledger_of(opened)
        signed = None if ledger is None else ledger.signed()
        notes: tuple[str, ...] = ()
    except UnavailableError:
        ledger, signed, notes = None, None, ("no_ledger",)
    if signed is not None:
        return ledger, signed, notes
    sheet = speaking.dossier.sheet if speaking.dossier else None
    return ledger, None if sheet is None else Agreement(sheet), (*notes, "unsigned" if sheet else "no_sheet")


def build(
    found: Gathered, names: Sequence[str], seed: int, language: Language
) -> Iterator[tuple[str, Document | None]]:
    """Each report by name; ``None`` where this project has nothing to report of."""
    for name in names:
        yield name, REPORTS[name](found.handed, seed=seed, language=language)


def write(opened: Opened, found: Gathered, names: Sequence[str], step: Step) -> list[Path]:
    """One page a report and language, in ``.accord/reports/``."""
    pages = []
    for i, language in enumerate(LANGUAGES):
        step("Writing the pages", i / len(LANGUAGES))
        for name, document in build(found, names, opened.settings.seed, language):
            if document is not None:
                pages.append(keep(opened, name, language, html(document, language)))
    return pages
