"""Sheets written by hand, for tests of what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from models.agreement import Agreement, Signature
from models.definition import Definition
from models.grades import Cut, Grading
from models.sheet import Measured, Promise, Range, Role, Sheet

MEASURED = Measured("2026-07-01T00:00:00+00:00", "2025-10-01", "2026-04-01", 13.0, 13.0, 0.9)
GRADING = Grading((Cut("A", probability=0.25),), "B")


def definition(**more: Any) -> Definition:
    return Definition.parse({"grades": {"A": {"capacity_per_week": 40}, "B": {}}, **more}, "definition")


def sheet(
    *,
    accept: float = 0.82,
    cut: float = 0.25,
    of: Definition | None = None,
    grading: Grading | None = None,
    exported_at: str = MEASURED.exported_at,
) -> Sheet:
    """A sheet whose grade A has this share accepted, promised within 0.04 of it, and starts at this probability."""
    a = Promise("A", Range(40.0, 34.0, 46.0), around(accept), Range(0.27, 0.24, 0.31), 400)
    rest = Promise("B", Range(60.0, 50.0, 70.0), None, Range(0.05, 0.03, 0.08), 700)
    measured = Measured(exported_at, MEASURED.since, MEASURED.until, 13.0, 13.0, 0.9)
    grading = grading or Grading((Cut("A", probability=cut),), "B")
    return Sheet(of or definition(), grading, (a, rest), measured)


def around(share: float) -> Range:
    return Range(share, round(share - 0.04, 6), round(share + 0.04, 6))


def day(number: int) -> datetime:
    """The so many-th day of July, at noon."""
    return datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(days=number - 1)


def agreement(of: Sheet, *roles: Role, texts: dict[str, str] | None = None) -> Agreement:
    """The sheet, signed on the 10th for these teams."""
    version = of.definition.version
    given = (Signature(of.hash, version, role, f"{role.title()} Person", day(10)) for role in roles)
    return Agreement(of, tuple(given), texts or {})
