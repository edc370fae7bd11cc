from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.definition import Definition
from models.grades import Cut, Grading
from models.sheet import Broken, Measured, Promise, Range, Sheet

DEFINITION = Definition.parse({"grades": {"A": {"capacity_per_week": 40}, "B": {}}}, "definition")
GRADING = Grading((Cut("A", probability=0.25),), "B")
MEASURED = Measured("2026-07-01T00:00:00+00:00", "2025-10-01", "2026-04-01", 13.0, 13.0, 0.9)
A = Promise("A", Range(40.0, 34.0, 46.0), Range(0.82, 0.78, 0.86), Range(0.27, 0.24, 0.31), 400)
B = Promise("B", Range(60.0, 50.0, 70.0), None, Range(0.05, 0.03, 0.08), 700)
SHEET = Sheet(DEFINITION, GRADING, (A, B), MEASURED)


def test_json_gives_an_equal_sheet_back() -> None:
    again = Sheet.from_json(json.loads(json.dumps(SHEET.to_json())))
    assert again == SHEET
    assert again.hash == SHEET.hash


@pytest.mark.parametrize(
    "change",
    [
        {"definition": Definition.parse({"name": "other"}, "definition")},
        {"grading": Grading((Cut("A", probability=0.26),), "B")},
        {"promises": (A, replace(B, close=Range(0.05, 0.03, 0.09)))},
    ],
)
def test_definition_grading_and_promise_are_bound_by_the_hash(change: dict[str, object]) -> None:
    assert replace(SHEET, **change).hash != SHEET.hash  # type: ignore[arg-type]


def test_when_it_was_measured_is_not() -> None:
    assert replace(SHEET, measured=replace(MEASURED, since="2025-11-01")).hash == SHEET.hash


def test_a_promise_holds_while_what_is_measured_lies_in_its_range() -> None:
    moved = replace(SHEET, promises=(replace(A, per_week=Range(46.0, 40.0, 52.0)), replace(B, close=None)))
    assert list(SHEET.broken_by(moved)) == []


def test_what_no_longer_holds_is_named() -> None:
    worse = replace(SHEET, promises=(replace(A, close=Range(0.2, 0.18, 0.22)), B))
    assert list(SHEET.broken_by(worse)) == [Broken("A", "close", Range(0.27, 0.24, 0.31), 0.2)]
