"""What the ledger says of a project: the sheet on the table, the sheet in force, where its grades start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from accord.project import Opened
from crm.errors import AccordError
from models.agreement import Agreement
from models.definition import Definition
from models.grades import Grading
from models.sheet import Sheet
from serving.ledger import Ledger
from serving.ledger.draws import draws
from training.agreed import agreed
from training.dossier import Dossier
from training.gates import Verdict

ANEW = "this training"
"""Where the grades of a scorer come from that no earlier sheet gave them."""


@dataclass(frozen=True, slots=True)
class Table:
    """The sheet that a training ``measured``, the one that would be signed now, and the one in force.

    The second is the first, or one that was signed before and still holds, with the signatures that count.
    """

    measured: Sheet | None
    agreement: Agreement | None
    in_force: Agreement | None

    @property
    def verdicts(self) -> list[Verdict]:
        """What the gate of the signatures says."""
        return agreed(self.measured, self.agreement, self.in_force)


def ledger_of(opened: Opened) -> Ledger:
    """The project's ledger. Raises `UnavailableError` where its database does not answer."""
    opened.state.make()
    return Ledger.open(opened.ledger_url, opened.folder)


def table_of(ledger: Ledger, measured: Sheet | None) -> Table:
    """What lies on the table where training ``measured`` this sheet."""
    on_it = None if measured is None else ledger.on_the_table(measured)
    return Table(measured, on_it, ledger.signed())


def grading_kept(opened: Opened) -> tuple[Grading | None, str]:
    """The grading of the sheet signed last, by anybody, whose grades and horizons are the project's, and its name.

    A scorer trained anew gives its grades from the same probabilities on, so that a grade keeps its meaning. ``None``
    where nothing like it was signed: grades are then frozen anew.
    """
    wanted = _graded(opened.settings.definition)
    sheet = ledger_of(opened).last_signed(lambda each: _graded(each.definition) == wanted)
    return (None, ANEW) if sheet is None else (sheet.grading, f"sheet {sheet.short_hash}")


def signatures(opened: Opened, challenger: Dossier | None) -> dict[str, Any]:
    """As JSON values: the ledger's address, the sheet in force, and what the challenger still needs.

    ``asks`` holds each reason why the challenger needs new signatures; it is empty where it needs none.
    """
    try:
        ledger = ledger_of(opened)
    except AccordError as error:
        return {"ledger": str(error.where), "ledger_says": error.message}
    table = table_of(ledger, challenger.sheet if challenger else None)
    asks = [verdict.sentence for verdict in table.verdicts if not verdict.passed] if challenger else []
    return {
        "ledger": ledger.database.place,
        "in_force": _told(table.in_force),
        "on_the_table": _told(table.agreement),
        "asks": asks,
    }


def _told(agreement: Agreement | None) -> dict[str, Any] | None:
    if agreement is None:
        return None
    sheet = agreement.sheet
    return {
        "sheet": sheet.short_hash,
        "definition": sheet.definition.short_version,
        "signatures": [
            {"role": each.role, "name": each.name, "signed_at": each.signed_at} for each in agreement.signatures
        ],
        "missing": agreement.missing,
    }


def _graded(definition: Definition) -> tuple[object, ...]:
    """What where grades start depends on; not who acts, nor by when."""
    starts = [(name, g.score, g.probability, g.capacity_per_week) for name, g in definition.grades.items()]
    return (*starts, definition.accept_days, definition.close_days)


def draws_of(opened: Opened) -> pd.DataFrame | None:
    """The draws by lot among the scores given, for training; ``None`` where nothing was ever drawn.

    Also where the definition draws no more: what was left unworked while it did must still not be learned from.
    """
    drawn = draws(ledger_of(opened))
    return None if drawn.empty else drawn
