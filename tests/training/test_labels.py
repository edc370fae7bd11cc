from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tests.builders import Row, history, lead, milestone
from training.funnel import datable
from training.labels import HeadName, label
from training.snapshots import take


@dataclass(frozen=True)
class Days:
    accept_days: float = 30
    close_days: float = 90


def answer(head: HeadName, *rows: Row, landmark: int = 0, exported_at: str = "2026-06-30T00:00:00Z") -> pd.Series:
    """The label of lead ``a``, created on 2026-01-01, in a company that records acceptances."""
    past = history(lead("a"), lead("z"), milestone("z", "accepted", "2026-01-02"), *rows, exported_at=exported_at)
    snapshots = take(past, (landmark,))
    labels = label(past, snapshots, head, Days())
    return labels[(snapshots["lead_id"] == "a").to_numpy()].iloc[0]


def test_accepted_within_the_horizon_is_a_yes_settled_that_day() -> None:
    got = answer(HeadName.ACCEPT, milestone("a", "accepted", "2026-01-11"))
    assert (got["y"], got["duration"]) == (1.0, 10.0)


def test_accepted_after_the_horizon_is_a_no_settled_when_it_passed() -> None:
    got = answer(HeadName.ACCEPT, milestone("a", "accepted", "2026-03-01"))
    assert (got["y"], got["duration"]) == (0.0, 30.0)


@pytest.mark.parametrize("final", ["rejected", "lost", "no_decision"])
def test_a_final_milestone_before_acceptance_settles_it_as_no(final: str) -> None:
    got = answer(HeadName.ACCEPT, milestone("a", final, "2026-01-06"), milestone("a", "accepted", "2026-01-11"))
    assert (got["y"], got["duration"]) == (0.0, 5.0)


def test_a_win_without_a_recorded_acceptance_counts_as_accepted_at_the_win() -> None:
    got = answer(HeadName.ACCEPT, milestone("a", "won", "2026-01-21"))
    assert (got["y"], got["duration"]) == (1.0, 20.0)


def test_acceptance_is_not_asked_of_a_lead_already_accepted() -> None:
    got = answer(HeadName.ACCEPT, milestone("a", "accepted", "2026-01-03"), landmark=7)
    assert not got["asked"]
    assert not got["settled"]
    assert np.isnan(got["y"])


def test_a_lead_too_young_to_judge_is_not_a_failure() -> None:
    got = answer(HeadName.ACCEPT, exported_at="2026-01-20T00:00:00Z")
    assert got["asked"]
    assert not got["settled"]
    assert np.isnan(got["y"])
    assert np.isnan(got["duration"])
    assert got["censored_after"] == 19.0


def test_won_within_the_horizon_is_a_yes_settled_that_day() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "accepted", "2026-01-11"), milestone("a", "won", "2026-02-10"))
    assert (got["y"], got["duration"]) == (1.0, 40.0)


def test_won_after_the_horizon_is_a_no() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "accepted", "2026-01-11"), milestone("a", "won", "2026-05-10"))
    assert (got["y"], got["duration"]) == (0.0, 90.0)


def test_a_win_after_a_late_acceptance_does_not_close_and_is_settled_when_acceptance_was_late() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "accepted", "2026-02-15"), milestone("a", "won", "2026-02-20"))
    assert (got["y"], got["duration"]) == (0.0, 30.0)


def test_of_competing_final_milestones_the_first_counts() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "lost", "2026-01-06"), milestone("a", "won", "2026-01-11"))
    assert (got["y"], got["duration"]) == (0.0, 5.0)


def test_at_the_same_instant_a_win_goes_before_a_loss() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "lost", "2026-01-06"), milestone("a", "won", "2026-01-06"))
    assert got["y"] == 1.0


def test_an_accepted_lead_without_an_outcome_waits_for_the_close_horizon() -> None:
    accepted = milestone("a", "accepted", "2026-01-11")
    assert not answer(HeadName.CLOSE, accepted, exported_at="2026-03-31T00:00:00Z")["settled"]
    got = answer(HeadName.CLOSE, accepted, exported_at="2026-04-01T00:00:00Z")
    assert (got["settled"], got["y"], got["duration"]) == (True, 0.0, 90.0)


def test_where_acceptance_is_not_recorded_close_needs_none() -> None:
    past = history(lead("a"), milestone("a", "won", "2026-03-15"))
    got = label(past, take(past, (0,)), HeadName.CLOSE, Days()).iloc[0]
    assert (got["y"], got["duration"]) == (1.0, 73.0)


def test_milestones_after_the_export_do_not_exist() -> None:
    got = answer(HeadName.CLOSE, milestone("a", "won", "2026-01-25"), exported_at="2026-01-20T00:00:00Z")
    assert not got["settled"]


def test_whoever_closes_was_accepted() -> None:
    rng = np.random.default_rng(5)
    rows: list[Row] = []
    for i in range(200):
        rows.append(lead(f"l{i}"))
        for step in rng.permutation(["accepted", "won", "lost", "rejected"])[: rng.integers(0, 4)]:
            at = pd.Timestamp("2026-01-01") + pd.Timedelta(days=int(rng.integers(1, 120)))
            rows.append(milestone(f"l{i}", step, str(at)))
    past = history(*rows)
    snapshots = take(past)
    accept = label(past, snapshots, HeadName.ACCEPT, Days())
    close = label(past, snapshots, HeadName.CLOSE, Days())
    closed = (close["y"] == 1).to_numpy()
    assert closed.sum() > 20
    assert (accept.loc[closed & accept["asked"], "y"] == 1).all()


def test_settled_means_that_the_answer_came_before_the_export() -> None:
    past = history(
        *[lead(f"l{i}", f"2026-0{i // 28 + 1}-{i % 28 + 1:02d}") for i in range(160)], milestone("l0", "won")
    )
    labels = label(past, take(past, (0,)), HeadName.CLOSE, Days())
    assert 0 < labels["settled"].sum() < len(labels)
    assert (labels["settled"] == (labels["duration"] <= labels["censored_after"])).all()


def test_a_flat_history_is_settled_at_once() -> None:
    flat = history(
        lead("a", None), lead("b", None), lead("c", None), milestone("a", "won", None), milestone("b", "accepted", None)
    )
    snapshots = take(flat)
    assert label(flat, snapshots, HeadName.ACCEPT, Days())["y"].tolist() == [1.0, 1.0, 0.0]
    assert label(flat, snapshots, HeadName.CLOSE, Days())["y"].tolist() == [1.0, 0.0, 0.0]


def test_leads_won_at_an_unknown_time_are_left_out_of_a_timed_history() -> None:
    past = history(lead("a"), lead("b"), lead("c"), milestone("a", "won"), milestone("b", "won", None))
    kept, gone = datable(past)
    assert kept.leads["lead_id"].tolist() == ["a", "c"]
    assert gone == 1
