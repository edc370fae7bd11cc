"""The audit: all checks over one history, and what they took out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from crm.history import History
from training.audit.checks import CHECKS
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.settings import AuditSettings
from training.audit.view import View, view_of
from training.audit.wording import gravity
from training.labels import Horizons
from training.progress import Step, silent


@dataclass(frozen=True)
class Audit:
    """What the checks found, which ran, and which could not be asked and why.

    Findings come gravest first, then in the order of the checks. `unused_keeps` are fields that the settings keep
    although nothing speaks against them: a reason that outlived its finding, or a typing error.
    """

    findings: tuple[Finding, ...]
    checks_run: tuple[Check, ...]
    not_applicable: tuple[tuple[Check, str], ...]
    unused_keeps: tuple[str, ...] = ()
    leads: int = 0
    fields: int = 0

    @property
    def blocked(self) -> frozenset[str]:
        """The fields that are taken out."""
        return frozenset(f.field for f in self.findings if f.takes_out and f.field is not None)

    @property
    def asked(self) -> frozenset[str]:
        """The fields that stay in and about which a person is asked, and has not answered by keeping them."""
        named = (f.field for f in self.findings if f.severity is Severity.ASK and f.field is not None and not f.kept)
        return frozenset(named) - self.blocked

    @property
    def open_blocks(self) -> tuple[Finding, ...]:
        """Blocking findings about the history as a whole, which no field taken out can mend."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCK and f.field is None)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of this severity."""
        return tuple(f for f in self.findings if f.severity is severity)

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON values."""
        return {
            "findings": [f.as_dict() for f in self.findings],
            "blocked": sorted(self.blocked),
            "asked": sorted(self.asked),
            "checks_run": [check.code for check in self.checks_run],
            "not_applicable": [{"code": check.code, "reason": reason} for check, reason in self.not_applicable],
            "unused_keeps": list(self.unused_keeps),
            "leads": self.leads,
            "fields": self.fields,
        }

    def to_json(self) -> str:
        """The audit as JSON text; no NaN, keys in a fixed order."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2, allow_nan=False)


def audit(
    history: History,
    horizons: Horizons,
    settings: AuditSettings | None = None,
    *,
    kept: Mapping[str, str] | None = None,
    quarantine: pd.DataFrame | None = None,
    placeholders: pd.DataFrame | None = None,
    step: Step = silent,
) -> Audit:
    """Run every check over the history.

    ``horizons`` is a definition or anything with ``accept_days`` and ``close_days``. ``quarantine`` and
    ``placeholders`` are what `crm.sources` reported while reading; without them those checks say less. Fields kept in
    ``settings``, or by the definition (``kept``: the reason by field), are still reported, with their reason, and not
    taken out; a protected trait only where the definition keeps it, which both teams sign. The result depends on
    nothing but the arguments.
    """
    settings = settings or AuditSettings()
    step("layout", 0.0)
    view = view_of(history, horizons, settings, quarantine=quarantine, placeholders=placeholders)
    findings: list[Finding] = []
    ran: list[Check] = []
    skipped: list[tuple[Check, str]] = []
    for place, check in enumerate(CHECKS):
        step(check.code, (place + 1) / (len(CHECKS) + 1))
        result = check.look(view)
        if isinstance(result, NotApplicable):
            skipped.append((check, result.reason))
            continue
        ran.append(check)
        findings += [_kept(finding, settings.keep, kept or {}) for finding in result]
        view = _without(view, result)
    step("audit", 1.0)
    used = {f.field for f in findings if f.kept}
    return Audit(
        findings=tuple(sorted(findings, key=gravity)),
        checks_run=tuple(ran),
        not_applicable=tuple(skipped),
        unused_keeps=tuple(sorted({*settings.keep, *(kept or {})} - used)),
        leads=view.size,
        fields=len(history.fields),
    )


def _kept(finding: Finding, by_audit: Mapping[str, str], by_definition: Mapping[str, str]) -> Finding:
    if finding.severity is Severity.NOTE or finding.field is None:
        return finding
    reason = by_definition.get(finding.field)
    if reason is None and not finding.numbers.get("trait"):
        reason = by_audit.get(finding.field)
    return finding if reason is None else replace(finding, kept=reason)


def _without(view: View, found: list[Finding]) -> View:
    """The view for the checks after: fields kept by a person count as taken out for suspicion, not for the score."""
    return replace(
        view, taken_out=view.taken_out | {f.field for f in found if f.severity is Severity.BLOCK and f.field}
    )
