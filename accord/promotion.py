"""Promotion and the way back: the gates, the registry's aliases, and the copy that a running service takes over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accord.exits import RefusedError
from accord.project import Opened
from accord.registry import crown, store_of, uncrown, version_at
from models import artifact
from models.scorer import Scorer
from serving.store import Store as Shelf
from training.comparison import pairs
from training.dossier import SCORER, Dossier
from training.gates import Bounds, Interval, Verdict, against_champion, calibrated, no_open_finding
from training.progress import Step
from training.tracking import CHALLENGER, CHAMPION, Store, dossier_of

NO_CHALLENGER = "There is no challenger: nothing has been trained and registered in this project."


@dataclass(frozen=True, slots=True)
class Promoted:
    """Who serves now, who served before, and what the gates said. ``changed`` is false where nothing was left to do."""

    version: str
    before: str | None
    verdicts: tuple[Verdict, ...]
    changed: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "champion": self.version,
            "before": self.before,
            "changed": self.changed,
            "gates": [verdict.as_dict() for verdict in self.verdicts],
        }


def promote(opened: Opened, step: Step) -> Promoted:
    """Makes the challenger the champion and hands it to the service.

    The registry comes first and the service's store last, each step harmless to repeat: cut short anywhere, the same
    command completes it. Raises `RefusedError` with every reason where a gate says no.
    """
    store = store_of(opened)
    step("Asking the registry", 0.0)
    challenger, champion = version_at(store, CHALLENGER), version_at(store, CHAMPION)
    if challenger is None:
        raise RefusedError("Promotion is refused.", reasons=(NO_CHALLENGER,), remedy="Train one: accord train.")
    dossier = dossier_of(challenger, store, opened.state.dossiers)
    if challenger == champion:
        return Promoted(challenger, champion, (), changed=_serve(opened, challenger, dossier))
    step("Asking the gates", 0.3)
    verdicts = judge(dossier, _dossier(opened, store, champion), champion, opened.settings.promotion)
    reasons = tuple(verdict.sentence for verdict in verdicts if not verdict.passed)
    if reasons:
        remedy = "Mend what they say and train again; the bounds are in accord.yaml under `promotion`."
        raise RefusedError(f"Promotion of version {challenger} is refused.", reasons=reasons, remedy=remedy)
    step("Crowning", 0.7)
    crown(store, challenger)
    step("Handing the scorer to the service", 0.9)
    _serve(opened, challenger, dossier)
    return Promoted(challenger, champion, tuple(verdicts), changed=True)


def rollback(opened: Opened, step: Step) -> Promoted:
    """Makes the champion before the present one champion again and hands it to the service.

    Cut short anywhere, the same command completes it before it goes any further back.
    """
    store = store_of(opened)
    step("Asking the registry", 0.0)
    if version_at(store, CHAMPION) is None:
        raise RefusedError("There is nothing to go back from.", reasons=("No scorer has been promoted yet.",))
    gone = uncrown(store, _served(_shelf(opened)).get("version"))
    if gone is None:
        raise RefusedError("There is nothing to go back to.", reasons=("The champion is the first there was.",))
    now, left = gone
    step("Handing the scorer to the service", 0.7)
    _serve(opened, now, dossier_of(now, store, opened.state.dossiers))
    return Promoted(now, left, (), changed=True)


def hand_over(opened: Opened) -> str | None:
    """Sees to it that the champion is the newest in the service's store; its version, None without a champion."""
    store = store_of(opened)
    champion = version_at(store, CHAMPION)
    if champion is not None:
        _serve(opened, champion, dossier_of(champion, store, opened.state.dossiers))
    return champion


def in_service(opened: Opened) -> str | None:
    """The version that the service has; None where nothing was ever promoted."""
    return _served(_shelf(opened)).get("version")


def standing(opened: Opened) -> dict[str, Any]:
    """Who is where: champion and challenger of the registry, and what the service has."""
    store = store_of(opened)
    return {
        "champion": version_at(store, CHAMPION),
        "challenger": version_at(store, CHALLENGER),
        "in_service": in_service(opened),
        "tracking": store.place,
        "state": opened.state.folder,
    }


def scorer_of(opened: Opened, which: str) -> Scorer:
    """The champion as the service has it (no registry is asked), or the challenger of the registry."""
    if which == CHALLENGER:
        store = store_of(opened)
        version = version_at(store, CHALLENGER)
        if version is None:
            raise RefusedError("There is no scorer.", reasons=(NO_CHALLENGER,), remedy="Train one: accord train.")
        return artifact.load(dossier_of(version, store, opened.state.dossiers).folder / SCORER, version)
    shelf = _shelf(opened)
    newest = shelf.newest()
    if newest is None:
        remedy = "Promote one (accord promote), or score with the challenger (--scorer challenger)."
        raise RefusedError("There is no scorer.", reasons=("None has been promoted yet.",), remedy=remedy)
    stored = shelf.get(newest)
    return artifact.load(stored.folder, stored.labels["version"])


def judge(challenger: Dossier, champion: Dossier | None, version: str | None, bounds: Bounds) -> list[Verdict]:
    """What every gate says: champion (of this version), calibration, audit. The first has nobody to be held against."""
    about = challenger.about
    verdicts = []
    if champion is not None:
        asked = about.champion == version
        verdicts += against_champion(pairs(challenger.forward, champion.forward, asked=asked), bounds)
    for head, figures in about.calibration.items():
        slope, intercept = (Interval.of(figures[name]) for name in ("slope", "intercept"))
        verdicts += calibrated(head, slope, intercept, bounds)
    return [*verdicts, *no_open_finding(challenger.audit, about.used_fields)]


def _dossier(opened: Opened, store: Store, version: str | None) -> Dossier | None:
    return None if version is None else dossier_of(version, store, opened.state.dossiers)


def _serve(opened: Opened, version: str, dossier: Dossier) -> bool:
    """Puts the scorer in the service's store unless it is the newest there; whether it did."""
    shelf = _shelf(opened)
    labels = {"version": version, "artifact": dossier.about.artifact[:16]}
    if _served(shelf) == labels:
        return False
    shelf.put(dossier.folder / SCORER, labels)
    return True


def _shelf(opened: Opened) -> Shelf:
    return Shelf(opened.state.make().bento / "models")


def _served(shelf: Shelf) -> dict[str, str]:
    """The labels of the newest scorer in the service's store; empty where there is none."""
    newest = shelf.newest()
    return {} if newest is None else dict(shelf.get(newest).labels)
