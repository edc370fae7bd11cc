"""Promotion and the way back: the gates, the registry's aliases, and the copy that a running service takes over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accord.agreement import ledger_of, signatures, table_of
from accord.console import say
from accord.exits import RefusedError
from accord.project import Opened
from accord.registry import crown, note_agreement, store_of, uncrown, version_at
from accord.shelf import agreement_for, in_service, newest, serve
from crm.errors import AccordError
from models import artifact
from models.agreement import Agreement
from models.scorer import Scorer
from serving.ledger import Ledger
from training.agreed import GATE
from training.comparison import pairs
from training.dossier import SCORER, Dossier
from training.gates import Bounds, Interval, Verdict, against_champion, calibrated, no_open_finding
from training.progress import Step
from training.tracking import CHALLENGER, CHAMPION, Store, dossier_of

NO_CHALLENGER = "There is no challenger: nothing has been trained and registered in this project."


@dataclass(frozen=True, slots=True)
class Promoted:
    """Who serves now, who served before, and what the gates said. ``changed`` is false where nothing was left to do.

    ``signed``: whether both teams signed what is served; what was waived for a trial is a verdict that did not pass.
    """

    version: str
    before: str | None
    verdicts: tuple[Verdict, ...]
    changed: bool
    signed: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "champion": self.version,
            "before": self.before,
            "changed": self.changed,
            "signed": self.signed,
            "gates": [verdict.as_dict() for verdict in self.verdicts],
        }


def promote(opened: Opened, step: Step, *, on_trial: bool = False) -> Promoted:
    """Makes the challenger the champion and hands it to the service, with its sheet and who signed that.

    ``on_trial`` waives the gate of the signatures, and no other: what is served then says that it is not signed.

    The registry comes first and the service's store last, each step harmless to repeat: cut short anywhere, the same
    command completes it. Raises `RefusedError` with every reason where a gate says no.
    """
    store = store_of(opened)
    step("Asking the registry", 0.0)
    challenger, champion = version_at(store, CHALLENGER), version_at(store, CHAMPION)
    if challenger is None:
        raise RefusedError("Promotion is refused.", reasons=(NO_CHALLENGER,), remedy="Train one: accord train.")
    dossier = dossier_of(challenger, store, opened.state.dossiers)
    ledger = ledger_of(opened)
    if challenger == champion:
        agreed = _told(opened, store, challenger, dossier, ledger)
        changed = _hand_over(opened, challenger, dossier, agreed)
        return Promoted(challenger, champion, (), changed=changed, signed=_complete(agreed))
    step("Asking the gates", 0.3)
    table = table_of(ledger, dossier.sheet)
    bounds = opened.settings.promotion
    verdicts = (*judge(dossier, _dossier(opened, store, champion), champion, bounds), *table.verdicts)
    _refuse(challenger, [v for v in verdicts if not (v.passed or (on_trial and v.gate == GATE))])
    step("Crowning", 0.7)
    crown(store, challenger)
    step("Handing the scorer to the service", 0.9)
    agreed = _told(opened, store, challenger, dossier, ledger)
    _hand_over(opened, challenger, dossier, agreed)
    return Promoted(challenger, champion, verdicts, changed=True, signed=_complete(agreed))


def _refuse(version: str, failed: list[Verdict]) -> None:
    """Raises `RefusedError` with every reason, where there is one."""
    if not failed:
        return
    remedies = []
    if any(verdict.gate == GATE for verdict in failed):
        remedies.append(
            "Both teams sign the sheet: accord sign --as marketing --name NAME, accord sign --as sales --name NAME. "
            "Unsigned it can be served for trial: accord promote --on-trial."
        )
    if any(verdict.gate != GATE for verdict in failed):
        remedies.append("Mend what else they say and train again; the bounds are in accord.yaml under `promotion`.")
    reasons = tuple(verdict.sentence for verdict in failed)
    raise RefusedError(f"Promotion of version {version} is refused.", reasons=reasons, remedy=" ".join(remedies))


def rollback(opened: Opened, step: Step) -> Promoted:
    """Makes the champion before the present one champion again and hands it to the service.

    Cut short anywhere, the same command completes it before it goes any further back.
    """
    store = store_of(opened)
    step("Asking the registry", 0.0)
    if version_at(store, CHAMPION) is None:
        raise RefusedError("There is nothing to go back from.", reasons=("No scorer has been promoted yet.",))
    gone = uncrown(store, in_service(opened))
    if gone is None:
        raise RefusedError("There is nothing to go back to.", reasons=("The champion is the first there was.",))
    now, left = gone
    step("Handing the scorer to the service", 0.7)
    dossier = dossier_of(now, store, opened.state.dossiers)
    agreed = agreement_for(opened, _ledger_if_there(opened), now, dossier.sheet)
    _hand_over(opened, now, dossier, agreed)
    return Promoted(now, left, (), changed=True, signed=_complete(agreed))


def hand_over(opened: Opened) -> str | None:
    """Sees to it that the champion is the newest in the service's store; its version, None without a champion."""
    store = store_of(opened)
    champion = version_at(store, CHAMPION)
    if champion is not None:
        dossier = dossier_of(champion, store, opened.state.dossiers)
        agreed = agreement_for(opened, _ledger_if_there(opened), champion, dossier.sheet)
        _hand_over(opened, champion, dossier, agreed)
    return champion


def standing(opened: Opened) -> dict[str, Any]:
    """Who is where: champion and challenger of the registry, what the service has, and what is signed."""
    store = store_of(opened)
    challenger = version_at(store, CHALLENGER)
    return {
        "champion": version_at(store, CHAMPION),
        "challenger": challenger,
        "in_service": in_service(opened),
        "tracking": store.place,
        "state": opened.state.folder,
        "definition": opened.settings.definition.short_version,
        **signatures(opened, _dossier(opened, store, challenger)),
    }


def scorer_of(opened: Opened, which: str) -> Scorer:
    """The champion as the service has it (no registry is asked), or the challenger of the registry."""
    if which == CHALLENGER:
        store = store_of(opened)
        version = version_at(store, CHALLENGER)
        if version is None:
            raise RefusedError("There is no scorer.", reasons=(NO_CHALLENGER,), remedy="Train one: accord train.")
        return artifact.load(dossier_of(version, store, opened.state.dossiers).folder / SCORER, version)
    stored = newest(opened)
    if stored is None:
        remedy = "Promote one (accord promote), or score with the challenger (--scorer challenger)."
        raise RefusedError("There is no scorer.", reasons=("None has been promoted yet.",), remedy=remedy)
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


def _hand_over(opened: Opened, version: str, dossier: Dossier, agreed: Agreement | None) -> bool:
    """Puts a scorer with its agreement in the service's store; whether it was not there yet."""
    return serve(opened, dossier.folder / SCORER, version, dossier.about.artifact, agreed)


def _told(opened: Opened, store: Store, version: str, dossier: Dossier, ledger: Ledger) -> Agreement | None:
    """The agreement of a version, once the registry has been told of it."""
    agreed = agreement_for(opened, ledger, version, dossier.sheet)
    if agreed is not None:
        note_agreement(store, version, agreed)
    return agreed


def _complete(agreed: Agreement | None) -> bool:
    return agreed is not None and agreed.complete


def _ledger_if_there(opened: Opened) -> Ledger | None:
    """The ledger, or nothing where it cannot be asked: what is served then keeps the agreement it was served with."""
    try:
        return ledger_of(opened)
    except AccordError as error:
        say(f"The ledger cannot be asked ({error.where}: {error.message}) The service keeps the signatures it has.")
        return None
