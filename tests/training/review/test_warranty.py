from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from features.instants import DAY
from tests.training.review.reviewed import SINCE, UNTIL, handed, leads, signed
from training.pages.document import html, terminal
from training.review.answers import clump, judged, says, stretches
from training.review.kept import document
from training.review.wagers import ALPHA, Shares, wealth
from training.review.warranty import State, Warranty, examine

WEEKS = 52


def of(rows: pd.DataFrame) -> dict[tuple[str, str], Warranty]:
    found = examine(handed(rows), signed("marketing", "sales").sheet, lines=False)
    return {(each.grade, each.what): each for each in found.every}


def test_a_promise_that_is_kept_is_kept_and_one_that_is_not_is_broken_with_its_day() -> None:
    assert of(leads(400, accept=0.82))["A", "accept"].state == State.KEPT
    found = of(leads(400, accept=0.6))["A", "accept"]
    assert (found.state, found.side) == (State.BROKEN, "below")
    assert found.since is not None
    assert SINCE + pd.Timedelta(days=37) < found.since < SINCE + pd.Timedelta(days=150)
    assert found.now is not None
    assert not found.inside


def test_grades_of_another_definition_break_no_promise_of_this_one_and_the_page_says_so() -> None:
    agreed = signed("marketing", "sales")
    rows = leads(400, accept=0.6)
    mine = of(rows.assign(definition=agreed.sheet.definition.version))["A", "accept"]
    assert mine.state == State.BROKEN
    theirs = rows.assign(definition="of another definition")
    assert of(theirs)["A", "accept"].says == 0
    assert all(each.state == State.YOUNG for each in of(theirs).values() if each.what != "per_week")
    told = document(handed(theirs, agreed), seed=1, language="en")
    assert told is not None
    assert any("400 leads were graded by another definition" in sentence for sentence in told.parts[0].sentences)


def test_volumes_are_not_counted_in_grades_of_the_backtest() -> None:
    rows = leads(400, accept=0.82).assign(given="backtest")
    found = of(rows)
    weeks = (UNTIL - SINCE) // pd.Timedelta(days=7)
    assert of(leads(400, accept=0.82))["A", "per_week"].says == weeks
    assert found["A", "per_week"].says < weeks / 2, "only weeks in which nothing came"
    assert found["A", "accept"].says == 400


def test_a_day_of_ones_own_choice_is_told_to_void_the_promise_of_few_false_alarms() -> None:
    agreed = signed("marketing", "sales")
    usual = handed(leads(400, accept=0.82), agreed)
    chosen = replace(usual, since=SINCE + pd.Timedelta(days=40))
    for known, voids in ((usual, False), (chosen, True)):
        told = document(known, seed=1, language="en")
        assert told is not None
        assert any("Only leads handed over after" in sentence for sentence in told.parts[0].sentences) == voids


def test_few_answers_judge_nothing() -> None:
    found = of(leads(12, accept=0.82))["A", "accept"]
    assert (found.state, found.says) == (State.YOUNG, 12)
    assert found.needed > found.says


def test_one_alarm_counts_for_all_promises_of_a_sheet() -> None:
    sheet = signed().sheet
    found = of(leads(100, accept=0.82))
    assert len(found) == 5, "grade B has no promise of acceptance"
    assert {each.threshold for each in found.values()} == {sum(len(p.ranges()) for p in sheet.promises) / ALPHA}


def test_an_early_answer_counts_no_sooner_than_any_other() -> None:
    rows = leads(200, accept=0.82)
    late = rows[rows["handed_off_at"] > UNTIL - pd.Timedelta(days=30)]
    young = pd.concat([rows, late.assign(lead_id="x" + late["lead_id"], y_accept=1.0)])
    until = SINCE + pd.Timedelta(days=60)
    counted = judged(young, "accept", 30.0, until)
    assert counted["at"].max() <= (until - pd.Timedelta(days=30)).value // 1000
    known = rows["handed_off_at"] + pd.Timedelta(days=30) <= until
    assert len(counted) == known.sum()


def test_an_account_has_one_say_from_each_start_on() -> None:
    at = np.array([1, 2, 3, 30, 4]) * DAY
    account = np.array([0, 0, 1, 0, 2])
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    found = says(at, account, y, 10.0, 100 * DAY)
    assert found.value.tolist() == [0.5, 1.0, 0.0], "two leads of a week are one answer, the one a month later is none"
    assert (found.at / DAY).tolist() == [18, 20, 21]
    rows = pd.DataFrame({"at": at, "account": account, "y": y})
    later = stretches(rows, np.array([0, 20 * DAY]), 10.0, 100 * DAY)[1]
    assert later.value.tolist() == [1.0]


def test_leads_of_one_account_that_are_answered_alike_make_no_false_alarms() -> None:
    runs, alarms, naive = 150, 0, 0
    for seed in range(runs):
        rows = judged(leads(240, accept=0.6, accounts=40, seed=seed), "accept", 30.0, UNTIL)
        begins = np.array([SINCE.value // 1000])
        once = stretches(rows, begins, 30.0, UNTIL.value // 1000)
        each = stretches(rows.assign(account=np.arange(len(rows))), begins, 30.0, UNTIL.value // 1000)
        alarms += wealth(once, 0.6, 0.6, Shares()).crossed(np.log(1 / ALPHA)) is not None
        naive += wealth(each, 0.6, 0.6, Shares()).crossed(np.log(1 / ALPHA)) is not None
    assert alarms / runs <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert naive / runs > 3 * ALPHA, "as counting every lead would"


def test_how_many_leads_count_as_one_is_learned_from_the_weeks_before() -> None:
    rng = np.random.default_rng(1)
    until = pd.Timestamp("2026-07-01", tz="UTC")

    def came(groups: np.ndarray, size: int) -> pd.DataFrame:
        day = np.repeat(np.repeat(np.arange(WEEKS) * 7 + 3, groups), size)
        account = np.repeat(np.arange(groups.sum()), size)
        at = pd.Series(until - pd.to_timedelta(day, unit="D"))
        return pd.DataFrame({"lead_id": np.arange(len(day)).astype(str), "handed_off_at": at, "account_id": account})

    alone = came(rng.poisson(20, WEEKS), 1)
    assert clump(alone, 1.0, until) == pytest.approx(1.0, abs=0.5)
    assert clump(came(rng.poisson(20, WEEKS), 4), 0.25, until) == pytest.approx(4.0, abs=0.8)
    restless = came(np.where(np.arange(WEEKS) % 2, 8, 32), 1)
    assert clump(restless, 1.0, until) > 5
    assert clump(restless, 0.1, until) < clump(restless, 1.0, until)


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("en", "Promises kept", "Grade A: sales accepts fewer than promised (78–86%)."),
        ("fr", "Promesses tenues", "Classe A\u00a0: les commerciaux en acceptent moins que promis (78–86\u202f%)."),
    ],
)
def test_a_broken_promise_is_said_in_both_languages(language: str, title: str, said: str) -> None:
    told = document(handed(leads(400, accept=0.6), signed("marketing", "sales")), seed=1, language=language)
    assert told is not None
    assert told.title == title
    assert told.parts[0].alarm
    assert any(sentence.startswith(said) for sentence in told.parts[0].sentences)
    assert "Marketing Person" in told.opening[0]
    page = html(told, language)
    assert said.split("(", maxsplit=1)[0] in page
    assert "data:image/svg+xml" in page
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal(told))
    assert said.split("(", maxsplit=1)[0] in console.export_text()
    assert told.figures["promises"][1]["state"] == "broken"


def test_without_leads_since_the_sheet_nothing_is_judged_and_the_page_says_when() -> None:
    early = leads(50, accept=0.8).assign(handed_off_at=SINCE - pd.Timedelta(days=20))
    now = replace(handed(early, signed()).history, exported_at=SINCE)
    told = document(replace(handed(early, signed()), history=now), seed=1, language="en")
    assert told is not None
    assert "nothing can be judged yet" in told.parts[0].sentences[0]
    assert "August 7, 2026" in told.parts[0].sentences[1]
    assert "not signed by both teams" in told.opening[0]
    assert not told.parts[0].alarm
    assert document(handed(early), seed=1, language="en") is None, "no sheet promises anything"
    silent = document(handed(early, signed()), seed=1, language="en")
    assert silent is not None
    assert "fewer leads a week" in silent.parts[0].sentences[0], "a year without a lead is judged all the same"
