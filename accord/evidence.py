"""What the definition is negotiated on: the newest training run, if it still is about this history and definition."""

from __future__ import annotations

from dataclasses import dataclass

from accord.exits import RefusedError
from accord.learning import load
from accord.project import Opened
from crm.history import History
from models.definition import Definition
from models.scorer import Scorer
from training.dossier import ARRIVALS, Dossier, newest
from training.fingerprint import fingerprint
from training.funnel import datable
from training.progress import Step

_OTHER_HISTORY = (
    "The history is not the one of the newest run: the export, its mapping, what was reported to the service or which "
    "leads are erased or object has changed since."
)
_TRAIN = "Run `accord train`, then this command again."


@dataclass(frozen=True)
class Evidence:
    """The run, its scorer, and the history that it learned from, with the fields that the audit blocked there."""

    dossier: Dossier
    scorer: Scorer
    history: History
    blocked: frozenset[str]


def gather(opened: Opened, step: Step) -> Evidence:
    """The evidence of a project. Raises `RefusedError`, with every reason, where there is none or it is out of date."""
    dossier = newest(opened.state.dossiers)
    if dossier is None:
        raise RefusedError("There is nothing to judge by.", reasons=("Nothing has been trained yet.",), remedy=_TRAIN)
    if not (dossier.folder / ARRIVALS).is_file():
        reason = "The newest run was made by an earlier Accord that kept no arrivals."
        raise RefusedError("There is nothing to judge by.", reasons=(reason,), remedy=_TRAIN)
    step("Reading the scorer", 0.1)
    scorer, blocked = dossier.scorer(), dossier.blocked
    reasons = list(_differences(scorer.definition, opened.settings.definition, blocked))
    step("Reading the history", 0.2)
    history, _ = datable(load(opened).history)
    trained_on = history.without(_left_out(scorer.definition, blocked))
    step("Comparing it with what was trained on", 0.5)
    if fingerprint(trained_on) != scorer.meta.data:
        reasons.append(_OTHER_HISTORY)
    if reasons:
        raise RefusedError("The newest training run does not fit this project.", reasons=tuple(reasons), remedy=_TRAIN)
    return Evidence(dossier, scorer, history, blocked)


def _differences(was: Definition, now: Definition, blocked: frozenset[str]) -> list[str]:
    """Why a scorer of one definition cannot speak for another; grades, words and voices make no difference."""
    reasons = []
    for what, days in (("accepted", "accept_days"), ("closed", "close_days")):
        before, after = getattr(was, days), getattr(now, days)
        if before != after:
            reasons.append(f"It counts a lead as {what} within {before:g} days, the definition within {after:g}.")
    changed = _left_out(was, blocked) ^ _left_out(now, blocked)
    if changed:
        reasons.append(f"The definition keeps or leaves out other fields since: {', '.join(sorted(changed))}.")
    return reasons


def _left_out(definition: Definition, blocked: frozenset[str]) -> frozenset[str]:
    return (blocked - definition.keep.keys()) | set(definition.never_use)
