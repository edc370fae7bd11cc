"""Rows written in batches come back whole, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crm.errors import AccordError
from crm.sinks import ENDINGS, writer

FIRST = pd.DataFrame({"lead_id": ["a", 'b, "x"'], "score": [87, 3], "reason": [None, None]})
SECOND = pd.DataFrame({"lead_id": ["c"], "score": [50], "reason": ["late"]})


def back(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix in (".parquet", ".pq") else pd.read_csv(path, compression="infer")


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != ".csv.zst"])  # pandas reads no zst before 3.14
def test_batches_come_back_as_one_table(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"scores{ending}"
    with writer(path) as out:
        out.write(FIRST)
        out.write(SECOND)
    read = back(path)
    assert out.rows == 3
    assert read["lead_id"].tolist() == ["a", 'b, "x"', "c"]
    assert read["score"].tolist() == [87, 3, 50]
    assert read["reason"].fillna("").tolist() == ["", "", "late"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def written(path: Path, *frames: pd.DataFrame) -> None:
    with writer(path) as out:
        for frame in frames:
            out.write(frame)


def test_an_error_leaves_what_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("old")
    wrong = pd.DataFrame({"lead_id": ["x"], "score": ["high"], "reason": [None]})
    with pytest.raises(AccordError, match="do not fit"):
        written(path, FIRST, wrong)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["scores.csv"]


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    written(tmp_path / "scores.csv", FIRST.head(0))
    assert back(tmp_path / "scores.csv").columns.tolist() == ["lead_id", "score", "reason"]


def test_unknown_endings_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="ending"), writer(tmp_path / "scores.xlsx"):
        pass
    with pytest.raises(AccordError, match="mkdir"), writer(tmp_path / "no" / "scores.csv"):
        pass
