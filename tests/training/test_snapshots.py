import numpy as np
import pandas as pd
import pytest

from tests.builders import history, instant, lead, milestone
from training.snapshots import take


def landmarks_of(table: pd.DataFrame, lead_id: str) -> list[int]:
    return table.loc[table["lead_id"] == lead_id, "landmark"].tolist()


def test_a_lead_is_looked_at_from_its_creation_where_hand_offs_are_not_recorded() -> None:
    table = take(history(lead("a", "2026-01-01"), lead("w", "2026-01-01"), milestone("w", "won", "2026-06-01")), (0, 7))
    assert table.loc[table["lead_id"] == "a", "as_of"].tolist() == [instant("2026-01-01"), instant("2026-01-08")]


def test_where_hand_offs_are_recorded_only_leads_handed_off_are_looked_at() -> None:
    table = take(history(lead("a", "2026-01-01"), lead("b"), milestone("a", "handed_off", "2026-01-05")), (0,))
    assert table["lead_id"].tolist() == ["a"]
    assert table["as_of"].tolist() == [instant("2026-01-05")]


def test_no_snapshot_at_or_after_the_first_final_milestone() -> None:
    table = take(
        history(lead("a", "2026-01-01"), milestone("a", "lost", "2026-01-08"), milestone("a", "won", "2026-05-01")),
        (0, 7, 14),
    )
    assert landmarks_of(table, "a") == [0]


def test_no_snapshot_at_or_after_the_export() -> None:
    table = take(history(lead("a", "2026-06-20"), milestone("a", "accepted", "2026-06-21")), (0, 7, 10, 14))
    assert landmarks_of(table, "a") == [0, 7]


def test_an_acceptance_does_not_end_the_snapshots() -> None:
    table = take(history(lead("a", "2026-01-01"), milestone("a", "accepted", "2026-01-03")), (0, 7))
    assert landmarks_of(table, "a") == [0, 7]


def test_the_weight_depends_on_the_calendar_and_never_on_the_outcome() -> None:
    table = take(
        history(
            lead("quick", "2026-06-10"),
            lead("slow", "2026-06-10"),
            lead("old", "2026-01-01"),
            milestone("quick", "won", "2026-06-11"),
        ),
        (0, 7, 14, 30),
    )
    by_lead = table.groupby("lead_id")["weight"].first()
    assert by_lead["quick"] == by_lead["slow"] == pytest.approx(1 / 3)
    assert by_lead["old"] == pytest.approx(1 / 4)


def test_a_win_before_the_lead_was_created_gives_no_snapshot() -> None:
    assert take(history(lead("a", "2026-02-01"), milestone("a", "won", "2026-01-20"))).empty


def test_a_flat_history_gives_one_snapshot_a_lead_at_the_export() -> None:
    flat = history(lead("a", None), lead("b", None), milestone("a", "won", None))
    table = take(flat)
    assert table["lead_id"].tolist() == ["a", "b"]
    assert table["as_of"].unique().tolist() == [flat.exported_at]
    assert table["weight"].tolist() == [1.0, 1.0]


def test_row_order_does_not_matter() -> None:
    rows = [lead(f"l{i}", f"2026-0{i % 5 + 1}-1{i % 9}") for i in range(20)]
    rows += [milestone(f"l{i}", "won", "2026-06-01") for i in range(0, 20, 3)]
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    pd.testing.assert_frame_equal(take(history(*rows)), take(history(*shuffled)))
