from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.history import Field, Kind
from models.definition import LANGUAGES, Language
from tests.builders import Row, account, activity, history, lead, milestone
from tests.training.review.world import company, definition, handed, written
from training.review import coded
from training.review.handed import SCORES, Handed, hand
from training.review.lost import ended, lost, named, signals, why
from training.review.telling import Telling

SINCE = pd.Timestamp("2025-12-31", tz="UTC")
NAMED = (
    Field("owner", Kind.CATEGORY, actor=True),
    Field("full_name", Kind.TEXT),
    Field("account.name", Kind.IDENTIFIER),
)


@pytest.fixture(scope="module")
def leads() -> Handed:
    return handed(company())


def small(*rows: Row, p_close: dict[str, float] | None = None, grades: dict[str, str] | None = None) -> Handed:
    made = history(*rows, fields=NAMED)
    ids = [row.cells["lead_id"] for row in rows if row.table == "leads"]
    at = pd.to_datetime(pd.Series(["2026-01-02T10:00:00Z"] * len(ids)), utc=True)
    scores = pd.DataFrame({"lead_id": ids, "given_at": at, "as_of": at}).reindex(columns=list(SCORES))
    scores["p_close"] = [(p_close or {}).get(name, 0.2) for name in ids]
    scores["grade"] = [(grades or {}).get(name, "B") for name in ids]
    return hand(made, definition(), since=SINCE, scores=scores)


def story(name: str, end: str, at: str, *, reason: str | None = None, account_id: str | None = None) -> tuple[Row, ...]:
    """A lead handed over and accepted on the second of January, and how it ended."""
    return (
        lead(name, "2026-01-02T08:00:00Z", full_name=f"Lea {name}", owner="ann", account_id=account_id),
        milestone(name, "handed_off", "2026-01-02T09:00:00Z"),
        milestone(name, "accepted", "2026-01-02T10:00:00Z", actor="ann"),
        milestone(name, end, at, reason=reason, actor="ann", amount=9.0 if end == "won" else None),
    )


def said(leads: Handed, language: Language = "en") -> dict[str, str]:
    document = lost(leads, 1, language)
    assert document is not None
    written(document, language)
    return {part.title: " ".join([*part.sentences, *part.notes]) for part in document.parts}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_in_both_languages(leads: Handed, language: Language) -> None:
    document = lost(leads, 1, language)
    assert document is not None
    text = written(document, language)
    for left in ("%(", "nan", "None", "too_slow", "no_decision"):
        assert left not in text, left
    assert document.parts[-1].title in {"Questions for the meeting", "Questions pour la réunion"}


def test_good_leads_lost_and_poor_leads_won_are_named() -> None:
    rows = (
        account("x", name="Nord Fret"),
        *story("best", "lost", "2026-02-01", reason="price", account_id="x"),
        *story("good", "no_decision", "2026-02-01"),
        *story("kept", "won", "2026-02-01"),
        *story("poor", "won", "2026-02-01"),
        *story("weak", "lost", "2026-02-01"),
    )
    grades = {"best": "A", "good": "B", "kept": "A", "poor": "D", "weak": "D"}
    of = small(*rows, p_close={"best": 0.6, "good": 0.4, "poor": 0.02}, grades=grades)
    good, poor = named.measure(of, signals.measure(of, seed=1))
    assert [(one.lead_id, one.name, one.end) for one in good] == [
        ("best", "Lea best, Nord Fret", "lost"),
        ("good", "Lea good", "no_decision"),
    ]
    assert [(one.lead_id, one.amount, one.owner) for one in poor] == [("poor", 9.0, "ann")]
    assert good[0].days == pytest.approx(29.625)
    page = written(lost(of, 1, "en"), "en")  # type: ignore[arg-type]
    assert "best · Lea best, Nord Fret" in page
    assert "price" in page


def test_a_lead_without_a_name_is_told_by_its_number(leads: Handed) -> None:
    assert "told by their number" in said(leads)["Good leads lost, poor leads won, by name"]


def test_the_stage_is_the_furthest_that_activities_tell_of() -> None:
    rows = (
        *story("quiet", "lost", "2026-02-01"),
        *story("met", "lost", "2026-02-01"),
        *story("offered", "lost", "2026-02-01"),
        *story("after", "lost", "2026-02-01"),
        activity("met", "meeting", "2026-01-10"),
        activity("offered", "meeting", "2026-01-10"),
        activity("offered", "O_SENT", "2026-01-20"),
        activity("after", "O_SENT", "2026-02-02"),
    )
    of = small(*rows)
    words = {"O_SENT": {"en": {"one": "offer sent", "other": "offers sent"}}}
    found = ended.measure(replace(of, definition=definition(words=words)))
    assert {stage: ends["lost"] for stage, ends in found.stages.items()} == {
        "before": 0,
        "accepted": 2,
        "met": 1,
        "offered": 1,
    }
    assert (found.offers, found.meetings) == (("O_SENT",), ("meeting",))


def test_without_recorded_acceptances_no_stage_is_after_one() -> None:
    rows = [row for name, end in (("a", "won"), ("b", "lost")) for row in story(name, end, "2026-02-01")]
    of = small(*(row for row in rows if row.cells.get("milestone") != "accepted"))
    assert {stage: sum(ends.values()) for stage, ends in ended.measure(of).stages.items()} == {
        "before": 2,
        "accepted": 0,
        "met": 0,
        "offered": 0,
    }
    assert "after acceptance" not in written(lost(of, 1, "en"), "en")  # type: ignore[arg-type]


def test_a_share_of_few_losses_is_asked_about_with_its_range() -> None:
    rows = [row for i in range(3) for row in story(f"w{i}", "lost", "2026-02-01", reason=("price", "service")[i // 2])]
    assert "“price” is named for 67% (21–94%)" in said(small(*rows))["Questions for the meeting"]


def test_small_groups_are_counted_together_and_none_is_left_out(leads: Handed) -> None:
    found = why.measure(leads, "lost", seed=1).reasons
    table = coded.crossed(found, "source", "lost", Telling(leads, "en"), most=2)
    assert table is not None
    assert [row.head for row in table.rows][2:] == ["all others"]
    assert sum(int(row.cells[0].figure) for row in table.rows) == found.ended - found.unsaid


def test_service_is_counted_before_the_end_for_the_lead_and_its_company() -> None:
    rows = (
        account("x", name="X"),
        *story("lost", "lost", "2026-04-01T00:00:00Z", account_id="x"),
        *story("other", "won", "2026-02-01T00:00:00Z", account_id="x"),
        *story("alone", "won", "2026-02-01T00:00:00Z"),
        activity("lost", "ticket", "2026-03-30T00:00:00Z"),
        activity("lost", "ticket", "2026-04-02T00:00:00Z"),  # after the loss
        activity("lost", "ticket", "2025-10-01T00:00:00Z"),  # too long before
        activity("other", "ticket", "2026-03-01T00:00:00Z"),
        activity("alone", "page_view", "2026-01-15T00:00:00Z"),
    )
    of = small(*rows)
    found = signals.measure(of, seed=1)
    row = dict(zip(of.leads["lead_id"], range(3), strict=True))
    assert [int(of_[row["lost"]]) for of_ in (found.own, found.others)] == [1, 1]
    assert found.last[row["lost"]] == pytest.approx(2.0)
    assert [int(of_[row["other"]]) for of_ in (found.own, found.others)] == [0, 0], "the tickets came after it was won"
    assert [int(of_[row["alone"]]) for of_ in (found.own, found.others)] == [0, 0]


def test_the_longest_silence_runs_from_the_hand_off_to_the_end() -> None:
    rows = (
        *story("talked", "lost", "2026-02-01T09:00:00Z"),
        *story("ignored", "lost", "2026-02-01T09:00:00Z"),
        activity("talked", "call", "2026-01-12T09:00:00Z"),
        activity("talked", "call", "2026-01-12T10:00:00Z"),
        activity("talked", "call", "2026-02-05T09:00:00Z"),
    )
    of = small(*rows)
    found = signals.measure(of, seed=1)
    by = dict(zip(of.leads["lead_id"], found.silence, strict=True))
    assert by["talked"] == pytest.approx(20 - 1 / 24)
    assert by["ignored"] == pytest.approx(30.0)


def deal(seed: int, before_loss: float, before_win: float) -> signals.Against | None:
    rng = np.random.default_rng(seed)
    is_lost = rng.random(800) < 0.6
    yes = rng.random(800) < np.where(is_lost, before_loss, before_win)
    return signals.against(yes, is_lost, ~is_lost, rng.integers(0, 4, 800), np.arange(800) // 2, seed=seed)


def test_a_signal_before_losses_is_seen_and_its_range_holds_the_truth() -> None:
    covered = [one.low <= 0.2 <= one.high for seed in range(40) if (one := deal(seed, 0.4, 0.2)) is not None]
    assert len(covered) == 40
    assert sum(covered) >= 34
    same = [deal(seed, 0.3, 0.3) for seed in range(40)]
    assert sum(one.clear for one in same if one is not None) <= 4


def test_wins_are_compared_with_losses_of_their_kind() -> None:
    kind = np.repeat([0, 1], 400)  # large companies complain more and are lost more: that is no signal
    rng = np.random.default_rng(0)
    is_lost = rng.random(800) < np.where(kind, 0.8, 0.2)
    yes = rng.random(800) < np.where(kind, 0.6, 0.1)
    alone = np.arange(800)
    raw = signals.against(yes, is_lost, ~is_lost, np.zeros(800, int), alone, seed=1)
    fair = signals.against(yes, is_lost, ~is_lost, kind, alone, seed=1)
    assert raw is not None
    assert fair is not None
    assert raw.clear
    assert not fair.clear


def test_service_before_losses_becomes_a_question() -> None:
    rows: list[Row] = []
    for i in range(60):
        end = "lost" if i % 2 else "won"
        rows += story(f"l{i:02}", end, f"2026-03-{1 + i % 27:02}T00:00:00Z", reason="service" if i % 2 else None)
        if i % 2 and i % 3:
            rows.append(activity(f"l{i:02}", "ticket", "2026-02-20T00:00:00Z"))
    rows.append(activity("l00", "ticket", "2026-01-20T00:00:00Z"))
    parts = said(small(*rows))
    assert "clearly more often" in parts["What had been said before, and left unsaid"]
    assert "who tells sales" in parts["Questions for the meeting"]
    assert "what had the customer told service" in parts["Questions for the meeting"]


def test_the_planted_reasons_are_counted_and_a_shift_is_no_false_alarm(leads: Handed) -> None:
    found = why.measure(leads, "lost", seed=1)
    mine = leads.leads[(leads.leads["outcome"] == "lost").to_numpy()]
    assert {reason.code: reason.leads for reason in found.reasons.reasons} == dict(mine["reason"].value_counts())
    assert sum(sum(row.values()) for row in found.months.values()) == len(mine)
    dealt = []
    for seed in range(10):
        table = leads.leads.copy()
        rows = (table["outcome"] == "lost").to_numpy()
        table.loc[rows, "reason"] = np.random.default_rng(seed).permutation(table.loc[rows, "reason"].to_numpy(object))
        again = why.measure(replace(leads, leads=table), "lost", seed=1)
        dealt.append(bool(again.shifts) or bool(again.reasons.pairs))
    assert sum(dealt) <= 2


def test_nothing_is_asked_where_everything_was_won() -> None:
    rows = [row for i in range(25) for row in story(f"w{i:02}", "won", "2026-02-01T00:00:00Z")]
    parts = said(small(*rows))
    assert "Questions for the meeting" not in parts
    assert parts["Why they are lost"] == "No lead was lost."
    assert "No lead of grades A and B was lost." in parts["Good leads lost, poor leads won, by name"]


def test_losses_without_reasons_say_how_to_give_them() -> None:
    rows = [row for i in range(5) for row in story(f"w{i:02}", "lost", "2026-02-01T00:00:00Z")]
    parts = said(small(*rows))
    assert "5 leads were lost, none with a reason." in parts["Why they are lost"]
    assert "Nobody wrote down why" in parts["Questions for the meeting"]
    assert "too few losses or wins" not in parts["What had been said before, and left unsaid"]
    assert "kinds: service" in parts["What had been said before, and left unsaid"]


def test_without_grades_nobody_is_named() -> None:
    of = hand(history(*story("a", "lost", "2026-02-01"), fields=NAMED), definition(), since=SINCE)
    assert "No lead has a grade" in said(of)["By name"]


def test_no_leads_no_review() -> None:
    late = pd.Timestamp("2026-06-30", tz="UTC")
    of = hand(history(*story("a", "lost", "2026-02-01"), fields=NAMED), definition(), since=late)
    assert lost(of, 1, "fr") is None
