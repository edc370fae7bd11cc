from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.definition import LANGUAGES, Definition
from tests.builders import activity, history, lead, milestone
from training.labels import HeadName
from training.pages.document import Document, as_dict, html
from training.review.exploration import document
from training.review.exploration.uplift import Uplift, explored, uplift
from training.review.exploration.worked import worked
from training.review.handed import SCORES, Handed, hand

SINCE = pd.Timestamp("2024-12-31", tz="UTC")
DEFINITION = Definition.parse(
    {
        "close_days": 90,
        "grades": {"A": 80, "D": {}},
        "kinds": {"contact": ["call"]},
        "exploration": {"share": 0.1, "grades": ["D"]},
    },
    "definition",
)
START = pd.Timestamp("2025-01-01T09:00:00Z")


def handed(
    *,
    high: tuple[int, float] = (200, 0.6),
    drawn: tuple[int, float] = (60, 0.2),
    left: int = 100,
    contacted: float = 1.0,
    account: int = 0,
    definition: Definition = DEFINITION,
) -> Handed:
    """Leads of each kind and the share of them that is accepted and won, over a year; ``account`` leads share one."""
    rows, scores = [], []
    for kind, (count, share) in {"high": high, "drawn": drawn, "left": (left, 0.0)}.items():
        for i in range(count):
            name, at = f"{kind}{i}", START + pd.Timedelta(days=365 * i / max(count, 1))
            won = i % 10 < round(share * 10)
            rows += [lead(name, str(at), f"a{kind}" if i < account else None), milestone(name, "handed_off", str(at))]
            if kind != "left" and i % 10 < round(contacted * 10):
                rows.append(activity(name, "call", str(at + pd.Timedelta(days=1))))
            if won:
                rows.append(milestone(name, "accepted", str(at + pd.Timedelta(days=2))))
                rows.append(milestone(name, "won", str(at + pd.Timedelta(days=40)), amount=10.0))
            lot = {"high": None, "drawn": True, "left": False}[kind]
            grade = "A" if kind == "high" else "D"
            scores.append(
                {"lead_id": name, "as_of": at, "given_at": at, "grade": grade, "explored": lot, "p_close": 0.1}
            )
    table = pd.DataFrame(scores).reindex(columns=list(SCORES)).astype({"explored": object})
    times = {name: table[name].astype("datetime64[us, UTC]") for name in ("as_of", "given_at")}
    past = history(*rows, exported_at="2026-06-30")
    return hand(past, definition, since=SINCE, scores=table.assign(**times))


def told(of: Handed, head: HeadName = HeadName.CLOSE) -> Uplift:
    found = uplift(of, explored(of), head)
    assert found is not None
    return found


def report(of: Handed, language: Any = "en") -> Document:
    made = document(of, seed=1, language=language)
    assert made is not None
    return made


def text(made: Document) -> str:
    return " ".join([*made.opening, *(s for part in made.parts for s in part.sentences)])


def test_the_score_adds_the_difference_of_both_kinds() -> None:
    found = told(handed())
    assert (found.score.value, found.lot.value) == (pytest.approx(0.6, abs=0.01), pytest.approx(0.2, abs=0.01))
    assert found.low < found.value < found.high
    assert found.shown
    assert found.low == pytest.approx(0.28, abs=0.04), "about two errors of both shares below"


def test_nothing_is_shown_where_both_kinds_do_alike() -> None:
    found = told(handed(high=(200, 0.3), drawn=(60, 0.3)))
    assert found.low < 0 < found.high
    assert "That may be chance" in text(report(handed(high=(200, 0.3), drawn=(60, 0.3))))


def test_a_difference_of_quarters_is_no_difference_of_kinds() -> None:
    """All high leads come late and all drawn ones early: only quarters in which both came are compared."""
    of = handed()
    late = of.leads["handed_off_at"] >= START + pd.Timedelta(days=182)
    keep = np.where(of.leads["explored"].notna(), ~late, late)
    assert (
        uplift(Handed(of.leads[keep], *_rest(of)), explored(Handed(of.leads[keep], *_rest(of))), HeadName.CLOSE) is None
    )


def _rest(of: Handed) -> tuple[Any, ...]:
    return of.history, of.definition, of.since, of.scores


def test_low_grades_given_while_nothing_was_drawn_were_not_chosen_by_the_score() -> None:
    of = handed()
    paused = of.leads["lead_id"].isin([f"left{i}" for i in range(50, 100)]).to_numpy()
    of = Handed(of.leads.assign(explored=of.leads["explored"].mask(paused, None)), *_rest(of))
    found = explored(of)
    assert set(found.leads.loc[found.high, "grade"]) == {"A"}
    assert (found.high.sum(), found.left.sum()) == (200, 50)


def test_leads_of_one_account_count_as_one() -> None:
    alone, together = told(handed()), told(handed(account=200))
    assert together.score.size < 0.2 * alone.score.size
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_young_leads_are_not_judged() -> None:
    of = handed()
    young = (of.leads["handed_off_at"] > of.until - pd.Timedelta(days=90)).sum()
    found = told(of)
    assert found.score.judged + found.lot.judged == int((of.leads["explored"] != False).sum()) - young  # noqa: E712


def test_halving_the_range_takes_four_times_as_long_and_less_with_more_drawn() -> None:
    found = told(handed())
    assert found.longer() == pytest.approx(4.0)
    assert 1.0 < found.longer(2.0) < 4.0


def test_a_draw_that_nobody_works_teaches_nothing() -> None:
    of = handed(contacted=0.0, drawn=(60, 0.2))
    share = worked(of, explored(of))
    assert share.little
    made = report(of)
    assert made.parts[0].alarm
    assert len(made.parts) == 1
    assert "nothing can be learned" in text(made)
    assert made.figures["uplift"] == {"accept": None, "close": None}


def test_a_draw_that_is_worked_half_heartedly_is_said_to_be() -> None:
    assert "Drawn leads are worked less" not in text(report(handed()))
    of = handed(contacted=0.6, high=(200, 1.0))
    assert "Drawn leads are worked less than the others" in text(report(of))


def test_leads_not_drawn_that_were_worked_are_told() -> None:
    assert "worked all the same" not in text(report(handed()))


def test_without_contacts_only_answers_tell() -> None:
    bare = DEFINITION.model_copy(update={"kinds": None})
    of = handed(drawn=(60, 0.8), definition=bare)
    assert any("kinds.contact" in note for part in report(of).parts for note in part.notes)


def test_too_few_drawn_leads_are_not_compared() -> None:
    of = handed(drawn=(10, 0.2))
    assert uplift(of, explored(of), HeadName.CLOSE) is None
    assert "fewer than 20 drawn leads" in text(report(of))


def test_before_the_first_draw_there_is_nothing_to_learn() -> None:
    made = report(handed(drawn=(0, 0.0), left=0))
    assert made.parts == ()
    assert "nothing to learn from so far" in text(made)
    assert document(handed(definition=Definition()), seed=1, language="en") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_is_told_in_both_languages(language: Any) -> None:
    made = report(handed(), language)
    assert "<table>" in html(made, language)
    figures = json.loads(json.dumps(as_dict(made, language), allow_nan=False))
    assert figures["leads"] == {"high": 200, "drawn": 60, "left": 100}
    assert figures["uplift"]["close"]["low"] > 0
    assert "+40" in text(made)
