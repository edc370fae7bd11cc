"""Holds the latest event: a category whose values are things that happen, overwritten by the next one."""

from __future__ import annotations

import re
from typing import Any

from crm.history import Kind
from training.audit.checks.vocabulary import reads_like
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import percent, quoted

# Words of events in values, not in names of fields: what was done, by whom is open. English and French.
_EVENTS = re.compile(
    r"\b(opened|clicked|sent|visited|submitted|bounced|unsubscribed|resubscribed|subscribed|received|replied|called"
    r"|modified|converted|downloaded|attended|viewed|watched|approached|reached|unreachable|conversation|marked"
    r"|ouvert|cliqu[ée]|envoy[ée]|visit[ée]e?|soumis|rebond|d[ée]sabonn[ée]|abonn[ée]|re[çc]u|r[ée]pondu|appel[ée]"
    r"|modifi[ée]|converti|t[ée]l[ée]charg[ée]|particip[ée]|consult[ée]|injoignable)\b",
    re.IGNORECASE,
)


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for categories most of whose values read like events."""
    columns = [c for c in view.candidates if c.field.kind is Kind.CATEGORY and c.filled.any()]
    if not columns:
        return NotApplicable("the history has no categories")
    found = []
    for column in columns:
        reading = reads_like(column, _EVENTS)
        if reading.share >= view.settings.value_share and len(reading.levels) > 1:
            words = (
                f"{percent(reading.share)} of its filled values are things that happen to a lead: "
                f"{quoted(reading.levels)}. Such a field is overwritten by each next event until the export."
            )
            question = (
                f"Is `{column.name}` the state at the export? Then it holds what happened after the hand-off: take it "
                "out, and give the events with their times as activities."
            )
            facts: dict[str, Any] = {"share": reading.share, "values": reading.levels}
            found.append(CHECK.finding(Severity.ASK, column.name, words, question=question, **facts))
    return found


CHECK = Check(
    code="latest-event",
    title="Holds the latest event",
    explanation="A field that holds the last thing that happened is overwritten again and again. For an old lead it "
    "holds what happened at the end, after the moment at which the lead is to be scored.",
    look=look,
)
