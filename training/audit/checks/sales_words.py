"""Sales's own words: a category whose values note how the lead was worked, or judge it."""

from __future__ import annotations

import re
from typing import Any

from crm.history import Kind
from training.audit.checks.vocabulary import reads_like
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.view import View
from training.audit.wording import level_rates, percent, quoted

# Words in values, not in names of fields. English and French.
_HANDLING = (
    r"will revert|call ?back|ringing|busy|switched off|hang ?up|hung up|no answer|not answering|voice ?mail|left"
    r" message|(invalid|wrong) number|number not|not interested|interested in|already|closed|won|lost|in touch"
    r"|follow(ed)? up|still thinking|duplicate|converted|contacted|rappeler|ne r[ée]pond pas|occup[ée]"
    r"|faux num[ée]ro|messagerie|(pas )?int[ée]ress[ée]"
    r"|d[ée]j[àa]|conclu|gagn[ée]|perdu|relanc[ée]|doublon|contact[ée]"
)
_JUDGEMENT = (
    r"might be|may ?be|(not|un) ?sure|worst|relevan(t|ce)|hot|warm|cold|(un|dis)?qualified|promising|junk|spam|good fit"
    r"|bad fit|(potential|other|good|bad) leads?|peut-[êe]tre|pas s[ûu]r|chaud|ti[èe]de|froid|(dis)?qualifi[ée]"
    r"|prometteur|non pertinent|pertinent"
)
_WORDS = re.compile(rf"\b({_HANDLING}|{_JUDGEMENT})(e?s)?\b", re.IGNORECASE)


def look(view: View) -> list[Finding] | NotApplicable:
    """Look for categories most of whose values are notes of handling or judgements."""
    columns = [c for c in view.columns if c.field.kind is Kind.CATEGORY and c.filled.any()]
    if not columns:
        return NotApplicable("the history has no categories")
    found = []
    for column in columns:
        reading = reads_like(column, _WORDS)
        if reading.share < view.settings.value_share or len(reading.levels) < 2:  # noqa: PLR2004 - one word is a name
            continue
        words = (
            f"{percent(reading.share)} of its filled values read like a note or a judgement: {quoted(reading.levels)}."
        )
        facts: dict[str, Any] = {"share": reading.share, "values": reading.levels}
        if view.strengths:
            facts["levels"] = level_rates(column, view.outcomes[0])[1]
        question = (
            f"Does somebody who has spoken with the lead write `{column.name}`? Then it is not known at hand-off."
        )
        found.append(CHECK.finding(Severity.ASK, column.name, words, question=question, **facts))
    return found


CHECK = Check(
    code="sales-words",
    title="Reads like a note or a judgement of sales",
    explanation="Values such as “ringing”, “wrong number” or “hot” are written by a person who has worked the lead. "
    "They are opinions formed on the way to the outcome, not facts known at hand-off.",
    look=look,
)
