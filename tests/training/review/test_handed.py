from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.history import Field, History, Kind
from models.definition import Definition
from tests.builders import activity, history, lead, milestone
from tests.serving.scorers import past, scorer
from training.review.handed import COLUMNS, SCORES, hand

SINCE = pd.Timestamp("2026-01-15", tz="UTC")
DEFINITION = Definition.parse({"kinds": {"contact": ["call"]}}, "definition")


def small() -> History:
    return history(
        lead("early", "2026-01-01T08:00:00Z", source="web", rep="ann"),
        lead("won", "2026-02-01T08:00:00Z", source="web", rep="ann"),
        lead("open", "2026-02-02T08:00:00Z", source="fair", rep="bob"),
        lead("young", "2026-03-01T08:00:00Z", source="fair", rep="bob"),
        milestone("won", "handed_off", "2026-02-03T08:00:00Z"),
        milestone("young", "handed_off", "2026-03-01T08:00:00Z"),
        milestone("open", "handed_off", "2026-02-04T08:00:00Z"),
        milestone("early", "handed_off", "2026-01-02T08:00:00Z"),
        milestone("won", "accepted", "2026-02-05T08:00:00Z", actor="cleo"),
        milestone("won", "won", "2026-03-05T08:00:00Z", reason="price", amount=12.0),
        activity("won", "call", "2026-02-02T08:00:00Z"),
        activity("won", "call", "2026-02-04T08:00:00Z"),
        activity("open", "page_view", "2026-02-05T08:00:00Z"),
        fields=(Field("rep", Kind.CATEGORY, actor=True),),
        exported_at="2026-03-10T00:00:00Z",
    )


def given(*rows: tuple[str, str, str, bool | None]) -> pd.DataFrame:
    told = [
        {"lead_id": lead_id, "given_at": at, "as_of": at, "p_close": 0.2, "grade": grade, "explored": explored}
        for lead_id, at, grade, explored in rows
    ]
    table = pd.DataFrame(told).reindex(columns=list(SCORES))
    return table.assign(
        **{name: pd.to_datetime(table[name], utc=True).dt.as_unit("us") for name in ("given_at", "as_of")}
    )


def test_a_lead_is_there_once_with_what_came_of_it() -> None:
    leads = hand(small(), DEFINITION, since=SINCE).leads.set_index("lead_id")
    assert list(leads.index) == ["won", "open", "young"]
    assert [*leads.columns, "lead_id"] == [*COLUMNS[1:], "lead_id"]
    won, still = leads.loc["won"], leads.loc["open"]
    assert (won["owner"], won["source"], won["outcome"], won["amount"]) == ("ann", "web", "won", 12.0)
    assert won["contacted_at"] == pd.Timestamp("2026-02-04T08:00:00Z"), "a call before the hand-off is no answer to it"
    assert won["accepted_at"] == pd.Timestamp("2026-02-05T08:00:00Z")
    assert won["decider"] == "cleo", "nobody is named at the win: whoever accepted"
    assert (won["y_accept"], won["y_close"]) == (1.0, 1.0)
    assert won["settled_close"] == pd.Timestamp("2026-03-05T08:00:00Z")
    assert pd.isna(still["contacted_at"])
    assert still["y_accept"] == 0.0, "thirty days have passed"
    assert still["settled_accept"] == pd.Timestamp("2026-03-06T08:00:00Z")
    assert (still["y_close"], still["settled_close"]) == (0.0, still["settled_accept"]), "nor can it be closed in time"
    young = leads.loc["young"]
    assert young[["y_accept", "settled_accept", "y_close", "settled_close", "outcome"]].isna().all()


def test_the_first_score_from_the_hand_off_on_counts() -> None:
    scores = given(
        ("won", "2026-02-02T08:00:00Z", "D", None),
        ("won", "2026-02-03T09:00:00Z", "B", True),
        ("won", "2026-02-20T08:00:00Z", "A", None),
    )
    leads = hand(small(), DEFINITION, since=SINCE, scores=scores).leads.set_index("lead_id")
    assert (leads.loc["won", "grade"], leads.loc["won", "given"], leads.loc["won", "explored"]) == ("B", "ledger", True)
    assert (leads.loc["open", "given"], leads["grade"].notna().tolist()) == ("none", [True, False, False])


def test_a_win_goes_before_a_loss_of_the_same_instant_in_what_is_told_as_in_what_is_learned() -> None:
    at = "2026-03-05T08:00:00Z"
    known = small()
    both = history(
        lead("l", "2026-02-01T08:00:00Z"),
        milestone("l", "handed_off", "2026-02-03T08:00:00Z"),
        milestone("l", "accepted", "2026-02-04T08:00:00Z"),
        milestone("l", "lost", at, reason="price"),
        milestone("l", "won", at, amount=3.0),
        exported_at=known.exported_at.isoformat(),
    )
    leads = hand(both, DEFINITION, since=SINCE).leads
    assert leads.loc[0, ["y_close", "outcome", "amount"]].tolist() == [1.0, "won", 3.0]


def test_where_a_lead_is_scored_first_and_then_handed_off_the_last_score_before_counts() -> None:
    scores = given(
        ("won", "2026-02-02T09:00:00Z", "C", None),
        ("won", "2026-02-03T07:59:00Z", "B", True),
        ("open", "2026-02-01T08:00:00Z", "D", None),
        ("won", "2026-02-20T08:00:00Z", "A", None),
    )
    leads = hand(small(), DEFINITION, since=SINCE, scores=scores).leads.set_index("lead_id")
    assert (leads.loc["won", "grade"], leads.loc["won", "explored"]) == ("B", True)
    assert leads.loc["open", "given"] == "none", "three days before is another time"


@pytest.mark.parametrize("late", ["as_of", "given_at"])
def test_a_score_that_came_late_is_not_the_one_that_the_lead_was_worked_by(late: str) -> None:
    scores = given(("won", "2026-02-03T09:00:00Z", "B", None))
    scores[late] = pd.Timestamp("2026-02-04T08:00:01Z")
    assert hand(small(), DEFINITION, since=SINCE, scores=scores).leads["grade"].isna().all()


def test_leads_without_a_score_are_graded_as_of_their_hand_off() -> None:
    known, of = past(), scorer()
    handed = hand(known, of.definition, since=SINCE, scores=given(("l1", "2026-06-01T08:00:00Z", "Z", None)), scorer=of)
    leads = handed.leads.set_index("lead_id")
    assert set(leads["given"]) <= {"ledger", "again"}
    assert leads["grade"].notna().all()
    before = known.activities["occurred_at"] <= known.exported_at
    later = replace(known, activities=known.activities[before.to_numpy()].iloc[::-1])
    assert hand(later, of.definition, since=SINCE, scorer=of).graded["p_close"].between(0, 1).all()


def test_no_lead_is_graded_by_a_scorer_that_learned_from_it() -> None:
    known, of = past(), scorer()
    learned = known.leads["created_at"].quantile(0.7)
    ids = known.leads.sort_values("created_at")["lead_id"].iloc[:2].tolist()
    forward = pd.DataFrame({"lead_id": ids, "p_accept": [0.9, np.nan], "p_close": [0.8, 0.01]})
    since = known.leads["created_at"].min() - pd.Timedelta(days=1)
    leads = hand(known, of.definition, since=since, scorer=of, learned=learned, forward=forward).leads
    leads = leads.set_index("lead_id")
    assert leads.loc[ids, "given"].tolist() == ["backtest", "backtest"]
    assert leads.loc[ids, "p_close"].tolist() == [0.8, 0.01]
    assert leads.loc[ids[0], "grade"] == of.grading.names[0]
    after = leads["handed_off_at"] > learned
    assert set(leads.loc[after, "given"]) == {"again"}
    assert set(leads.loc[~after].drop(ids)["given"]) == {"none"}
