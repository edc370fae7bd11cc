"""Findings by what they are about: a field with all that was found, or the history as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from training.audit.finding import Finding, Severity
from training.audit.run import Audit
from training.audit.wording import gravity


class Standing(Enum):
    """What becomes of a subject, in words; gravest first."""

    BLOCK = "Taken out"
    KEPT = "Kept with a reason"
    ASK = "Questions for a person"
    NOTE = "Good to know"


@dataclass(frozen=True, slots=True)
class Subject:
    """A field, or None for the history as a whole, with its findings, gravest first."""

    field: str | None
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What the findings are about, in words."""
        return self.field if self.field is not None else f"The history: {self.findings[0].title.lower()}"

    @property
    def standing(self) -> Standing:
        """What becomes of it."""
        return Standing.KEPT if self.kept else Standing[self.severity.name]

    @property
    def severity(self) -> Severity:
        """The gravest severity."""
        return self.findings[0].severity

    @property
    def kept(self) -> str | None:
        """The written reason for which the field stays in despite a block or a question."""
        return next((finding.kept for finding in self.findings if finding.kept), None)


def subjects(audit: Audit) -> list[Subject]:
    """The findings of an audit by field, the gravest fields first; each finding about the whole is its own subject."""
    groups: dict[tuple[str | None, str], list[Finding]] = {}
    for finding in audit.findings:
        key = (finding.field, "" if finding.field is not None else finding.code)
        groups.setdefault(key, []).append(finding)
    made = [Subject(field, tuple(sorted(found, key=gravity))) for (field, _), found in groups.items()]
    return sorted(made, key=lambda subject: gravity(subject.findings[0]))
