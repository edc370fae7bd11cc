"""The audit: what in this history would make the score a lie, found in the data and said with numbers."""

from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.run import Audit, audit
from training.audit.settings import AuditSettings

__all__ = ["Audit", "AuditSettings", "Check", "Finding", "NotApplicable", "Severity", "audit"]
