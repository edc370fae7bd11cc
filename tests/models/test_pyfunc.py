from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.errors import AccordError
from crm.history import Field, Kind
from models.pyfunc import CHUNK, OUTPUT, STORY, LeadScore, attribute_columns
from tests.fitted import scorer

MODEL = LeadScore(scorer())
DAY = pd.Timestamp("2026-03-02")


def row(**more: object) -> dict[str, object]:
    return {"lead_id": "a", "as_of": DAY, "employees": 250.0, "source": "webinar", **more}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows) or [row()])


def test_a_prediction_has_the_columns_it_promises_on_the_rows_it_was_asked() -> None:
    asked = table(row(), row(lead_id="b", employees=None)).set_index(pd.Index([7, 3]))
    out = MODEL.predict(asked, {"reasons": 2, "language": "fr"})
    assert list(out.columns) == list(OUTPUT)
    assert out.index.tolist() == [7, 3]
    assert out["lead_id"].tolist() == ["a", "b"]
    assert json.loads(out["reasons"].iloc[0])


def test_stories_come_in_columns_of_their_own_where_they_are_asked_for() -> None:
    out = MODEL.predict(table(row(), row(lead_id="b", employees=None)), {"story": True, "language": "fr"})
    assert list(out.columns) == [*OUTPUT, *STORY]
    assert all(text.endswith(".") for name in STORY for text in out[name])
    assert out["who"].str.startswith("Classe").all()
    assert list(MODEL.predict(table()[:0], {"story": True}).columns) == [*OUTPUT, *STORY]


def test_no_row_depends_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(lead_id=str(i), employees=float(i), source=["webinar", "fair"][i % 2]) for i in range(20)]
    together = MODEL.predict(table(*rows))
    monkeypatch.setattr("models.pyfunc.CHUNK", 3)
    assert CHUNK > 3
    pd.testing.assert_frame_equal(MODEL.predict(table(*rows)), together)
    pd.testing.assert_frame_equal(MODEL.predict(table(*rows[::-1]))[::-1].reset_index(drop=True), together)


def test_times_with_and_without_a_zone_are_the_same_instant() -> None:
    zoned = table(row(as_of="2026-03-02T01:00:00+01:00", created_at="2026-03-01T00:00:00Z"))
    plain = table(row(as_of=DAY, created_at=pd.Timestamp("2026-03-01")))
    pd.testing.assert_frame_equal(MODEL.predict(zoned), MODEL.predict(plain))


def test_activities_count_and_those_of_the_future_do_not() -> None:
    def with_view(at: str) -> float:
        seen = json.dumps([{"kind": "page_view", "occurred_at": at}])
        return float(MODEL.predict(table(row(activities=seen)))["p_close"].iloc[0])

    without = float(MODEL.predict(table())["p_close"].iloc[0])
    assert with_view("2026-03-01T10:00:00Z") != without
    assert with_view("2026-03-03T10:00:00Z") == without


def test_an_empty_table_gives_an_empty_prediction() -> None:
    assert list(MODEL.predict(table()[:0]).columns) == list(OUTPUT)


def test_inputs_are_not_changed() -> None:
    asked = table(row(), row(lead_id="b"))
    before = asked.copy(deep=True)
    MODEL.predict(asked)
    pd.testing.assert_frame_equal(asked, before)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"as_of": None}, "row 0, as_of"),
        ({"as_of": "soon"}, "no times"),
        ({"lead_id": None}, "row 0, lead_id"),
        ({"employees": "many"}, "no numbers"),
        ({"activities": "{"}, "row 0, activities"),
        ({"activities": '[{"kind": "call", "occurred_at": "soon"}]'}, "row 0, activities"),
        ({"milestones": '[{"milestone": "sold", "reached_at": "2026-01-01"}]'}, "row 0, milestones"),
    ],
)
def test_what_cannot_be_read_names_its_row_and_column(bad: dict[str, object], said: str) -> None:
    with pytest.raises(AccordError) as caught:
        MODEL.predict(table(row(**bad)))
    assert said in str(caught.value)


def test_a_missing_key_column_and_an_unknown_language_are_told() -> None:
    with pytest.raises(AccordError, match="as_of"):
        MODEL.predict(table().drop(columns="as_of"))
    with pytest.raises(AccordError, match="fr"):
        MODEL.predict(table(), {"language": "de"})


def test_a_field_named_like_a_key_goes_by_another_name() -> None:
    made = scorer()
    more = replace(made, fields=(*made.fields, Field("activities", Kind.NUMBER)))
    named = {name: column for name, column, _ in attribute_columns(more)}
    assert named["activities"] == "attribute.activities"


def test_missing_numbers_are_missing_and_not_zero() -> None:
    missing, zero = (MODEL.predict(table(row(employees=e)))["p_close"].iloc[0] for e in (np.nan, 0.0))
    assert missing != zero
