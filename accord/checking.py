"""One check of a project: promises, probabilities, drift and data, and its entry in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from accord.agreement import ledger_of
from accord.console import plain
from accord.project import Opened
from accord.review import Gathered, gather
from crm.errors import UnavailableError
from models.definition import Language
from serving.ledger.checks import append
from training.progress import Step, within
from training.review.calibrated import Calibrated, calibrated
from training.review.drifted import Drift, drifted
from training.review.findings import Finding, of_data, of_promises, of_quality
from training.review.heat import Heat, heat
from training.review.silence import Silence, silences
from training.review.warranty import Warranties, examine
from training.speaker import Speaker


@dataclass(frozen=True)
class Checked:
    """What a check looked at."""

    gathered: Gathered
    at: pd.Timestamp
    export_days: float
    promises: Warranties | None
    heads: tuple[Calibrated, ...]
    drift: Drift | None
    hot: Heat | None
    silent: tuple[Silence, ...]
    unheard: UnavailableError | None = None

    def findings(self, language: Language) -> tuple[Finding, ...]:
        """Everything found, in one language; what asks for action first."""
        speaker, handed = Speaker(language), self.gathered.handed
        found = [*of_promises(self.promises, speaker)] if self.promises else []
        found += of_quality(handed, self.heads, self.drift, self.hot, speaker)
        found += of_data(self.silent, handed.until, self.at, self.export_days, speaker)
        if self.unheard is not None or "no_ledger" in self.gathered.notes:
            said = speaker.say("The ledger does not answer: its scores and signatures are not known here.")
            found.append(Finding("ledger_silent", said, speaker.say("Start its database, then check again.")))
        return tuple(sorted(found, key=lambda each: not each.alarm))

    def document(self) -> dict[str, Any]:
        """What is kept in the ledger, see `serving.ledger.checks`."""
        handed, promises = self.gathered.handed, self.promises
        findings = self.findings("en")
        told = {
            "checked_at": self.at.isoformat(),
            "exported_at": handed.until.isoformat(),
            "since": (promises.since if promises else handed.since).isoformat(),
            "sheet": promises.sheet.hash if promises else None,
            "leads": promises.leads if promises else 0,
            "alarm": any(each.alarm for each in findings),
            "promises": [each.to_json() for each in promises.every] if promises else [],
            "findings": [each.to_json() for each in findings],
            "silences": [each.to_json() for each in self.silent],
        }
        kept: dict[str, Any] = plain(told)
        return kept


def check(opened: Opened, now: datetime, export_days: float, step: Step) -> Checked:
    """Looks at everything as of ``now`` and keeps what was found in the ledger, where it answers.

    Probabilities and their spread are looked at on leads that the scorer in service did not learn from only.
    """
    found = gather(opened, within(step, 0.0, 0.6))
    handed = found.handed
    unseen = handed.learned is None or bool((handed.leads["handed_off_at"] > handed.learned).any())
    step("Testing the promises", 0.6)
    promises = None if handed.agreed is None else examine(handed, handed.agreed.sheet, lines=False)
    step("Looking at probabilities and fields", 0.7)
    seed, at = opened.settings.seed, pd.Timestamp(now)
    checked = Checked(
        gathered=found,
        at=at,
        export_days=export_days,
        promises=promises,
        heads=calibrated(handed, seed) if unseen else (),
        drift=drifted(handed, seed) if unseen else None,
        hot=heat(handed) if unseen else None,
        silent=silences(handed.history, handed.scores, at),
    )
    step("Keeping it in the ledger", 0.95)
    try:
        append(ledger_of(opened), checked.document(), now)
    except UnavailableError as error:
        return Checked(**{**vars(checked), "unheard": error})
    return checked
