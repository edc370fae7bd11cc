"""What a history must hold for training; what is missing is said, not worked around."""

from __future__ import annotations

import pandas as pd

from crm.errors import AccordError
from crm.history import History, Milestone
from models.definition import Definition
from training.folds import days_of, heads_of
from training.labels import HeadName, Horizons, label
from training.settings import Settings
from training.snapshots import take

ANSWERS = {HeadName.ACCEPT: ("accepted", "not accepted"), HeadName.CLOSE: ("won", "not won")}


def require(history: History, definition: Horizons, settings: Settings) -> None:
    """Refuse a history from which nothing can be learned, with an `AccordError` that counts what is missing.

    Each head needs ``settings.least_outcomes`` leads that said yes within its horizon and as many that settled as no.
    """
    snapshots = take(history, days_of(settings, definition))
    if snapshots.empty:
        raise AccordError(
            "No lead can be looked at: none was handed off before its outcome and before the export.",
            where="history",
            got=f"{len(history.leads)} leads",
            remedy="Check the mapped times of creation, hand-off and outcomes: do outcomes come before the leads?",
        )
    for head in heads_of(history):
        labels = label(history, snapshots, head, definition)
        _enough(history, head, snapshots.loc[labels["asked"]], labels[labels["asked"]], definition, settings)


def require_weeks(history: History, definition: Definition) -> None:
    """Refuse a grade by what sales can work in a week where the history knows no weeks."""
    grades = [name for name, grade in definition.grades.items() if grade.capacity_per_week is not None]
    if grades and not history.timed:
        raise AccordError(
            "This history has no times, so nobody can tell how many leads come in a week.",
            where="definition.grades",
            got=f"capacity_per_week for {', '.join(grades)}",
            expected="a score or a probability",
            remedy="Give these grades `score:` or `probability:`, or map the times of leads and outcomes.",
        )


def too_short(history: History, definition: Horizons) -> AccordError:
    """The error for a history in which no past date has enough outcomes both before and after it."""
    days = (history.exported_at - history.leads["created_at"].min()) / pd.Timedelta(days=1)
    return AccordError(
        "The history is too short to check a score: no past date has enough outcomes both before and after it.",
        where="history",
        got=f"{days:.0f} days and {len(history.leads)} leads",
        expected=f"about twice the close horizon of {definition.close_days:g} days",
        remedy="Export a longer period, or shorten 'close_days' in the definition to a time in which most leads close.",
    )


def _enough(
    history: History,
    head: HeadName,
    snapshots: pd.DataFrame,
    labels: pd.DataFrame,
    definition: Horizons,
    settings: Settings,
) -> None:
    yes_word, no_word = ANSWERS[head]
    days = definition.accept_days if head == HeadName.ACCEPT else definition.close_days
    counts = {
        word: int(snapshots.loc[(labels["y"] == answer).to_numpy(), "lead_id"].nunique())
        for word, answer in ((yes_word, 1.0), (no_word, 0.0))
    }
    short = {word: settings.least_outcomes - n for word, n in counts.items() if n < settings.least_outcomes}
    if not short:
        return
    within = f" within {days:g} days" if history.timed else ""
    missing = " and ".join(f"{n} more leads {word}{within}" for word, n in short.items())
    raise AccordError(
        f"Too few outcomes to learn the {head} score from: {missing} are needed.",
        where="history",
        got=", ".join(f"{n} {word}" for word, n in counts.items()) + f" of {snapshots['lead_id'].nunique()} leads",
        expected=f"at least {settings.least_outcomes} of each",
        remedy=_remedy(history, head, int((~labels["settled"]).sum())),
    )


def _remedy(history: History, head: HeadName, young: int) -> str:
    step = Milestone.ACCEPTED if head == HeadName.ACCEPT else Milestone.WON
    if not (history.milestones["milestone"] == step).any():
        return f"No lead is {step} at all: check 'milestones' in accord.yaml: history."
    return "Export a longer period" + (f", or wait: {young} snapshots are still too young to judge." if young else ".")
