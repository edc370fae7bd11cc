"""The sheet, the negotiation and their words, on a synthetic company whose scorer tells the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.definition import LANGUAGES, Definition, Language
from models.grades import Cut, Grading
from models.sheet import Measured, Promise, Range, Sheet
from tests import fitted
from tests.builders import history, lead, milestone
from training.forecast import Judged, drift
from training.labels import HeadName
from training.negotiation import moved, negotiate, page, render, say_moved
from training.promises import Evidence, measure, sheet_of
from training.report.terminal import _promises
from training.settings import Settings
from training.sheets import html, promise_in_words, text

WEEKS = 13.0
START = pd.Timestamp("2025-01-01T00:00:00Z")
DEFINITION = Definition.parse(
    {
        "name": "test",
        "story": {
            "why": "We want <b>buyers</b>.",
            "who": {"en": "Sales calls.", "fr": "Les commerciaux appellent."},
            "how": "By phone.",
        },
        "accepted": {"en": "Sales takes it on.", "fr": "Les commerciaux le prennent."},
        "close_days": 180,
        "hours_per_lead": 2,
        "grades": {
            "A": {"capacity_per_week": 10, "who": {"en": "a salesperson", "fr": "un commercial"}, "within_hours": 8},
            "B": {"probability": 0.1, "within_hours": 1},
            "C": {},
        },
        "never_use": ["gender"],
        "keep": {"rating": "Filled in before the hand-off."},
        "voices": {
            "marketing": {"rule": {"field": "industry", "in": ["logistics", "retail"]}},
            "sales": {"says": "A firm that asks.", "rule": {"activity": "form", "at_least": 1, "within_days": 30}},
        },
    },
    "definition",
)


@dataclass(frozen=True)
class Signature:
    role: str
    name: str
    signed_at: datetime


@cache
def evidence(*, tracked: bool = True) -> Evidence:
    """Forty leads a week with probabilities of closing from 0 to 0.4, of which as many are closed."""
    rng = np.random.default_rng(2)
    grading = Grading((Cut("A", probability=0.3), Cut("B", probability=0.1)), "C")
    scorer = replace(fitted.scorer(), definition=DEFINITION, grading=grading)

    def arrivals(n: int) -> pd.DataFrame:
        p = rng.uniform(0, 0.4, n)
        accept = np.sqrt(p) if tracked else np.full(n, np.nan)
        lead = [f"l{i}" for i in range(n)]
        return pd.DataFrame({"lead_id": lead, "account_id": None, "p_accept": accept, "p_close": p}).assign(
            grade=grading.grades(np.zeros(n, dtype="int64"), p)
        )

    forward = arrivals(2_000)
    forward["date"] = START + pd.to_timedelta(np.arange(2_000) % 4 * 60, unit="D")
    forward["as_of"] = forward["date"] + pd.Timedelta(days=5)
    for head in HeadName:
        forward[f"y_{head}"] = (rng.random(2_000) < forward[f"p_{head}"]).astype("float64")
        forward[f"weight_{head}"] = 1.0 if tracked or head is HeadName.CLOSE else 0.0
    past = arrivals(520 * 4)
    past["period"] = np.arange(len(past)) % 4
    groups = [forward[(forward["grade"] == name).to_numpy()] for name in grading.names]
    return Evidence(
        scorer=scorer,
        forward=forward,
        past=past,
        drifts={head: drift([Judged.of(group, head) for group in groups]) for head in HeadName},
        exported_at="2026-01-01T00:00:00+00:00",
        weeks=WEEKS,
        ahead_weeks=WEEKS,
    )


@cache
def sheet() -> Sheet:
    return sheet_of(evidence())


def test_each_grade_promises_what_its_leads_do() -> None:
    assert [promise.grade for promise in sheet().promises] == ["A", "B", "C"]
    for promise, close in zip(sheet().promises, (0.35, 0.2, 0.05), strict=True):
        assert promise.close is not None
        assert promise.close.holds(close)
        assert promise.close.value == pytest.approx(close, abs=0.03)
        assert promise.per_week.holds({"A": 10, "B": 20, "C": 10}[promise.grade])


def test_a_history_that_records_no_acceptances_promises_none() -> None:
    promise = sheet_of(evidence(tracked=False)).promises[0]
    assert promise.accept is None
    assert promise.close is not None


def test_a_grade_of_which_no_lead_was_judged_promises_no_share() -> None:
    none = np.zeros(len(evidence().forward), dtype=bool)
    promise = evidence().promise("A", none, (evidence().past["grade"] == "A").to_numpy())
    assert (promise.accept, promise.close, promise.leads) == (None, None, 0)
    assert promise.per_week.value > 0


def test_a_history_without_times_has_no_sheet() -> None:
    flat = history(lead("a", created_at=None), milestone("a", "won", at=None))
    assert not flat.timed
    assert measure(evidence().scorer, flat, evidence().forward, Settings()) is None


def test_the_sheet_measured_survives_json() -> None:
    assert Sheet.from_json(json.loads(json.dumps(sheet().to_json()))) == sheet()


def test_more_leads_bring_more_wins_and_miss_fewer() -> None:
    offers = negotiate(evidence()).offers
    wins = [offer.wins.value for offer in offers if offer.wins]
    missed = [offer.missed for offer in offers if offer.missed is not None]
    assert len(wins) == len(missed) == len(offers) == 10
    assert wins == sorted(wins)
    assert missed == sorted(missed, reverse=True)
    assert missed[-1] == 0
    assert wins[-1] == pytest.approx(40 * 0.2, rel=0.15)
    for offer in offers:
        assert offer.hours.value == pytest.approx(2 * offer.promise.per_week.value, abs=0.11)
        assert offer.wins
        assert offer.wins.low <= offer.wins.value <= offer.wins.high


def test_rows_are_those_asked_for() -> None:
    weeks = [offer.promise.per_week.value for offer in negotiate(evidence(), (5, 20)).offers]
    assert weeks == [5.0, 20.0]


def test_the_row_that_the_hours_suffice_for_is_marked() -> None:
    found = negotiate(evidence(), (5, 20), hours=24)
    assert found.fitting is not None
    assert found.fitting.promise.per_week.value == 12.0
    assert [offer.fits for offer in found.offers] == [False, True, False]
    assert negotiate(evidence(), (5,), hours=0.01).fitting is None


def test_grades_together_win_what_all_leads_win() -> None:
    found = negotiate(evidence())
    together = sum(offer.wins.value for offer in found.grades if offer.wins)
    assert found.offers[-1].wins is not None
    assert together == pytest.approx(found.offers[-1].wins.value, rel=0.1)


def test_a_kept_grade_that_takes_more_than_sales_can_work_is_told() -> None:
    grown = replace(
        sheet(), promises=(replace(sheet().promises[0], per_week=Range(46.0, 40.0, 52.0)), *sheet().promises[1:])
    )
    forty = Definition.parse({"grades": {"A": {"capacity_per_week": 40}, "B": {}}}, "definition")
    assert say_moved(moved(grown, forty), "en") == ["A would now take 46 leads a week; sales can work 40."]
    assert "".join(say_moved(moved(grown, forty), "fr")) == (
        "La classe A prendrait maintenant 46 leads par semaine\N{NARROW NO-BREAK SPACE}; "
        "les commerciaux peuvent en traiter 40."
    )
    still = replace(grown, promises=(replace(grown.promises[0], per_week=Range(41.0, 35.0, 47.0)),))
    assert moved(still, forty) == ()


PROMISED = Sheet(
    DEFINITION,
    Grading((Cut("A", probability=0.3), Cut("B", probability=0.1)), "C"),
    (
        Promise("A", Range(40.0, 34.0, 46.0), Range(0.82, 0.78, 0.86), Range(0.27, 0.24, 0.31), 400),
        Promise("B", Range(9.5, 8.0, 11.0), None, Range(0.02, 0.01, 0.034), 700),
        Promise("C", Range(0.0, 0.0, 0.2), None, None, 0),
    ),
    Measured("2026-01-01T00:00:00+00:00", "2025-01-06T00:00:00+00:00", "2025-07-05T00:00:00+00:00", 13.0, 13.0, 0.9),
)


def test_a_promise_reads_as_people_say_it() -> None:
    said = [promise_in_words(PROMISED, promise, "en") for promise in PROMISED.promises]
    assert said == [
        (
            "40 leads a week (34–46); sales accepts 78–86%, closes 24–31% within 180 days; "
            "taken up by a salesperson within 8 working hours."
        ),
        "9.5 leads a week (8–11); sales closes 1.0–3.4% within 180 days; taken up within 1 working hour.",
        "0 leads a week (0.0–0.2); no lead of this grade could be judged yet.",
    ]


def test_a_promise_reads_as_french_people_say_it() -> None:
    said = promise_in_words(PROMISED, PROMISED.promises[0], "fr").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert said == (
        "40 leads par semaine (34–46) ; les commerciaux en acceptent 78–86 % et en gagnent 24–31 % en 180 jours ; "
        "pris en charge par un commercial sous 8 heures ouvrées."
    )


def test_the_training_report_tells_each_promise_and_what_moved() -> None:
    told = list(_promises(SimpleNamespace(sheet=PROMISED)))  # type: ignore[arg-type]
    assert [line[:3] for line in told[:3]] == ["A: ", "B: ", "C: "]
    assert told[3:] == ["A would now take 40 leads a week; sales can work 10."]
    assert "no sheet" in next(iter(_promises(SimpleNamespace(sheet=None))))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_holds_all_that_is_agreed(language: Language) -> None:
    told = " ".join(text(PROMISED, language).split())
    own = DEFINITION.story.who.told(language) if DEFINITION.story else ""
    for part in (
        DEFINITION.short_version,
        PROMISED.short_hash,
        own,
        "A firm that asks",
        "logistics",
        "Gender",
        "before the hand-off",
    ):
        assert part in told, part
    assert {"en": "Written as a rule: ", "fr": "Sous forme de règle\N{NO-BREAK SPACE}: "}[language] in text(
        PROMISED, language
    )
    assert all(len(line) <= 96 for line in text(PROMISED, language).splitlines())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_text_says_and_escapes_what_was_written(language: Language) -> None:
    shown = html(PROMISED, language)
    assert "<b>buyers</b>" not in shown
    assert "&lt;b&gt;buyers" in shown
    for part in ("34–46", "78–86", "24–31", DEFINITION.short_version):
        assert part in shown


def test_signatures_stand_on_the_line_of_their_team() -> None:
    given = [
        Signature("sales", "Léa Martin", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        Signature("sales", "Paul Roy", datetime(2026, 1, 6, 9, tzinfo=UTC)),
    ]
    lines = text(PROMISED, "en", given).splitlines()[-2:]
    assert lines[0].split() == ["Marketing", "_" * 36]
    assert " ".join(lines[1].split()) == "Sales Paul Roy, January 6, 2026"
    assert "Paul Roy" in html(PROMISED, "fr", given)
    assert "6 janvier 2026" in html(PROMISED, "fr", given)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_negotiation_is_told_in_both_languages(language: Language) -> None:
    found = negotiate(evidence(), hours=24)
    shown = page(found, language)
    assert 'class="fits"' in shown
    assert "data:image/svg+xml" in shown
    assert {"en": "With 24 hours a week", "fr": "Avec 24 heures par semaine"}[language] in shown
    assert render(found, language)
    json.dumps(found.to_json())
