"""The audit as one HTML page: no scripts, nothing fetched, readable on paper."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from training.audit.finding import Severity
from training.audit.run import Audit
from training.audit.subjects import subjects
from training.audit.wording import percent

_HEADINGS = {
    Severity.BLOCK: ("Taken out", "These fields are not used, unless accord.yaml keeps them with a written reason."),
    Severity.ASK: ("Questions for a person", "These stay in until somebody who knows the process says otherwise."),
    Severity.NOTE: ("Good to know", "Nothing to do."),
}


def page(audit: Audit, title: str = "Audit") -> str:
    """The audit as HTML. Everything from the data is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["percent"] = percent
    template = environment.from_string(files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8"))
    by_severity = [
        (severity, *_HEADINGS[severity], chosen)
        for severity in Severity
        if (chosen := [subject for subject in subjects(audit) if subject.severity is severity])
    ]
    explained = {check.code: check for check in audit.checks_run}
    return template.render(audit=audit, title=title, sections=by_severity, checks=explained)
