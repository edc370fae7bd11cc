"""Rows of ``feedback`` as reports, and what stands of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.reports import Report, Standing, standing

REPORT = ("id", "lead_id", "outcome", "occurred_at", "received_at", "actor", "amount", "reason", "comment", "corrects")
"""The columns of a report."""


def outcome(rows: Sequence[Mapping[str, Any]]) -> Standing:
    """What stands of the rows of one lead."""
    return standing(Report.of(row) for row in rows)
