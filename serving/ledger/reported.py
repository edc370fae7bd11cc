"""Rows of ``feedback`` as reports, and what stands of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.history import Milestone
from crm.reports import Report, Standing, standing

REPORT = ("id", "lead_id", "outcome", "occurred_at", "received_at", "actor", "amount", "reason", "comment", "corrects")
"""The columns of a report."""


def report_of(row: Mapping[Any, Any]) -> Report:
    """The report of a row."""
    told = {name: row[name] for name in REPORT}
    return Report(**{**told, "outcome": Milestone(told["outcome"])})


def outcome(rows: Sequence[Mapping[str, Any]]) -> Standing:
    """What stands of the rows of one lead."""
    return standing(report_of(row) for row in rows)
