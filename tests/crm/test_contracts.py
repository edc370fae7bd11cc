"""Every rule of the quarantine, and that nothing is lost without being told."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import quarantine
from crm.contracts import Checked, check
from crm.errors import AccordError
from tests.builders import Row, account, activity, change, history, instant, lead, milestone


def checked(*rows: Row, exported_at: str = "2026-06-30") -> Checked:
    return check(history(*rows, exported_at=exported_at))


def broken(result: Checked) -> list[tuple[str, int, str, str, str]]:
    """Table, row, rule, column and fate of all that is in quarantine."""
    rows = result.quarantine.itertuples()
    return [(r.table, r.row, r.rule, r.column, r.fate) for r in rows]


def test_a_good_history_passes_unchanged_and_shared() -> None:
    good = history(
        lead("l1", account_id="a1", stage="x"),
        account("a1"),
        activity("l1"),
        milestone("l1"),
        change("l1", "stage", old="w", new="x"),
    )
    result = check(good)
    assert result.quarantine.empty
    assert result.cut == {}
    pd.testing.assert_frame_equal(result.history.leads, good.leads)
    assert result.history.activities is good.activities


def test_a_lead_without_a_key_is_set_aside() -> None:
    result = checked(lead("l1"), lead(None))  # type: ignore[arg-type]  # that is the point
    assert broken(result) == [("leads", 2, "missing_key", "lead_id", "set_aside")]
    assert result.history.leads["lead_id"].tolist() == ["l1"]


def test_of_leads_with_the_same_key_the_first_stays() -> None:
    result = checked(lead("l1", stage="first"), lead("l1", stage="second"), lead("l2", stage="x"))
    assert broken(result) == [("leads", 2, "duplicate_key", "lead_id", "set_aside")]
    assert result.history.leads["stage"].tolist() == ["first", "x"]
    assert '"stage":"second"' in result.quarantine["record"].iloc[0]


def test_of_accounts_with_the_same_key_the_first_stays() -> None:
    result = checked(lead(account_id="a1"), account("a1", size=1.0), account("a1", size=2.0))
    assert broken(result) == [("accounts", 2, "duplicate_key", "account_id", "set_aside")]
    assert result.history.accounts["size"].tolist() == [1.0]


def test_a_link_to_an_unknown_account_is_cut_and_the_lead_stays() -> None:
    result = checked(lead("l1", account_id="gone"), lead("l2", account_id="a1"), account("a1"))
    assert broken(result) == [("leads", 1, "account_not_found", "account_id", "set_missing")]
    assert result.quarantine["got"].tolist() == ["gone"]
    assert result.history.leads["lead_id"].tolist() == ["l1", "l2"]
    assert result.history.leads["account_id"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (activity("nobody"), "unknown_lead", "lead_id"),
        (activity(None), "missing_key", "lead_id"),  # type: ignore[arg-type]
        (activity("l1", at=None), "missing_time", "occurred_at"),  # type: ignore[arg-type]
        (activity("l1", kind=None), "missing_kind", "kind"),  # type: ignore[arg-type]
        (milestone("nobody"), "unknown_lead", "lead_id"),
        (milestone("l1", name="sold"), "unknown_milestone", "milestone"),
        (milestone("l1", name=None), "missing_milestone", "milestone"),  # type: ignore[arg-type]
        (change("nobody"), "unknown_lead", "lead_id"),
        (change("l1", "colour"), "unknown_field", "field"),
        (change("l1", None), "missing_field", "field"),  # type: ignore[arg-type]
        (change("l1", "stage", at=None), "missing_time", "changed_at"),  # type: ignore[arg-type]
    ],
)
def test_each_rule_sets_its_row_aside_once(row: Row, rule: str, column: str) -> None:
    good = (lead("l1", stage="x"), activity("l1"), milestone("l1"), change("l1", "stage"))
    result = checked(*good, row)
    assert broken(result) == [(row.table, 2, rule, column, "set_aside")]
    assert len(getattr(result.history, row.table)) == 1


def test_a_row_that_breaks_two_rules_is_told_once() -> None:
    result = checked(lead("l1"), activity("nobody", at=None))  # type: ignore[arg-type]
    assert len(result.quarantine) == 1


def test_milestones_may_have_no_time_and_odd_orders_are_left_to_the_audit() -> None:
    result = checked(lead("l1", "2026-03-01"), milestone("l1", at=None), milestone("l1", "lost", "2026-02-01"))
    assert result.quarantine.empty
    assert len(result.history.milestones) == 2


def test_rows_of_after_the_export_are_cut_and_counted() -> None:
    rows = (lead("l1"), lead("late", "2026-07-02"), activity("l1", at="2026-07-01"), activity("late", at="2026-07-03"))
    result = checked(*rows, activity("l1"))
    assert result.cut == {"leads": 1, "activities": 2}
    assert result.quarantine.empty
    assert result.history.leads["lead_id"].tolist() == ["l1"]


def test_rows_at_the_very_instant_of_the_export_stay() -> None:
    assert checked(lead("l1", "2026-06-30")).cut == {}


def test_only_a_history_without_any_lead_is_fatal() -> None:
    with pytest.raises(AccordError, match="No lead is left") as refused:
        checked(lead(None), lead(None))  # type: ignore[arg-type]
    assert "missing_key (2)" in str(refused.value)


def test_a_table_of_other_columns_is_its_makers_mistake() -> None:
    made = history(lead("l1"), activity("l1"))
    with pytest.raises(AccordError, match="activities"):
        check(replace(made, activities=made.activities.assign(extra=1)))


def test_counts_put_the_most_frequent_rule_first() -> None:
    result = checked(lead("l1"), activity("x"), activity("y"), milestone("z"))
    counts = quarantine.counts(result.quarantine)
    assert counts[["table", "rule", "rows", "example"]].values.tolist() == [  # noqa: PD011 - a frame's
        ["activities", "unknown_lead", 2, "x"],
        ["milestones", "unknown_lead", 1, "z"],
    ]


def test_a_rule_that_every_row_breaks_is_counted_whole_and_copied_in_part() -> None:
    made = history(lead("l1"), activity("nobody"))
    made = replace(made, activities=pd.concat([made.activities] * (quarantine.MOST_RECORDS + 5), ignore_index=True))
    told = check(made).quarantine
    assert quarantine.counts(told)["rows"].tolist() == [quarantine.MOST_RECORDS + 5]
    assert told["record"].notna().sum() == quarantine.MOST_RECORDS
    assert told["row"].iloc[-1] == quarantine.MOST_RECORDS + 5


IDS = st.sampled_from(["l1", "l2", "l3", None])
TIMES = st.sampled_from(["2026-01-05", "2026-02-01", "2026-12-01", None])


@settings(max_examples=20, deadline=None)  # a check takes tens of milliseconds
@given(
    st.lists(IDS, min_size=1, max_size=6),
    st.lists(st.tuples(IDS, TIMES, st.sampled_from(["view", None])), max_size=8),
    st.lists(st.tuples(IDS, TIMES, st.sampled_from(["won", "lost", "sold"])), max_size=8),
)
def test_every_row_is_kept_set_aside_or_cut(
    leads: list[str | None],
    activities: list[tuple[str | None, str | None, str | None]],
    milestones: list[tuple[str | None, str | None, str]],
) -> None:
    raw = history(
        lead("always"),
        *(lead(key) for key in leads),  # type: ignore[arg-type]
        *(activity(key, kind, at) for key, at, kind in activities),  # type: ignore[arg-type]
        *(milestone(key, name, at) for key, at, name in milestones),  # type: ignore[arg-type]
    )
    result = check(raw)
    for name in ("leads", "activities", "milestones"):
        aside = result.quarantine.query("table == @name and fate == 'set_aside'")
        assert aside["row"].is_unique
        kept = getattr(result.history, name)
        assert len(getattr(raw, name)) == len(kept) + len(aside) + result.cut.get(name, 0)
    again = check(result.history)
    assert again.quarantine.empty
    assert again.history.leads["lead_id"].is_unique
    assert result.history.exported_at == instant("2026-06-30")
