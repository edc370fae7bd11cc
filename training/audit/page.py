"""The audit as one HTML page: no scripts, nothing fetched, readable on paper."""

from __future__ import annotations

from importlib.resources import files

import jinja2
from markupsafe import Markup, escape

from training.audit.run import Audit
from training.audit.subjects import Standing, subjects
from training.audit.wording import percent

_SAYS = {
    Standing.BLOCK: "Not used, unless accord.yaml keeps the field with a written reason.",
    Standing.KEPT: "A check speaks against these; somebody has written down why they stay.",
    Standing.ASK: "These stay in until somebody who knows the process says otherwise.",
    Standing.NOTE: "Nothing to do.",
}


def page(audit: Audit, title: str = "Audit") -> str:
    """The audit as HTML. Everything from the data is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["percent"] = percent
    environment.filters["marked"] = _marked
    template = environment.from_string(files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8"))
    sections = [
        (standing.name.lower(), standing.value, _SAYS[standing], chosen)
        for standing in Standing
        if (chosen := [subject for subject in subjects(audit) if subject.standing is standing])
    ]
    return template.render(audit=audit, title=title, sections=sections)


def _marked(text: str) -> Markup:
    """Escaped, with `names` between backticks as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))
