from __future__ import annotations

import json
from collections.abc import Callable
from math import exp
from typing import Any

import pytest

from tests.serving.conftest import Running

Run = Callable[..., Running]


def a_lead(lead_id: str = "00Q1", **more: Any) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "created_at": "2026-03-01T08:00:00Z",
        "as_of": None,
        "attributes": {"source": "webinar", "employees": 250},
        "account": {"industry": "logistics"},
        "activities": [{"kind": "page_view", "occurred_at": "2026-03-02T10:11:00Z"}],
        "milestones": [],
        **more,
    }


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def test_the_reply_is_the_contracts(run: Run) -> None:
    reply = run("by hand").post(a_lead(), language="fr")
    # 250 employees: 0.5 x (250 - 100) / 100; a webinar: 1; one page view: 0.25
    log_odds = 0.75 + 1.0 + 0.25
    assert reply == {
        "definition": {"name": "what a lead is", "version": reply["definition"]["version"], "signed": False},
        "model": {"version": "12", "trained_at": "2026-06-30T00:00:00+00:00"},
        "scores": [
            {
                "lead_id": "00Q1",
                "score": 50,
                "grade": "C",
                "p_accept": pytest.approx(sigmoid(log_odds), abs=1e-12),
                "p_close": pytest.approx(sigmoid(log_odds - 2.0), abs=1e-12),
                "reasons": [
                    {"feature": "source", "points": 14.4, "text": "Source\u00a0: webinar"},
                    {"feature": "employees", "points": 10.8, "text": "Employees\u00a0: 250"},
                    {
                        "feature": "page_view_count_30d",
                        "points": 3.6,
                        "text": "1 visite de page au cours des 30 derniers jours",
                    },
                ],
                "enough_information": True,
                "ignored_fields": ["account.industry"],
                "future_activities": 0,
            }
        ],
        "errors": [],
    }
    assert len(reply["definition"]["version"]) == 12


def test_members_come_in_the_contracts_order(run: Run) -> None:
    text = run().client.post("/v1/scores", json={"leads": [a_lead()]}).text
    reply = json.loads(text)
    assert list(reply) == ["definition", "model", "scores", "errors"]
    assert list(reply["scores"][0]) == [
        "lead_id",
        "score",
        "grade",
        "p_accept",
        "p_close",
        "reasons",
        "enough_information",
        "ignored_fields",
        "future_activities",
    ]


def test_a_lead_needs_nothing_but_its_key(run: Run) -> None:
    (score,) = run().post({"lead_id": "bare"})["scores"]
    assert score["lead_id"] == "bare"
    assert score["enough_information"] is False


def test_null_stands_for_absent(run: Run) -> None:
    running = run()
    keys = ("as_of", "created_at", "attributes", "account", "activities", "milestones")
    nothing = running.post({"lead_id": "x"})
    assert running.post({"lead_id": "x", **dict.fromkeys(keys)}) == nothing
    assert running.post({"lead_id": "x", "attributes": {"source": None}, "account": {"colleagues": None}}) == nothing


def test_an_absent_as_of_means_now(run: Run) -> None:
    running = run()
    assert running.post(a_lead()) == running.post(a_lead(as_of="2026-03-05T12:00:00Z"))


def test_a_past_as_of_is_honoured(run: Run) -> None:
    running = run()
    then = a_lead(as_of="2026-03-02T10:00:00Z")
    (score,) = running.post(then)["scores"]
    assert score["future_activities"] == 1
    (without,) = running.post(then | {"activities": []})["scores"]
    assert score == without | {"future_activities": 1}
    assert running.post(a_lead())["scores"][0]["future_activities"] == 0


def test_zones_are_instants_not_words(run: Run) -> None:
    running = run()
    zoned = {"kind": "page_view", "occurred_at": "2026-03-02T12:11:00+02:00"}
    assert running.post(a_lead(activities=[zoned])) == running.post(a_lead())


def test_milestones_after_as_of_change_nothing(run: Run) -> None:
    running = run()
    later = [{"milestone": name, "reached_at": "2026-03-04T00:00:00Z"} for name in ("accepted", "won")]
    past = a_lead(as_of="2026-03-03T00:00:00Z")
    assert running.post(past | {"milestones": later}) == running.post(past)


def test_an_accepted_lead_is_accepted_for_certain(run: Run) -> None:
    accepted = a_lead(milestones=[{"milestone": "accepted", "reached_at": "2026-03-03T00:00:00Z"}])
    (score,) = run().post(accepted)["scores"]
    assert score["p_accept"] == 1


def test_without_recorded_acceptances_p_accept_is_null(run: Run) -> None:
    (score,) = run("without accept").post(a_lead())["scores"]
    assert score["p_accept"] is None
    assert 0 < score["p_close"] < 1


def test_closing_is_never_likelier_than_accepting(run: Run) -> None:
    leads = [a_lead(f"l{i}", attributes={"source": "fair", "employees": i * 10}) for i in range(60)]
    assert all(s["p_close"] <= s["p_accept"] for s in run().post(*leads)["scores"])


def test_no_leads_no_scores(run: Run) -> None:
    reply = run().post()
    assert (reply["scores"], reply["errors"]) == ([], [])


def test_a_score_depends_on_no_other_lead_of_the_request(run: Run) -> None:
    running = run()
    leads = [
        a_lead(
            f"l{i}",
            attributes={"source": ("web", "fair")[i % 2], "employees": i},
            activities=a_lead()["activities"] * (i % 4),
        )
        for i in range(40)
    ]
    together = running.post(*leads)["scores"]
    assert together == [running.post(lead)["scores"][0] for lead in leads]
    assert together[::-1] == running.post(*leads[::-1])["scores"]


def test_the_same_lead_twice_is_scored_twice(run: Run) -> None:
    first, second = run().post(a_lead(), a_lead())["scores"]
    assert first == second


def test_unknown_attributes_are_ignored_and_named(run: Run) -> None:
    running = run()
    odd = a_lead(
        activites=[], attributes={"source": "web", "Notes": {"a": [1]}}, account={"industry": "retail", "vat": 1}
    )
    (score,) = running.post(odd)["scores"]
    assert score["ignored_fields"] == ["activites", "Notes", "account.vat"]


def test_reasons_come_in_the_language_asked_for(run: Run) -> None:
    running = run("by hand")
    said = {language: running.post(a_lead(), language=language)["scores"][0]["reasons"] for language in ("en", "fr")}
    assert running.post(a_lead())["scores"][0]["reasons"] == said["en"]
    assert [r["points"] for r in said["en"]] == [r["points"] for r in said["fr"]]
    assert said["en"] != said["fr"]


@pytest.mark.parametrize("most", [0, 1, 2, 10])
def test_as_many_reasons_as_asked_for(run: Run, most: int) -> None:
    (score,) = run("by hand").post(a_lead(), reasons=most)["scores"]
    assert len(score["reasons"]) == min(most, 3)


def test_a_story_is_told_in_the_language_asked_for_and_only_if_asked_for(run: Run) -> None:
    running = run("by hand")
    without = running.post(a_lead(), language="fr")
    assert running.post(a_lead(), language="fr", story=False) == without
    (french,) = running.post(a_lead(), language="fr", story=True)["scores"]
    assert french["story"] == {
        "why": "Source «\u00a0webinar\u00a0»\u202f; entreprise de 250 salariés\u202f; "
        "visite de page ces 30 derniers jours.",
        "who": "Classe C\u00a0: aucune promesse n’est écrite pour cette classe.",
        "how": "Dernier événement\u00a0: visite de page, il y a trois jours.",
    }
    assert list(french)[-1] == "story"
    (english,) = running.post(a_lead(), story=True)["scores"]
    assert english["story"]["why"] == "Source “webinar”; a 250-person company; one visit to a page in the past 30 days."
    assert {k: v for k, v in french.items() if k != "story"} == without["scores"][0]


@pytest.mark.parametrize("story", ["yes", 1, None])
def test_a_story_is_asked_for_with_true_or_false(run: Run, story: object) -> None:
    reply = run().client.post("/v1/scores", json={"leads": [], "story": story})
    assert reply.status_code == 422
    assert reply.json()["expected"] == "true or false"


def test_no_story_without_reasons_is_missing(run: Run) -> None:
    (score,) = run().post(a_lead(), reasons=0, story=True)["scores"]
    assert score["reasons"] == []
    assert score["story"]["why"].endswith(".")


def test_colleagues_make_the_buying_group(run: Run) -> None:
    running = run()
    mary = {
        "lead_id": "mary",
        "created_at": "2026-02-01T00:00:00Z",
        "activities": [{"kind": "form", "occurred_at": f"2026-03-0{d}T00:00:00Z"} for d in (2, 3, 4)],
        "milestones": [{"milestone": "won", "reached_at": "2026-03-01T00:00:00Z"}],
    }
    alone = running.post(a_lead())["scores"][0]
    grouped = running.post(a_lead(account={"industry": "logistics", "colleagues": [mary]}))["scores"][0]
    assert grouped["ignored_fields"] == []
    assert grouped["p_close"] != alone["p_close"]
    itself = running.post(a_lead(account={"industry": "logistics", "colleagues": [mary | {"lead_id": "00Q1"}]}))
    assert itself["scores"][0] == alone, "a lead is no colleague of its own"


@pytest.mark.parametrize("word", ["", " ", "Select", "N/A", "-- none --"])
def test_a_word_for_missing_is_missing_as_it_is_in_the_history(run: Run, word: str) -> None:
    running = run()
    placeholder = a_lead(attributes={"source": word, "employees": 250})
    assert running.post(placeholder) == running.post(a_lead(attributes={"employees": 250}))
    unseen = a_lead(attributes={"source": "pigeon", "employees": 250})
    assert running.post(placeholder) != running.post(unseen)
