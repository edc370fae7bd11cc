"""Times as people write them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.times import guess_form, read_times


def told(values: list[object], zone: str = "UTC", **how: object) -> list[str | None]:
    dtype = "str" if all(v is None or isinstance(v, str) for v in values) else None
    read = read_times(pd.Series(values, dtype=dtype), zone, **how)  # type: ignore[arg-type]
    return [None if pd.isna(at) else at.isoformat() for at in read.instants]


@pytest.mark.parametrize(
    ("written", "zone", "how", "meant"),
    [
        ("2026-01-02", "UTC", {}, "2026-01-02T00:00:00+00:00"),
        ("2026-01-02 10:11:12", "Europe/Paris", {}, "2026-01-02T09:11:12+00:00"),
        ("2026-01-02T10:11:12Z", "Europe/Paris", {}, "2026-01-02T10:11:12+00:00"),
        ("2011-10-01T00:38:44.546+02:00", "UTC", {}, "2011-09-30T22:38:44.546000+00:00"),
        ("2026-01-02T10:11+0530", "UTC", {}, "2026-01-02T04:41:00+00:00"),
        ("25/12/2025 09:30", "UTC", {}, "2025-12-25T09:30:00+00:00"),
        ("12/25/2025 09:30 PM", "UTC", {}, "2025-12-25T21:30:00+00:00"),
        ("25.12.25", "UTC", {}, "2025-12-25T00:00:00+00:00"),
        ("25-12-2025 9:30", "UTC", {}, "2025-12-25T09:30:00+00:00"),
        ("03/04/2026", "UTC", {"day_first": True}, "2026-04-03T00:00:00+00:00"),
        ("03/04/2026", "UTC", {"day_first": False}, "2026-03-04T00:00:00+00:00"),
        ("5 Jan 2026", "UTC", {"form": "%d %b %Y"}, "2026-01-05T00:00:00+00:00"),
        ("1767225600", "UTC", {}, "2026-01-01T00:00:00+00:00"),
        ("1767225600123", "UTC", {}, "2026-01-01T00:00:00.123000+00:00"),
        ("46023.5", "UTC", {"form": "excel"}, "2026-01-01T12:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_it_was_meant(written: str, zone: str, how: dict[str, object], meant: str) -> None:
    assert told([written], zone, **how) == [meant]


def test_numbers_and_stored_times_are_read_too() -> None:
    assert told([1767225600, 1767225601]) == ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00"]
    stored = pd.Series(pd.to_datetime(["2026-07-01 12:00"]))
    assert read_times(stored, "Europe/Paris").instants.iloc[0] == pd.Timestamp("2026-07-01T10:00Z")


def test_zoned_and_naive_times_in_one_column_each_keep_their_clock() -> None:
    assert told(["2026-01-02T10:00:00Z", "2026-01-02T10:00:00"], "Europe/Paris") == [
        "2026-01-02T10:00:00+00:00",
        "2026-01-02T09:00:00+00:00",
    ]


def test_what_is_no_time_is_unreadable_and_missing_is_not() -> None:
    read = read_times(pd.Series(["2026-01-02", "soon", None], dtype="str"), "UTC")
    assert read.unreadable.tolist() == [False, True, False]
    assert read.instants.isna().tolist() == [False, True, True]


@pytest.mark.parametrize("written", ["0001-01-01", "1753-01-01", "9999-12-31 12:00", "2026-13-01", "99999999999999"])
def test_times_nobody_meant_are_unreadable(written: str) -> None:
    read = read_times(pd.Series(["2026-01-02", written], dtype="str"), "Europe/Paris")
    assert read.unreadable.tolist() == [False, True]


def test_an_hour_that_came_twice_or_never_is_ambiguous() -> None:
    written = ["2026-10-25 02:30", "2026-03-29 02:30", "2026-10-25 03:30"]
    read = read_times(pd.Series(written, dtype="str"), "Europe/Paris")
    assert read.ambiguous.tolist() == [True, True, False]
    assert not read.unreadable.any()


def test_one_25_settles_day_first_for_the_whole_column() -> None:
    assert guess_form(pd.Series(["03/04/2026"] * 99 + ["25/04/2026"])) == "%d/%m/%Y"
    assert guess_form(pd.Series(["03/04/2026"] * 99 + ["04/25/2026"])) == "%m/%d/%Y"


def test_an_undecided_order_is_read_but_told() -> None:
    read = read_times(pd.Series(["03/04/2026"], dtype="str"), "UTC")
    assert "Set day_first" in read.notes[0]


MOMENTS = st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2060-01-01")).map(lambda t: t.replace(microsecond=0))


@settings(deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=5), st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S"]))
def test_written_times_come_back(moments: list[pd.Timestamp], form: str) -> None:
    written = pd.Series([m.strftime(form) for m in moments], dtype="str")
    read = read_times(written, "UTC", day_first=True)
    assert [t.tz_localize(None).to_pydatetime() for t in read.instants] == moments
