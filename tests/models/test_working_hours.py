from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crm.errors import AccordError
from models.working_hours import WorkingHours

PARIS = WorkingHours(zone="Europe/Paris", end=dt.time(18), closed=(dt.date(2026, 5, 1),))
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
START = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingHours:
    begins, ends = sorted(draw(st.lists(st.integers(0, 23 * 4 + 3), min_size=2, max_size=2, unique=True)))
    closed = draw(st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), max_size=4))
    return WorkingHours(
        zone=draw(st.sampled_from(ZONES)),
        days=tuple(draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))),
        start=dt.time(begins // 4, begins % 4 * 15),
        end=dt.time(ends // 4, ends % 4 * 15),
        closed=tuple(closed),
    )


instants = st.integers(0, 400 * 24 * 60).map(lambda minutes: START + dt.timedelta(minutes=minutes))
hours_ = st.integers(1, 400).map(lambda quarters: quarters / 4)


def minutes_open(calendar: WorkingHours, at: dt.datetime, until: dt.datetime) -> int:
    """The working minutes between two instants, counted one by one on the wall clock."""
    zone, count = ZoneInfo(calendar.zone), 0
    while at < until:
        wall = at.astimezone(zone)
        works = DAYS[wall.weekday()] in calendar.days and wall.date() not in calendar.closed
        count += works and calendar.start <= wall.time() < calendar.end
        at += dt.timedelta(minutes=1)
    return count


@given(calendars(), instants, st.integers(0, 4 * 24 * 60))
def test_hours_between_are_those_of_the_wall_clock(calendar: WorkingHours, at: dt.datetime, minutes: int) -> None:
    until = at + dt.timedelta(minutes=minutes)
    assume(calendar.start >= dt.time(4) or calendar.end <= dt.time(1))  # the hour that comes twice is within none
    assert calendar.between(at, until) * 60 == pytest.approx(minutes_open(calendar, at, until))
    assert calendar.between(until, at) == -calendar.between(at, until)


@given(calendars(), instants, hours_)
def test_a_promise_falls_due_when_its_hours_have_passed(calendar: WorkingHours, at: dt.datetime, hours: float) -> None:
    due = calendar.due(at, hours)
    assert due > at
    assert calendar.between(at, due) == pytest.approx(hours)
    assert calendar.between(at, due - dt.timedelta(minutes=1)) < hours, "no earlier: it falls due in working time"
    assert due.tzinfo is dt.UTC


@given(calendars(), instants, hours_, hours_)
def test_hours_add_up(calendar: WorkingHours, at: dt.datetime, one: float, other: float) -> None:
    assert calendar.due(calendar.due(at, one), other) == calendar.due(at, one + other)


@given(calendars(), instants, st.integers(0, 3_000), hours_)
def test_what_comes_later_is_not_due_earlier(
    calendar: WorkingHours, at: dt.datetime, minutes: int, hours: float
) -> None:
    assert calendar.due(at + dt.timedelta(minutes=minutes), hours) >= calendar.due(at, hours)


@given(calendars(), instants, st.sampled_from(ZONES), hours_)
def test_the_zone_in_which_an_instant_is_written_says_nothing(
    calendar: WorkingHours, at: dt.datetime, zone: str, hours: float
) -> None:
    assert calendar.due(at.astimezone(ZoneInfo(zone)), hours) == calendar.due(at, hours)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("at", "hours", "due"),
    [
        ("2026-03-27T16:00", 2, "2026-03-30T08:00"),  # Friday 17:00 in winter; the hour left is Monday's first, summer
        ("2026-10-23T15:00", 2, "2026-10-26T09:00"),  # Friday 17:00 in summer; Monday 10:00 in winter
        ("2026-04-30T15:30", 1, "2026-05-04T07:30"),  # Labour Day is closed, then a week-end
        ("2026-05-02T12:00", 1, "2026-05-04T08:00"),  # a Saturday: from Monday on
        ("2026-03-02T03:00", 9, "2026-03-02T17:00"),  # before the day begins: at its very end
    ],
)
def test_a_promise_passes_over_nights_week_ends_closed_days_and_changes_of_the_clock(
    at: str, hours: float, due: str
) -> None:
    assert PARIS.due(utc(at), hours) == utc(due)


def test_the_night_of_the_clock_counts_the_hours_that_pass() -> None:
    nights = WorkingHours(zone="Europe/Paris", days=("sun",), start=dt.time(1), end=dt.time(5))
    spring, autumn = utc("2026-03-28T12:00"), utc("2026-10-24T12:00")
    day = dt.timedelta(days=1)
    assert [nights.between(at, at + day) for at in (spring, autumn)] == [3.0, 5.0]


def test_more_hours_than_ten_years_hold_are_refused() -> None:
    with pytest.raises(OverflowError, match="ten years"):
        WorkingHours(days=("sun",)).due(START, 10_000)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"zone": "Europe/Pari"}, "zone.*no time zone of this name.*Europe/Paris"),
        ({"zone": "../../etc/passwd"}, "zone.*no time zone of this name"),
        ({"days": []}, "days.*at least 1"),
        ({"days": ["monday"]}, "days.*'mon'"),
        ({"start": "18:00", "end": "09:00"}, "starts before it ends"),
        ({"start": "09:00+01:00"}, "without a zone"),
        ({"closed": ["1 May"]}, "closed"),
        ({"open": ["2026-05-01"]}, "open.*not known"),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said(content: dict[str, Any], said: str) -> None:
    with pytest.raises(AccordError, match=f"(?s){said}"):
        WorkingHours.parse(content, "definition.working_hours")
