"""Says what became of a report, and how the lead stands now, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_date

from crm.history import Milestone
from crm.reports import Fate, Report, Standing
from models.definition import Language
from models.translations import translations
from models.vocabulary import M_

_OUTCOMES: Mapping[Milestone, str] = {
    Milestone.ACCEPTED: M_("accepted"),
    Milestone.REJECTED: M_("rejected"),
    Milestone.WON: M_("won"),
    Milestone.LOST: M_("lost"),
    Milestone.NO_DECISION: M_("no decision"),
}
_FATES: Mapping[Fate, str] = {
    Fate.REPEAT: M_("The same was reported before, for %(day)s: this report is kept and counts no second time."),
    Fate.OVERRULED: M_("It does not count: for %(day)s, which is later, “%(outcome)s” was reported."),
    Fate.CORRECTED: M_("It does not count: another report took its place."),
}


def outcome_word(outcome: Milestone, language: Language) -> str:
    """An outcome as people say it."""
    return translations(language).gettext(_OUTCOMES[outcome])


def told(standing: Standing, report_id: str, language: Language) -> str:
    """What became of the report, whom it overrules, and how the lead stands."""
    text = translations(language)
    sentences = []
    fate = standing.fates[report_id]
    if fate is not Fate.COUNTS:
        because = standing.because[report_id]
        facts = {"day": _day(because.occurred_at, language), "outcome": outcome_word(because.outcome, language)}
        sentences.append(text.gettext(_FATES[fate]) % facts)
    overruled = [name for name, by in standing.because.items() if by.id == report_id]
    if any(standing.fates[name] is Fate.OVERRULED for name in overruled):
        sentences.append(text.gettext("It overrules what was reported before: the last word counts."))
    if any(standing.fates[name] is Fate.CORRECTED for name in overruled):
        sentences.append(text.gettext("It takes the place of the report that it corrects."))
    sentences.append(_stands(standing.last, language))
    return " ".join(sentences)


def _stands(last: Report | None, language: Language) -> str:
    text = translations(language)
    if last is None:
        return text.gettext("Nothing stands of this lead.")
    facts = {"outcome": outcome_word(last.outcome, language), "day": _day(last.occurred_at, language)}
    return text.gettext("The lead stands as: %(outcome)s, since %(day)s.") % facts


def _day(at: datetime, language: Language) -> str:
    said = str(format_date(at, format="long", locale=language))
    return f"1er{said[1:]}" if language == "fr" and said.startswith("1 ") else said
