"""What sales reported to the service, put into the project's history, without counting anything twice."""

from __future__ import annotations

from dataclasses import replace

from accord.agreement import ledger_of
from accord.project import Opened
from crm.sources import Loaded
from crm.told import Told, put_in
from serving.ledger.feedback import reports


def with_feedback(opened: Opened, loaded: Loaded) -> Loaded:
    """The export with what stands of the ledger's reports, and a note that counts them; itself where there are none.

    Raises `UnavailableError` where the ledger does not answer: what was reported there is part of the history.
    """
    history, told = put_in(loaded.history, reports(ledger_of(opened).database))
    return loaded if not told.reports else replace(loaded, history=history, notes=(*loaded.notes, *_notes(told)))


def _notes(told: Told) -> list[str]:
    counted = (
        f"Feedback: {told.reports:,} reports to the service give {told.only_reported:,} milestones that the export "
        f"lacks; {told.in_both:,} it has too: they count once."
    )
    said = [counted]
    if told.by_report or told.by_export:
        said.append(
            f"Feedback and export contradict each other for {told.by_report + told.by_export:,} leads: the last word "
            f"counts, {told.by_report:,} times the report's and {told.by_export:,} times the export's."
        )
    left_out = [
        f"{number:,} {what}"
        for number, what in (
            (told.overtaken, "repeated, overruled or corrected"),
            (told.later, "of after the export"),
            (told.of_unknown_leads, "of leads that the export does not have"),
        )
        if number
    ]
    return [*said, *([f"Feedback left out: {', '.join(left_out)}. They stay in the ledger."] if left_out else [])]
