from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.history import FINAL, Milestone
from crm.reports import REPORTED, Fate, Report, standing, standings

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def report(id_: str, outcome: str, day: int, **more: Any) -> Report:
    at = DAY + timedelta(days=day)
    return Report(id_, more.pop("lead_id", "l1"), Milestone(outcome), at, more.pop("received_at", at), **more)


def test_nothing_stands_where_nothing_was_reported() -> None:
    assert (standing([]).outcome, standing([]).milestones) == (None, ())


def test_a_lead_that_is_accepted_and_won_has_both() -> None:
    found = standing([report("b", "won", 9, amount=5.0), report("a", "accepted", 2)])
    assert [(r.outcome, r.occurred_at.day) for r in found.milestones] == [("accepted", 3), ("won", 10)]
    assert (found.outcome, found.occurred_at) == ("won", DAY + timedelta(days=9))


def test_one_event_sent_fifteen_times_counts_once_from_its_first_time_on() -> None:
    found = standing([report(f"r{i}", "accepted", 15 - i) for i in range(15)])
    assert [r.id for r in found.milestones] == ["r14"]
    assert [found.fates[f"r{i}"] for i in range(14)] == [Fate.REPEAT] * 14
    assert {r.id for r in found.because.values()} == {"r14"}


def test_a_repeat_tells_what_the_first_left_open_and_changes_nothing_that_it_said() -> None:
    told = [report("a", "won", 2, actor="Ines"), report("b", "won", 5, amount=900.0, actor="Paul")]
    won = standing([*told, report("c", "won", 6, amount=1.0), report("d", "accepted", 7, comment="late")]).final
    assert won == replace(told[0], amount=900.0)


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        (("accepted", "rejected"), ("rejected",)),
        (("rejected", "accepted"), ("accepted",)),
        (("lost", "won"), ("won",)),
        (("accepted", "lost", "won"), ("accepted", "won")),
        (("accepted", "won", "rejected"), ("rejected",)),
        (("rejected", "won"), ("won",)),
        (("no_decision", "accepted"), ("accepted",)),
        (("accepted", "won", "accepted"), ("accepted", "won")),
        (("won", "accepted"), ("won",)),
        (("accepted", "lost", "accepted"), ("accepted", "lost")),
        (("rejected", "accepted", "rejected"), ("rejected",)),
    ],
)
def test_the_last_word_counts_but_a_late_acceptance_undoes_no_end(
    told: tuple[str, ...], stands: tuple[str, ...]
) -> None:
    found = standing([report(str(i), outcome, i) for i, outcome in enumerate(told)])
    assert tuple(str(r.outcome) for r in found.milestones) == stands


def test_who_is_overruled_knows_by_whom() -> None:
    found = standing([report("a", "accepted", 1), report("b", "rejected", 2)])
    assert (found.fates["a"], found.because["a"].id) == (Fate.OVERRULED, "b")


def test_a_correction_takes_the_place_of_what_it_names_whatever_the_times() -> None:
    found = standing([report("a", "won", 9), report("b", "lost", 4, corrects="a")])
    assert (found.outcome, found.fates["a"], found.because["a"].id) == ("lost", Fate.CORRECTED, "b")
    chain = standing([report("a", "won", 9), report("b", "lost", 4, corrects="a"), report("c", "won", 5, corrects="b")])
    assert ([r.id for r in chain.milestones], chain.fates["a"]) == (["c"], Fate.CORRECTED)


def test_what_a_correction_names_may_be_unknown() -> None:
    assert standing([report("a", "won", 9, corrects="elsewhere")]).outcome == "won"


def test_leads_do_not_speak_for_each_other() -> None:
    found = standings([report("a", "won", 1), report("b", "lost", 2, lead_id="l2")])
    assert {lead: s.outcome for lead, s in found.items()} == {"l1": "won", "l2": "lost"}


@st.composite
def told_of_a_lead(draw: st.DrawFn) -> list[Report]:
    made: list[Report] = []
    for i in range(draw(st.integers(0, 8))):
        corrects = draw(st.sampled_from([None, None, *(r.id for r in made)]))
        made.append(report(f"r{i}", str(draw(st.sampled_from(REPORTED))), draw(st.integers(0, 3)), corrects=corrects))
    return made


@given(told_of_a_lead(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_same_reports_change_nothing(told: list[Report], random: Any) -> None:
    again = [*told, *(replace(r, received_at=r.received_at + timedelta(hours=1)) for r in told)]
    random.shuffle(again)
    assert standing(again) == standing(told)


@given(told_of_a_lead())
def test_every_report_has_a_fate_and_at_most_one_acceptance_and_one_end_count(told: list[Report]) -> None:
    found = standing(told)
    counting = {name for name, fate in found.fates.items() if fate is Fate.COUNTS}
    assert counting == {r.id for r in found.milestones}
    assert set(found.fates) == {r.id for r in told}
    assert set(found.because) == set(found.fates) - counting
    ends = [r for r in found.milestones if r.outcome in FINAL]
    assert len(ends) <= 1
    assert len(found.milestones) - len(ends) <= 1
    assert not (ends and ends[0].outcome == Milestone.REJECTED and len(found.milestones) > 1)


@pytest.mark.parametrize("ids", ["ab", "ba"])
@pytest.mark.parametrize("end", ["lost", "no_decision", "won"])
@pytest.mark.parametrize("told_after", [0, 1])
def test_at_one_instant_the_acceptance_goes_before_the_end(ids: str, end: str, told_after: int) -> None:
    later = DAY + timedelta(days=1 + told_after)
    found = standing([report(ids[0], "accepted", 1, received_at=later), report(ids[1], end, 1)])
    assert [str(r.outcome) for r in found.milestones] == ["accepted", end]


@pytest.mark.parametrize("ids", ["ab", "ba"])
def test_at_one_instant_the_word_that_was_told_last_counts(ids: str) -> None:
    hour = timedelta(hours=1)
    first = report(ids[0], "rejected", 1)
    found = standing([report(ids[1], "accepted", 1, received_at=first.received_at + hour), first])
    assert found.outcome == "accepted"
