"""What is taken for "missing", and what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm.history import Kind
from crm.mapping import Mapping
from crm.placeholders import clean, clean_typed, report, sentinel_dates, sentinel_numbers, words_in
from crm.sources import read


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    "word",
    [
        "Select",
        "SELECT",
        " select ",
        "-- Select --",
        "unknown",
        "N/A",
        "n/a",
        "#N/A",
        "-",
        "--",
        "none",
        "NULL",
        "?",
        "(not provided)",
        "Please select...",
        "Non renseigné",
        "k.A.",
        "…",
    ],
)
def test_words_that_mean_missing_are_known_in_any_case_and_frame(word: str) -> None:
    assert words_in(texts("Paris", word)) == [word]


@pytest.mark.parametrize("word", ["Other", "No", "0", "Selected", "Nonesuch", "Unknown Pleasures Ltd", "A-", "Nantes"])
def test_words_that_say_something_stay(word: str) -> None:
    assert words_in(texts(word)) == []


def test_a_word_can_be_added_and_kept() -> None:
    assert words_in(texts("zz", "none"), also=["ZZ"], keep=["None"]) == ["zz"]


def test_a_table_is_cleaned_and_each_word_counted() -> None:
    table = pd.DataFrame({"city": texts("Select", "Select", "Lyon"), "size": [1.0, 2.0, 3.0]})
    cleaned, found = clean(table, "leads.csv")
    assert cleaned["city"].isna().tolist() == [True, True, False]
    assert report(found).to_dict("records") == [{"table": "leads.csv", "column": "city", "value": "Select", "rows": 2}]
    assert table["city"].notna().all()


def test_a_kept_word_stays_in_its_column_only() -> None:
    table = pd.DataFrame({"code": texts("NA", "FR"), "city": texts("NA", "Lyon")})
    cleaned, _ = clean(table, "t", keep={"code": ("NA",)})
    assert cleaned["code"].tolist() == ["NA", "FR"]
    assert cleaned["city"].isna().tolist() == [True, False]


def test_999_stands_for_missing_only_where_it_stands_out() -> None:
    rng = np.random.default_rng(0)
    ages = pd.Series([*rng.integers(18, 90, 300), *[999] * 12], dtype="float64")
    prices = pd.Series([*rng.integers(1, 2000, 3000), *[999] * 12], dtype="float64")
    assert sentinel_numbers(ages) == [999.0]
    assert sentinel_numbers(prices) == []
    assert sentinel_numbers(pd.Series([1.0, 2.0, 3.0, 999.0])) == []  # once is no pattern


def test_minus_one_stands_for_missing_only_beside_no_other_negative() -> None:
    assert sentinel_numbers(pd.Series([-1.0] * 9 + list(range(50)))) == [-1.0]
    assert sentinel_numbers(pd.Series([-1.0] * 9 + [-3.0] + list(range(50)))) == []


def test_dates_far_from_all_others_stand_for_missing() -> None:
    days = pd.Series(pd.to_datetime(["1900-01-01", "2026-01-02", "2026-02-02"], utc=True)).astype("datetime64[us, UTC]")
    cleaned, found = clean_typed(days, Kind.DATE, "t", "due")
    assert cleaned.isna().tolist() == [True, False, False]
    assert [f.value for f in found] == ["1900-01-01"]
    births = pd.Series(pd.to_datetime(["1970-01-01", "1968-02-02", "1980-02-02"], utc=True))
    assert sentinel_dates(births) == []


def test_what_stood_for_missing_is_kept_with_the_field(tmp_path: Path) -> None:
    rows = [
        f"l{i},2026-01-{i % 28 + 1:02},{'Select' if i % 3 else 'web'},{999 if i % 4 == 0 else i % 50}"
        for i in range(80)
    ]
    (tmp_path / "leads.csv").write_text("\n".join(["id,created,source,visits", *rows]))
    mapping = Mapping.model_validate(
        {
            "source": {"folder": str(tmp_path)},
            "leads": {"from": "leads.csv", "key": "id", "created_at": "created"},
            "exported_at": "2026-06-30",
        }
    )
    history = read(mapping, tmp_path).history
    assert {field.name: field.missing for field in history.fields} == {"source": ("Select",), "visits": ("999",)}
