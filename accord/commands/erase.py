"""``accord erase``: forget a lead, in the ledger and in the project's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from accord.console import emit, say, show
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption

if TYPE_CHECKING:
    from accord.erasure import Erased


@guarded
def erase(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD_ID", help="The lead's key, as in the CRM.")],
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Forget a lead for good: it is neither scored nor learned from any more."""
    from datetime import UTC, datetime

    from accord.erasure import erase as erased
    from accord.project import open_project

    found = erased(open_project(project), lead_id, datetime.now(UTC))
    if as_json:
        emit(found.to_json())
        return
    _tell(found)


def _tell(found: Erased) -> None:
    gone = ", ".join(f"{rows} of {table}" for table, rows in found.rows.items() if rows)
    show(f"{'Erased' if found.new else 'Erased before'}. Rows that went from the ledger: {gone or 'none'}.")
    for what, paths in (("Without it now", found.files.rewritten), ("Removed, as it named it", found.files.removed)):
        for path in paths:
            show(f"{what}: {path}".replace("[", r"\["))
    for path in found.files.to_look_at:
        say(f"Holds its key, or is too large to be searched; look yourself: {path}")
    if found.waiting:
        say(f"A running service holds {found.waiting} rows on their way; the ledger drops those of this lead.")
    if not found.files_clean:
        say("Somebody reads the ledger: its log still holds old bytes. Run this again later.")
    if found.elsewhere:
        say("The MLflow server may hold copies of earlier runs' tables (arrivals, forward): erase there, too.")
    say("Erase it in the CRM, in its exports, in backups and in files of scores you wrote, too: docs/erasure.md.")
