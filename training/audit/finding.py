"""What a check says: findings with a severity and numbers, or why it could not be asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.audit.view import View


class Severity(StrEnum):
    """What a finding does."""

    BLOCK = "block"  # the field is taken out unless the settings keep it with a written reason
    ASK = "ask"  # the field stays in; a person is asked
    NOTE = "note"  # worth knowing, nothing to do


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check found.

    ``evidence`` says it in a sentence with numbers; ``numbers`` are the same for machines (JSON values only). ``field``
    is None where the finding is about the history as a whole. ``kept`` is the written reason for which the settings
    keep a field despite a block, or the answer to a question.
    """

    code: str
    severity: Severity
    field: str | None
    title: str
    evidence: str
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    question: str | None = None
    kept: str | None = None

    @property
    def takes_out(self) -> bool:
        """Whether the field must not become a feature."""
        return self.severity is Severity.BLOCK and self.field is not None and self.kept is None

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "field": self.field,
            "title": self.title,
            "evidence": self.evidence,
            "question": self.question,
            "kept": self.kept,
            "numbers": dict(self.numbers),
        }


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """Why a check could not be asked of this history."""

    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a stable code, a title, why it matters in plain words, and the function that looks.

    ``look`` reads the view, mutates nothing, and returns what it found (an empty list when all is well) or
    `NotApplicable`. It is deterministic: no clock, no chance, no dependence on the order of rows unless it says so.
    """

    code: str
    title: str
    explanation: str
    look: Callable[[View], list[Finding] | NotApplicable]

    def finding(
        self,
        severity: Severity,
        field: str | None,
        evidence: str,
        *,
        question: str | None = None,
        **numbers: Any,
    ) -> Finding:
        """A finding of this check. An `ask` must bring its question; other severities must not.

        Raises `ValueError` otherwise.
        """
        if (severity is Severity.ASK) != (question is not None):
            raise ValueError(f"{self.code}: an ask, and only an ask, has a question")
        return Finding(self.code, severity, field, self.title, evidence, numbers, question)
