"""A request says "missing" in the words of the export that the scorer learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm.history import Field, Kind
from features.facts import Facts
from features.instants import micros_of
from features.records import Record

FIELDS = (
    Field("source", Kind.CATEGORY, missing=("Select", "zzz")),
    Field("visits", Kind.NUMBER, missing=("9999999",)),
    Field("renewal", Kind.DATE, missing=("1900-01-01",)),
    Field("employees", Kind.NUMBER),
)


def facts(**attributes: float | str | None) -> Facts:
    return Facts.of_records([Record("a", attributes=attributes)], FIELDS)


def test_words_and_numbers_that_stood_for_missing_in_the_export_are_missing_in_a_request() -> None:
    said = facts(
        source="zzz", visits=9_999_999.0, renewal=micros_of(pd.Timestamp("1900-01-01", tz="UTC")), employees=5.0
    )
    nothing = facts(employees=5.0)
    assert np.array_equal(said.numbers, nothing.numbers, equal_nan=True)
    assert np.array_equal(said.codes, nothing.codes)


def test_another_field_may_mean_what_it_says() -> None:
    assert facts(employees=9_999_999.0).numbers[0, 2] == 9_999_999.0
    assert facts(source="web").codes[0, 0] == 1
