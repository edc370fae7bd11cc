"""What `known_at` and `values_at` promise, on histories made by hand and by Hypothesis."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import AccordError
from crm.history import TIME, Field, History, Kind
from crm.past import known_at, values_at
from tests.builders import activity, change, history, instant, lead, milestone

DAYS = [f"2026-01-{day:02d}" for day in range(1, 29)]
MADE_UP = st.lists(
    st.tuples(st.sampled_from(["l1", "l2", "l3"]), st.integers(0, 27), st.sampled_from(["a", "b", "c", None])),
    max_size=15,
)


def company() -> History:
    return history(
        lead("l1", stage="now", size=3.0),
        lead("l2", created_at="2026-01-20", stage="other", size=1.0),
        lead("l3", created_at=None, stage="untold", size=1.0),
        activity("l1", at="2026-01-02"),
        activity("l1", at="2026-01-10"),
        activity("l2", at="2026-01-05"),
        milestone("l1", at="2026-01-12"),
        change("l1", "stage", "2026-01-05", old="first", new="second"),
        change("l1", "stage", "2026-01-08", old="second", new="now"),
        change("l1", "size", "2026-01-08", old="2", new="3"),
    )


def stage_at(made: History, day: str) -> object:
    return known_at(made, instant(day)).leads.set_index("lead_id").loc["l1", "stage"]


def test_rows_that_came_later_are_gone_and_those_of_the_instant_stay() -> None:
    past = known_at(company(), instant("2026-01-10"))
    assert list(past.leads["lead_id"]) == ["l1"]
    assert list(past.activities["occurred_at"].dt.day) == [2, 10]
    assert past.milestones.empty
    assert past.exported_at == instant("2026-01-10")


def test_rows_without_a_time_are_dropped_from_a_timed_history() -> None:
    assert "l3" not in set(known_at(company(), instant("2026-06-01")).leads["lead_id"])


def test_activities_of_leads_that_did_not_exist_yet_are_gone() -> None:
    assert set(known_at(company(), instant("2026-01-12")).activities["lead_id"]) == {"l1"}


def test_a_flat_history_is_whole_at_every_instant() -> None:
    flat = history(lead("l1", created_at=None, a="x"), milestone("l1", at=None))
    assert known_at(flat, instant("2020-01-01")).leads is flat.leads


@pytest.mark.parametrize(
    ("day", "stage"),
    [("2026-01-04", "first"), ("2026-01-05", "second"), ("2026-01-07", "second"), ("2026-01-08", "now")],
)
def test_later_changes_are_undone(day: str, stage: str) -> None:
    assert stage_at(company(), day) == stage


def test_numbers_keep_their_dtype_when_undone() -> None:
    size = known_at(company(), instant("2026-01-07")).leads["size"]
    assert size.dtype == "float64"
    assert size.iloc[0] == 2.0


def test_dates_and_booleans_are_undone_in_their_own_dtype() -> None:
    made = history(
        lead("l1", asked=1.0, due=instant("2026-03-01")),
        change("l1", "asked", "2026-02-01", old="No"),
        change("l1", "due", "2026-02-01", old="2026-01-15"),
        fields=(Field("asked", Kind.BOOLEAN), Field("due", Kind.DATE)),
    )
    made = History(made.leads.astype({"due": TIME}), made.exported_at, made.fields, changes=made.changes)
    past = known_at(made, instant("2026-01-20")) if made.timed else made
    assert not made.timed
    at = pd.Series([instant("2026-01-20")])
    assert values_at(past, "asked", pd.Series(["l1"]), at).tolist() == [0.0]
    assert values_at(past, "due", pd.Series(["l1"]), at).tolist() == [instant("2026-01-15")]


def test_inputs_are_never_mutated() -> None:
    made = company()
    before = made.leads.copy(deep=True)
    known_at(made, instant("2026-01-04"))
    pd.testing.assert_frame_equal(made.leads, before)


def test_tables_without_later_rows_are_shared() -> None:
    made = history(lead("l1"), activity("l1"), milestone("l1"))
    past = known_at(made, instant("2026-06-01"))
    assert past.leads is made.leads
    assert past.activities is made.activities


def test_the_future_and_zoneless_instants_are_refused() -> None:
    with pytest.raises(AccordError, match="after the export"):
        known_at(company(), instant("2027-01-01"))
    with pytest.raises(AccordError, match="time zone"):
        known_at(company(), pd.Timestamp("2026-01-01"))


def test_of_changes_at_the_same_instant_the_first_in_the_table_is_undone() -> None:
    made = history(
        lead("l1", stage="c"),
        milestone("l1"),
        change("l1", "stage", "2026-01-10", old="a", new="b"),
        change("l1", "stage", "2026-01-10", old="b", new="c"),
    )
    assert stage_at(made, "2026-01-09") == "a"
    asked = values_at(made, "stage", pd.Series(["l1"]), pd.Series([instant("2026-01-09")]))
    assert asked.tolist() == ["a"]


def replayed(writes: list[tuple[str, int, str | None]]) -> tuple[History, dict[str, list[str | None]]]:
    """A history in which values were written day by day, and each lead's true value on every day."""
    value: dict[str, str | None] = dict.fromkeys(["l1", "l2", "l3"], "start")
    days: dict[str, list[str | None]] = {name: [] for name in value}
    rows = []
    for day in range(28):
        for name, at, new in writes:
            if at == day:
                rows.append(change(name, "stage", DAYS[day], old=value[name], new=new))
                value[name] = new
        for name, now in value.items():
            days[name].append(now)
    leads = [lead(name, created_at="2025-12-01", stage=now) for name, now in value.items()]
    return history(*leads, milestone("l1", at="2026-02-01"), *rows), days


@settings(max_examples=50, deadline=None)
@given(MADE_UP, st.integers(0, 27))
def test_replaying_the_changes_gives_the_value_of_every_day(
    writes: list[tuple[str, int, str | None]], day: int
) -> None:
    made, days = replayed(writes)
    leads = known_at(made, instant(DAYS[day])).leads
    told = {row["lead_id"]: None if pd.isna(row["stage"]) else row["stage"] for _, row in leads.iterrows()}
    assert told == {name: values[day] for name, values in days.items()}


@settings(max_examples=50, deadline=None)
@given(MADE_UP, st.integers(0, 27), st.integers(0, 27))
def test_the_past_of_the_past_is_the_past(writes: list[tuple[str, int, str | None]], one: int, two: int) -> None:
    made, _ = replayed(writes)
    early, late = sorted([one, two])
    direct = known_at(made, instant(DAYS[early]))
    by_way = known_at(known_at(made, instant(DAYS[late])), instant(DAYS[early]))
    pd.testing.assert_frame_equal(direct.leads, by_way.leads)
    pd.testing.assert_frame_equal(direct.changes, by_way.changes)


@settings(max_examples=50, deadline=None)
@given(MADE_UP, st.lists(st.tuples(st.sampled_from(["l1", "l2", "l3"]), st.integers(0, 27)), min_size=1))
def test_values_at_agrees_with_known_at_for_every_row(
    writes: list[tuple[str, int, str | None]], asked: list[tuple[str, int]]
) -> None:
    made, days = replayed(writes)
    lead_ids = pd.Series([name for name, _ in asked], index=range(100, 100 + len(asked)), dtype="str")
    as_of = pd.Series([instant(DAYS[day]) for _, day in asked], index=lead_ids.index)
    told = values_at(made, "stage", lead_ids, as_of)
    assert list(told.index) == list(lead_ids.index)
    assert [None if pd.isna(v) else v for v in told] == [days[name][day] for name, day in asked]
