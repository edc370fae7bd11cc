from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from crm.contracts import check
from crm.history import History, Milestone
from crm.reports import Report
from crm.simulation import Company, simulate
from crm.told import Told, put_in
from tests.builders import history, lead, milestone


def report(lead_id: str, outcome: str, at: str, **more: Any) -> Report:
    when = datetime.fromisoformat(at)
    return Report(more.pop("id", f"{lead_id} {outcome} {at}"), lead_id, Milestone(outcome), when, when, **more)


def told(history_: History) -> list[tuple[str, str, str]]:
    table = history_.milestones.sort_values(["lead_id", "reached_at", "milestone"])
    days = table["reached_at"].dt.strftime("%m-%d").fillna("-")
    return list(zip(table["lead_id"], table["milestone"], days, strict=True))


def test_without_reports_the_history_is_given_back_itself() -> None:
    before = history(lead("l1"), milestone("l1", "won"))
    assert put_in(before, []) == (before, Told())


def test_what_both_know_is_there_once_at_the_earlier_time_with_all_that_is_known_of_it() -> None:
    before = history(lead("l1"), milestone("l1", "won", "2026-02-03", amount=7.0))
    after, counts = put_in(before, [report("l1", "won", "2026-02-01T00:00:00Z", amount=9.0, actor="ann", reason="x")])
    (row,) = after.milestones.to_dict("records")
    assert (row["reached_at"], row["amount"], row["actor"]) == (pd.Timestamp("2026-02-01", tz="UTC"), 7.0, "ann")
    assert (counts.in_both, counts.only_reported) == (1, 0)
    assert check(after).quarantine.empty


def test_what_only_the_ledger_knows_is_added() -> None:
    before = history(lead("l1"), lead("l2"), milestone("l2", "lost", "2026-02-03"))
    after, counts = put_in(before, [report("l1", "rejected", "2026-02-01T00:00:00Z", reason="no_need")])
    assert told(after) == [("l1", "rejected", "02-01"), ("l2", "lost", "02-03")]
    assert counts == Told(reports=1, only_reported=1)


@pytest.mark.parametrize(
    ("exported", "reported", "stands", "whose"),
    [
        (("lost", "2026-02-03"), ("won", "2026-02-10T00:00:00Z"), [("l1", "won", "02-10")], "by_report"),
        (("lost", "2026-02-03"), ("won", "2026-02-01T00:00:00Z"), [("l1", "lost", "02-03")], "by_export"),
        (("rejected", "2026-02-03"), ("accepted", "2026-02-10T00:00:00Z"), [("l1", "accepted", "02-10")], "by_report"),
        (("accepted", "2026-02-03"), ("rejected", "2026-02-10T00:00:00Z"), [("l1", "rejected", "02-10")], "by_report"),
    ],
)
def test_where_they_contradict_each_other_the_last_word_counts(
    exported: tuple[str, str], reported: tuple[str, str], stands: list[tuple[str, str, str]], whose: str
) -> None:
    after, counts = put_in(history(lead("l1"), milestone("l1", *exported)), [report("l1", *reported)])
    assert told(after) == stands
    assert getattr(counts, whose) == 1


def test_an_acceptance_goes_with_any_end_but_a_rejection() -> None:
    before = history(lead("l1"), milestone("l1", "won", "2026-02-10"))
    after, counts = put_in(before, [report("l1", "accepted", "2026-02-03T00:00:00Z")])
    assert told(after) == [("l1", "accepted", "02-03"), ("l1", "won", "02-10")]
    assert counts == Told(reports=1, only_reported=1)


def test_reports_of_other_leads_and_of_after_the_export_are_counted_and_left_out() -> None:
    before = history(lead("l1"), exported_at="2026-03-01T00:00:00Z")
    reports = [report("elsewhere", "won", "2026-02-01T00:00:00Z"), report("l1", "won", "2026-03-02T00:00:00Z")]
    after, counts = put_in(before, reports)
    assert len(after.milestones) == 0
    assert counts == Told(reports=2, of_unknown_leads=1, later=1)


def test_repeats_are_counted_once() -> None:
    reports = [report("l1", "accepted", f"2026-02-{day:02}T00:00:00Z") for day in range(1, 16)]
    after, counts = put_in(history(lead("l1")), reports)
    assert told(after) == [("l1", "accepted", "02-01")]
    assert counts == Told(reports=15, overtaken=14, only_reported=1)


def test_a_flat_history_stays_flat() -> None:
    before = history(lead("l1", None), lead("l2", None), milestone("l2", "won", None))
    after, _ = put_in(
        before, [report("l1", "won", "2026-02-01T00:00:00Z"), report("l2", "lost", "2026-02-01T00:00:00Z")]
    )
    assert told(after) == [("l1", "won", "-"), ("l2", "won", "-")]
    assert not after.timed


def test_an_export_without_outcomes_and_a_ledger_with_them_make_the_whole() -> None:
    whole = simulate(Company(leads=300), 3).history
    from_sales = whole.milestones["milestone"] != Milestone.HANDED_OFF
    theirs = whole.milestones[from_sales.to_numpy()]
    reports = [
        report(
            r.lead_id,
            r.milestone,
            r.reached_at.isoformat(),
            id=str(i),
            **{name: value for name in ("actor", "amount", "reason") if pd.notna(value := getattr(r, name))},
        )
        for i, r in enumerate(theirs.itertuples())
    ]
    without = History(**{**vars(whole), "milestones": whole.milestones[~from_sales.to_numpy()]})
    after, counts = put_in(without, reports)
    order = ["lead_id", "reached_at", "milestone"]
    got, wanted = (h.milestones.sort_values(order, ignore_index=True) for h in (after, whole))
    pd.testing.assert_frame_equal(got, wanted)
    assert counts.only_reported == len(theirs)
    twice, again = put_in(whole, reports)
    pd.testing.assert_frame_equal(twice.milestones.sort_values(order, ignore_index=True), wanted)
    assert (again.in_both, again.only_reported) == (len(theirs), 0)


def test_a_report_that_was_corrected_for_after_the_export_does_not_count() -> None:
    before = history(lead("l1"), lead("l2"), milestone("l2", "accepted", "2026-02-03"))
    late = before.exported_at + pd.Timedelta(days=1)
    wrong = report("l1", "won", "2026-02-01T00:00:00Z", id="wrong")
    right = report("l1", "lost", late.isoformat(), corrects="wrong")
    after, counts = put_in(before, [wrong, right])
    assert told(after) == [("l2", "accepted", "02-03")]
    assert (counts.later, counts.overtaken, counts.only_reported) == (1, 1, 0)


@pytest.mark.parametrize("exported", [("accepted", "lost"), ("lost", "accepted")])
def test_an_export_that_knows_only_the_day_ends_with_its_end(exported: tuple[str, str]) -> None:
    before = history(lead("l1"), *(milestone("l1", each, "2026-02-03") for each in exported))
    after, counts = put_in(before, [report("l1", "won", "2026-02-09T00:00:00Z")])
    assert told(after) == [("l1", "accepted", "02-03"), ("l1", "won", "02-09")]
    assert counts.by_report == 1
