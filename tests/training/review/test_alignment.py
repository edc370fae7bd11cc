from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm.history import Field, Kind
from crm.past import known_at
from features.instants import micros
from models.definition import LANGUAGES, Definition, Language
from models.working_hours import WorkingHours
from tests.builders import activity, history, lead, milestone
from tests.training.review.world import company, definition, graded, handed, written
from training.pages.document import html
from training.review.alignment import alignment, contact, feedback, volume
from training.review.handed import Handed, hand
from training.review.persons import compare

SINCE = pd.Timestamp("2025-12-31", tz="UTC")


def said(leads: Handed, language: Language = "en") -> dict[str, str]:
    """The sentences of the report by part."""
    document = alignment(leads, 1, language)
    assert document is not None
    written(document, language)
    return {part.title: " ".join([*part.sentences, *part.notes]) for part in document.parts}


def small(*rows: object, exported_at: str = "2026-06-30T00:00:00Z", **more: object) -> Handed:
    made = history(*rows, fields=(Field("owner", Kind.CATEGORY, actor=True),), exported_at=exported_at)  # type: ignore[arg-type]
    return hand(made, definition(**more), since=SINCE)


def tiny() -> tuple[object, ...]:
    return (
        lead("a", "2026-01-05T08:00:00Z", source="web", owner="ann"),
        lead("b", "2026-01-06T08:00:00Z", source="fair", owner="ann"),
        lead("c", "2026-06-29T08:00:00Z", source="fair", owner="ann"),
        milestone("a", "handed_off", "2026-01-05T10:00:00Z"),
        milestone("b", "handed_off", "2026-01-06T10:00:00Z"),
        milestone("c", "handed_off", "2026-06-29T10:00:00Z"),
        milestone("a", "accepted", "2026-01-07T10:00:00Z", actor="ann"),
        milestone("a", "won", "2026-03-07T10:00:00Z", actor="ann", amount=5.0),
        milestone("b", "rejected", "2026-01-08T10:00:00Z", actor="ann", reason="no_need"),
        activity("a", "call", "2026-01-05T16:00:00Z"),
    )


@pytest.fixture(scope="module")
def leads() -> Handed:
    return handed(company())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_in_both_languages(leads: Handed, language: Language) -> None:
    document = alignment(leads, 1, language)
    assert document is not None
    text = written(document, language)
    assert len(document.parts) == 7
    for left in ("%(", "nan", "None", "not_reached", "no_need"):
        assert left not in text, left


def test_the_same_seed_gives_the_same_page(leads: Handed) -> None:
    first, second = (alignment(leads, 1, "en") for _ in range(2))
    assert first is not None
    assert second is not None
    assert html(first, "en") == html(second, "en")


def test_what_people_wrote_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    rows = [row for i in range(40) for row in _answered(i, "accepted" if i % 2 else "rejected", owner=evil)]
    document = alignment(small(*rows), 1, "fr")
    assert document is not None
    assert "<script" not in html(document, "fr")


def test_a_tiny_history_says_what_it_knows() -> None:
    parts = said(small(*tiny()))
    assert "Of all leads of this page sales accepted 1 and rejected 1." in parts["Leads handed over"]
    assert "1 is still to be answered." in parts["Leads handed over"]
    assert "one person" in parts["Feedback given and missing"]
    assert "no need" in parts["Why sales rejects"]
    assert "No lead has a grade" in parts["Where the two teams’ views part"]
    assert "once a scorer has been trained" in parts["What would have told so beforehand"]


def test_no_leads_no_report() -> None:
    nobody = hand(small(*tiny()).history, definition(), since=pd.Timestamp("2026-06-30", tz="UTC"))
    assert alignment(nobody, 1, "en") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_acceptances_it_says_how_to_record_them(language: Language) -> None:
    rows = [row for i in range(30) for row in _answered(i, "won" if i % 3 else "lost")]
    parts = said(small(*rows), language)
    if language == "en":
        assert "Record an acceptance in the CRM" in parts["Leads handed over"]
        assert "nobody can say which leads sales wanted" in parts["Where the two teams’ views part"]
        assert "are won" in parts["What sales accepts, by source and segment"]


def test_everything_won_is_no_error() -> None:
    rows = [row for i in range(30) for row in (*_answered(i, "accepted"), _won(i))]
    parts = said(small(*rows))
    assert "Sales accepts 100%" in parts["What sales accepts, by source and segment"]
    assert "No lead was rejected" in parts["Why sales rejects"]


def test_rejections_without_reasons_say_how_to_give_them() -> None:
    rows = [row for i in range(30) for row in _answered(i, "rejected" if i % 2 else "accepted")]
    assert "15 leads were rejected, none with a reason." in said(small(*rows))["Why sales rejects"]


def test_without_kinds_of_contact_it_says_how_to_list_them(leads: Handed) -> None:
    bare = replace(leads, definition=Definition.parse({**_plain(leads.definition), "kinds": None}, "d"))
    assert "kinds: contact" in said(bare)["Time to first contact"]


def test_time_to_contact_is_counted_in_working_hours() -> None:
    rows = (
        lead("on_time", "2026-03-06T15:00:00Z", owner="ann"),  # a Friday; eight working hours end on Monday at 16:00
        lead("late", "2026-03-06T15:00:00Z", owner="ann"),
        lead("never", "2026-03-06T15:00:00Z", owner="ann"),
        lead("not_due", "2026-06-29T16:30:00Z", owner="ann"),
        *(milestone(name, "handed_off", "2026-03-06T16:00:00Z") for name in ("on_time", "late", "never")),
        milestone("not_due", "handed_off", "2026-06-29T16:40:00Z"),
        milestone("on_time", "accepted", "2026-03-20T10:00:00Z"),
        activity("on_time", "call", "2026-03-09T15:59:00Z"),
        activity("late", "call", "2026-03-09T16:01:00Z"),
    )
    leads = small(*rows, exported_at="2026-06-30T12:00:00Z")
    table = leads.leads.assign(grade="A")
    found = contact.measure(replace(leads, leads=table))
    assert found is not None
    assert found.in_time.judged == 3
    assert found.in_time.value == pytest.approx(1 / 3)
    assert found.median == pytest.approx(8 + 1 / 60), "the middle one of three; never counts as longest"
    assert found.never.value == pytest.approx(1 / 3)


def test_a_lead_counts_by_its_age_and_not_by_how_fast_it_was_contacted() -> None:
    """Five minutes after its hand-off only the contacted lead is known to be in time; the other still can be."""
    rows = (
        *(lead(name, "2026-06-29T08:00:00Z", owner="ann") for name in ("quick", "waiting", "old")),
        *(milestone(name, "handed_off", "2026-06-30T11:50:00Z") for name in ("quick", "waiting")),
        milestone("old", "handed_off", "2026-03-02T10:00:00Z"),
        activity("quick", "call", "2026-06-30T11:55:00Z"),
        milestone("quick", "accepted", "2026-06-30T11:56:00Z"),
    )
    leads = small(*rows, exported_at="2026-06-30T12:00:00Z")
    found = contact.measure(replace(leads, leads=leads.leads.assign(grade="A")))
    assert found is not None
    assert (found.in_time.judged, found.in_time.value) == (1, 0.0)
    assert (found.never.judged, found.never.value) == (1, 1.0)


def test_nobody_owes_an_answer_on_leads_that_were_not_drawn_to_be_worked() -> None:
    rows = [row for i in range(40) for row in _answered(i, "accepted")[: 2 if i % 2 else 3]]
    leads = small(*rows, activity("l000", "call", "2026-01-05T10:00:00Z"))
    drawn = pd.Series([False if i % 2 else None for i in range(40)], dtype=object)
    kept = replace(leads, leads=leads.leads.sort_values("lead_id", ignore_index=True).assign(explored=drawn))
    found, reached = feedback.measure(kept), contact.measure(kept)
    assert found is not None
    assert reached is not None
    assert (found.answered.judged, found.answered.value, found.silent) == (20, 1.0, 0)
    assert reached.never.judged == 20
    parts = said(kept)
    assert "20 leads of low grades were not drawn" in parts["Feedback given and missing"]
    assert "20 leads of low grades were not drawn" in parts["Time to first contact"]
    assert "they count here" in parts["What sales accepts, by source and segment"]


def test_weeks_without_any_lead_are_told_as_clearly_fewer() -> None:
    rows = [row for i in range(300) for row in _answered(i, "accepted")]  # twelve weeks, then none
    parts = said(small(*rows, exported_at="2026-05-05T00:00:00Z"))
    assert "it was 0 a week, clearly fewer" in parts["Leads handed over"]


def test_a_list_with_a_row_in_colour_is_not_said_to_be_all_chance() -> None:
    rows = [row for i in range(120) for row in (*_answered(i, "accepted"), *([] if i % 2 else [_won(i)]))]
    part = said(small(*rows, close_days=30))["What sales accepts, by source and segment"]
    assert "no larger than chance" not in part
    assert "web: 100% (" in part


def test_many_working_hours_are_those_one_by_one() -> None:
    hours = WorkingHours.model_validate(
        {"zone": "Europe/Paris", "days": ["mon", "wed", "sat"], "closed": ["2026-03-30"]}
    )
    rng = np.random.default_rng(1)
    at = pd.to_datetime("2026-03-20", utc=True) + pd.to_timedelta(rng.integers(0, 20 * 86_400, 200), unit="s")
    until = at + pd.to_timedelta(rng.integers(0, 15 * 86_400, 200), unit="s")
    found = hours.elapsed(*(micros(pd.Series(instants)) for instants in (at, until)))
    expected = [hours.between(a, b) for a, b in zip(at.to_pydatetime(), until.to_pydatetime(), strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_silent_person_is_told_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    who = pd.Series(rng.choice(np.array(["ann", "bob", "cid", "dan", "eve"], dtype=object), 1_000))
    every, chance = np.ones(1_000, bool), np.full(1_000, 0.8)
    noise = [compare(who, every, rng.random(1_000) < 0.8, chance) for _ in range(60)]
    assert sum(any(person.differs for person in persons) for persons in noise) <= 7
    mute = rng.random(1_000) < np.where(who == "eve", 0.6, 0.85)
    found = {person.name: person.differs for person in compare(who, every, mute, np.full(1_000, mute.mean()))}
    assert found["eve"] == -1


def test_persons_with_few_leads_are_told_together() -> None:
    who = pd.Series(["ann"] * 30 + ["bob"] * 3 + ["cid"] * 2, dtype=object)
    found = compare(who, np.ones(35, bool), np.zeros(35, bool), np.full(35, 0.5))
    assert [(person.name, person.persons, person.asked) for person in found] == [("ann", 1, 30), (None, 2, 5)]
    assert found[1].differs == 0, "nobody is pointed at in a group"


def test_who_recorded_an_answer_is_not_taken_for_who_had_the_lead() -> None:
    rows = [row for i in range(60) for row in _answered(i, "accepted" if i % 2 else "rejected", owner=None)]
    found = feedback.measure(small(*rows))
    assert found is not None
    assert not found.persons
    assert not found.owners


def test_weeks_are_whole_and_counted_back_from_the_export(leads: Handed) -> None:
    found = volume.measure(leads)
    at = leads.leads["handed_off_at"]
    last = ((at > leads.until - pd.Timedelta(days=7)) & (at <= leads.until)).sum()
    assert sum(found.weeks[-1]) == last == found.last_week["handed"]
    assert sum(map(sum, found.weeks)) <= len(leads.leads) == sum(found.answers.values())


def test_young_leads_are_no_failures() -> None:
    whole = company()
    cut = replace(whole, exported_at=pd.Timestamp("2026-01-01", tz="UTC"))
    late, early = handed(whole), handed(known_at(cut, cut.exported_at))
    shares = []
    for one, until in ((late, "2026-01-01"), (early, "2026-01-01")):
        of = one.leads["handed_off_at"] < pd.Timestamp(until, tz="UTC")
        document = alignment(replace(one, leads=one.leads[of.to_numpy()].reset_index(drop=True)), 1, "en")
        assert document is not None
        shares.append(document.figures["accepted"]["accepted"])
    assert shares[1]["judged"] < shares[0]["judged"]
    assert shares[1]["low"] < shares[0]["value"] < shares[1]["high"]


def _plain(given: Definition) -> dict[str, object]:
    return given.model_dump(mode="json", by_alias=True, exclude_none=True)


def _answered(i: int, what: str, owner: str | None = "ann") -> tuple[object, ...]:
    at = pd.Timestamp("2026-01-05T08:00:00Z") + pd.Timedelta(hours=7 * i)
    ends = (at + pd.Timedelta(days=2)).isoformat()
    more = {} if owner is None else {"owner": owner}
    return (
        lead(f"l{i:03}", at.isoformat(), source=("web", "fair")[i % 2], **more),
        milestone(f"l{i:03}", "handed_off", (at + pd.Timedelta(hours=1)).isoformat()),
        milestone(f"l{i:03}", what, ends, actor="zoe" if i % 3 else "ann"),
    )


def _won(i: int) -> object:
    at = pd.Timestamp("2026-01-25T08:00:00Z") + pd.Timedelta(hours=7 * i)
    return milestone(f"l{i:03}", "won", at.isoformat(), actor="ann", amount=100.0)


def test_grades_of_random_scores_do_not_part_the_teams(leads: Handed) -> None:
    assert set(graded(leads.history)["grade"]) == {"A", "B", "C", "D"}
    figures = alignment(leads, 1, "en").figures["views"]["grades"]  # type: ignore[union-attr]
    assert sum(one["leads"] for one in figures.values()) == len(leads.graded)
