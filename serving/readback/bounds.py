"""How much is told at once, unless asked otherwise, and at most."""

from __future__ import annotations

SCORES, MOST_SCORES = 50, 500
"""Scores of a lead's history in one reply."""

DAYS, MOST_DAYS = 30, 365
"""Days of the trend."""

LEADS, MOST_LEADS = 100, 500
"""Leads of a page of the shortlist."""

FORMATS = ("json", "csv")
"""Of the shortlist."""
