"""``GET /v1/leads/{lead_id}``, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from scipy.special import logit

from crm.errors import UnavailableError
from features.catalog import Catalog
from models import artifact
from serving.ledger import Ledger
from serving.readback import reader
from tests.serving.barring import Bars
from tests.serving.conftest import NOW, Running
from tests.serving.ledger.placed import DAY, put, report, score, standing
from tests.serving.scorers import scorer

Run = Callable[..., Running]
Put = Callable[..., None]


@pytest.fixture
def served(run: Run, ledger: Ledger) -> Running:
    return run(desk={"ledger": ledger.database})


@pytest.fixture
def into(ledger: Ledger) -> Put:
    def rows(table: str, *rows: dict[str, Any]) -> None:
        put(ledger.database, table, *rows)

    return rows


def told(running: Running, lead_id: str = "l", **params: Any) -> dict[str, Any]:
    reply = running.client.get(f"/v1/leads/{quote(lead_id, safe='')}", params=params)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def version(running: Running) -> str:
    """The version in the store of the scorer in service."""
    assert running.incumbent.served is not None
    return running.incumbent.served.stored.version


def parts(change: dict[str, Any]) -> float:
    return sum(fact["log_odds"] for fact in change["facts"]) + change["bound"] + change["scorer"]


def test_the_latest_score_with_its_age_and_all_that_stands(served: Running, into: Put) -> None:
    stored = version(served)
    older, newer = score("l", 0, at=NOW - 9 * DAY, stored=stored), score("l", 1, at=NOW - DAY / 4, stored=stored)
    into("scores", newer, older, score("another", 2, stored=stored))
    into("standings", standing("l", grade=newer["grade"], name="Ada", owner="Zoé", segment="Trade", due_at=NOW - DAY))
    lead = told(served)
    assert (lead["lead_id"], lead["name"], lead["owner"], lead["segment"]) == ("l", "Ada", "Zoé", "Trade")
    current = lead["current"]
    assert {name: current[name] for name in ("score", "grade", "p_close", "p_accept")} == {
        name: newer[name] for name in ("score", "grade", "p_close", "p_accept")
    }
    assert (current["age_hours"], current["model"]) == (6.0, "12")
    assert current["definition"] == scorer().definition.short_version
    assert current["given_at"] == "2026-03-05T06:00:00Z"
    assert [past["score"] for past in lead["history"]["scores"]] == [newer["score"], older["score"]]
    assert lead["next_step"]["overdue"] is True
    assert lead["next_step"]["text"].startswith("Overdue since 4 March 2026")
    assert lead["feedback"] == {"outcome": None, "outcome_at": None, "reports": []}


def test_the_past_scored_again_does_not_become_the_score(served: Running, into: Put) -> None:
    stored = version(served)
    stands, again = score("l", 0, at=NOW - DAY, stored=stored), score("l", 1, at=NOW, as_of=NOW - 90 * DAY)
    into("scores", stands, again)
    assert told(served)["current"]["given_at"] == "2026-03-05T12:00:00Z"
    into("standings", standing("l", score_id=stands["id"]))
    assert told(served)["current"]["given_at"] == "2026-03-04T12:00:00Z"
    into("standings", standing("m", score_id="not there yet"))
    into("scores", score("m", stored=stored))
    assert told(served, "m")["current"]["score"] == score("m")["score"]


def test_reasons_are_told_in_the_language_asked_for(served: Running, into: Put) -> None:
    given = score("l", 3, stored=version(served))
    into("scores", given)
    english = told(served)["current"]["reasons"]
    french = told(served, language="fr")["current"]["reasons"]
    assert [r["points"] for r in english] == [r["points"] for r in french]
    assert given["reasons"].count(english[0]["text"]) == 1
    assert [r["text"] for r in english] != [r["text"] for r in french]


def test_reasons_stay_as_they_were_given_where_the_scorer_is_gone(served: Running, into: Put) -> None:
    into("scores", score("l", 3, stored="gone", reasons='[{"feature":"x","points":1.5,"text":"As it was"}]'))
    expected = [{"feature": "x", "points": 1.5, "text": "As it was"}]
    assert told(served, language="fr")["current"]["reasons"] == expected


@pytest.mark.parametrize(
    "lead_id", ["a/b", "/", "é 日本", "a%2Fb", "a?b#c", "..", "=1+1", "x" * 900, " ", "a//b/", "a\nb", "a\n"]
)
def test_an_id_may_hold_anything(served: Running, into: Put, lead_id: str) -> None:
    into("feedback", report("other"))
    into("scores", score(lead_id, stored=version(served)), score(lead_id + "x", 5, stored=version(served)))
    escaped = quote(lead_id, safe="").replace(".", "%2E")
    reply = served.client.get(f"/v1/leads/{escaped}")
    assert reply.status_code == 200, reply.text
    assert reply.json()["lead_id"] == lead_id


@pytest.mark.parametrize("lead_id", ["unknown", "l%00", "", "%ff%fe", "' OR 1=1 --"])
def test_an_unknown_lead_is_not_found(served: Running, into: Put, lead_id: str) -> None:
    into("scores", score("l", stored=version(served)))
    reply = served.client.get(f"/v1/leads/{lead_id}")
    assert (reply.status_code, reply.json()["type"]) == (404, "urn:accord:problem:not-found")
    assert served.client.get("/v1/leads/l").status_code == 200


def test_nothing_is_told_of_who_objected_or_was_erased(run: Run, ledger: Ledger, into: Put) -> None:
    roster = Bars({"objector": "objected", "gone": "erased"})
    running = run(desk={"ledger": ledger.database, "roster": roster})
    into("scores", *(score(name, stored=version(running)) for name in ("objector", "gone", "here")))
    objector, gone, unknown = (running.client.get(f"/v1/leads/{name}") for name in ("objector", "gone", "unknown"))
    assert (objector.status_code, objector.json()["type"]) == (403, "urn:accord:problem:objected")
    assert (gone.status_code, gone.content) == (404, unknown.content)
    assert "score" not in objector.json()
    assert told(running, "here")["current"]["score"]


def test_the_history_comes_in_pages(served: Running, into: Put) -> None:
    rows = [score("l", i % 7, at=NOW - timedelta(hours=i // 2), n=i, stored="1") for i in range(23)]
    into("scores", *rows, score("m", 1))
    expected = sorted(rows, key=lambda row: (row["given_at"], row["id"]), reverse=True)
    for limit in (1, 5, 23, 500):
        found, cursor = [], None
        while True:
            page = told(served, limit=limit, **({"cursor": cursor} if cursor else {}))["history"]
            found += page["scores"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [past["p_close"] for past in found] == [row["p_close"] for row in expected]
    first = told(served, limit=5)["history"]["next"]
    for other in ({"since": "2026-03-01"}, {"until": "2026-03-01"}):
        assert served.client.get("/v1/leads/l", params={"cursor": first, **other}).status_code == 422
    assert served.client.get("/v1/leads/m", params={"cursor": first}).status_code == 422


def test_the_history_is_bounded_by_days_and_instants(served: Running, into: Put) -> None:
    into("scores", *(score("l", i, at=NOW - i * DAY, stored="1") for i in range(6)))

    def days(**params: Any) -> list[str]:
        return [past["given_at"][8:10] for past in told(served, **params)["history"]["scores"]]

    assert days() == ["05", "04", "03", "02", "01", "28"]
    assert days(since="2026-03-02", until="2026-03-03") == ["03", "02"]
    assert days(since="2026-03-03T12:00:00Z") == ["05", "04", "03"]
    assert days(until="2026-03-02T13:00:00+01:00") == ["02", "01", "28"]
    assert days(since="2027-01-01") == []


NONSENSE = [
    ({"limit": "501"}, "limit"),
    ({"days": "0"}, "days"),
    ({"since": "yesterday"}, "since"),
    ({"until": "2026-03-02T10:00:00"}, "until"),
    ({"from": "2026-13-01"}, "from"),
    ({"to": "10000-01-01"}, "to"),
    ({"since": "2026-03-02", "until": "2026-03-01"}, "since"),
    ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01"}, "from"),
    ({"until": "0001-01-01T00:00:00+23:00"}, "until"),
    ({"cursor": "x"}, "cursor"),
    ({"at": "2026-03-02"}, "at"),
]


def test_what_makes_no_sense_is_refused_and_named(served: Running) -> None:
    for params, field in NONSENSE:
        reply = served.client.get("/v1/leads/l", params=params)
        assert (reply.status_code, reply.json()["field"]) == (422, field), params


def test_the_trend_holds_the_score_against_the_one_that_stood_then(served: Running, into: Put) -> None:
    stored = version(served)
    order = np.argsort([score("x", i)["p_close"] for i in range(60)])
    low, middle, high = (int(order[i]) for i in (0, 30, 59))
    into("scores", score("l", low, at=NOW - 40 * DAY, stored=stored), score("l", high, at=NOW - 2 * DAY, stored=stored))
    into("scores", score("l", middle, at=NOW - 10 * DAY, stored=stored))
    month, week = told(served)["trend"], told(served, days=7)["trend"]
    step = 10 / np.log(2) * (logit(score("x", high)["p_close"]) - logit(score("x", low)["p_close"]))
    assert (month["direction"], month["days"], month["points"]) == ("rising", 30, pytest.approx(step, abs=0.06))
    assert (
        month["text"] == f"Rising: from {score('x', low)['score']} to {score('x', high)['score']} in the past 30 days."
    )
    assert 0 < week["points"] < month["points"]
    assert told(served, days=1)["trend"] | {"text": ""} == {
        "direction": "unknown",
        "days": 1,
        "points": None,
        "text": "",
    }
    into("scores", score("new", 0, at=NOW - DAY, stored=stored))
    assert told(served, "new")["trend"]["text"] == "Not known: only one score in the past 30 days."


def test_why_it_changed_adds_up_to_the_change(served: Running, into: Put) -> None:
    stored = version(served)
    first, second, third = (score("l", row, at=NOW - (9 - row) * DAY, stored=stored) for row in (3, 4, 5))
    into("scores", first, second, third)
    change = told(served)["change"]
    assert (change["explained"], change["scorer"]) == ("facts", 0.0)
    assert (change["from"]["p_close"], change["to"]["p_close"]) == (second["p_close"], third["p_close"])
    assert parts(change) == pytest.approx(change["log_odds"], abs=1e-9)
    assert change["log_odds"] == pytest.approx(logit(third["p_close"]) - logit(second["p_close"]), abs=1e-9)
    asked = told(served, **{"from": first["given_at"].isoformat()}, language="fr")["change"]
    assert asked["from"]["p_close"] == first["p_close"]
    assert asked["to"]["p_close"] == third["p_close"]
    assert any("; avant\u00a0: " in fact["text"] for fact in asked["facts"])
    between = told(served, **{"from": first["given_at"].isoformat(), "to": second["given_at"].isoformat()})["change"]
    assert (between["from"]["p_close"], between["to"]["p_close"]) == (first["p_close"], second["p_close"])


def test_without_dates_the_last_two_scores_that_differ_are_compared(served: Running, into: Put) -> None:
    stored = version(served)
    rows = [score("l", 4, at=NOW - 3 * DAY, stored=stored), score("l", 5, at=NOW - 2 * DAY, stored=stored)]
    assert rows[0]["score"] != rows[1]["score"]
    into("scores", *rows, score("l", 5, at=NOW - DAY, stored=stored), score("l", 5, at=NOW, stored=stored))
    change = told(served)["change"]
    assert (change["from"]["score"], change["to"]["score"]) == (rows[0]["score"], rows[1]["score"])
    assert change["to"]["given_at"] == "2026-03-05T12:00:00Z"


def test_where_there_are_no_two_scores_nothing_is_explained(served: Running, into: Put) -> None:
    into("scores", score("l", 5, at=NOW, stored=version(served)))
    change = told(served)["change"]
    assert (change["explained"], change["from"], change["facts"]) == ("nothing", None, [])
    early = told(served, **{"from": "2020-01-01"})["change"]
    assert (early["explained"], early["text"]) == ("nothing", "There are no two scores to compare.")


def test_another_scorer_is_told_apart_from_the_facts(
    served: Running, into: Put, artifacts: Callable[..., Path]
) -> None:
    first = version(served)
    served.store.put(artifacts(2), {"version": "13"})
    served.incumbent.look()
    second = version(served)
    assert second != first
    was = score("l", 3, at=NOW - 2 * DAY, stored=first)
    now = score("l", 4, at=NOW - DAY, by=scorer(2), stored=second, model_version="13")
    into("scores", was, now)
    change = told(served)["change"]
    assert change["explained"] == "facts_and_scorer"
    assert (change["from"]["model"], change["to"]["model"]) == ("12", "13")
    assert parts(change) == pytest.approx(change["log_odds"], abs=1e-9)
    same_facts = score("l", 3, by=scorer(2))["p_close"]
    assert change["scorer"] == pytest.approx(logit(same_facts) - logit(was["p_close"]), abs=1e-9)
    assert "from another scorer" in change["text"]


def test_a_scorer_that_is_gone_is_done_without_where_its_facts_were_the_same(served: Running, into: Put) -> None:
    was, now = score("l", 3, at=NOW - DAY, by=scorer(2), stored="gone"), score("l", 4, stored=version(served))
    into("scores", was, now)
    change = told(served)["change"]
    assert change["explained"] == "facts_and_scorer"
    assert parts(change) == pytest.approx(change["log_odds"], abs=1e-9)
    assert change["log_odds"] == pytest.approx(logit(now["p_close"]) - logit(was["p_close"]), abs=1e-9)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({}, {"stored": "gone"}),
        ({"stored": "gone", "catalog": "0" * 64}, {}),
        ({"stored": "gone"}, {"stored": "gone"}),
        ({}, {"catalog": "0" * 64}),
        ({"p_close": 0.123}, {}),
    ],
)
def test_what_cannot_be_explained_is_told_as_a_whole(
    served: Running, into: Put, was: dict[str, Any], now: dict[str, Any]
) -> None:
    """A scorer gone, other facts, or a probability that this scorer does not give: never a guess."""
    stored = {"stored": version(served)}
    rows = score("l", 3, at=NOW - DAY, **(stored | was)), score("l", 4, **(stored | now))
    into("scores", *rows)
    change = told(served)["change"]
    assert (change["explained"], change["facts"], change["scorer"]) == ("total", [], None)
    assert change["log_odds"] == pytest.approx(logit(rows[1]["p_close"]) - logit(rows[0]["p_close"]), abs=1e-9)
    assert "cannot be said any more" in change["text"]


def test_a_scorer_of_other_features_leaves_the_total_alone(served: Running, into: Put, tmp_path: Path) -> None:
    features = scorer().catalog.features
    turned = replace(scorer(2), catalog=Catalog((features[1], features[0], *features[2:]), scorer().catalog.rates))
    first = version(served)
    artifact.save(turned, tmp_path / "turned")
    served.store.put(tmp_path / "turned", {"version": "14"})
    served.incumbent.look()
    was, now = score("l", 3, at=NOW - DAY, stored=first), score("l", 4, by=turned, stored=version(served))
    into("scores", was, now)
    assert told(served)["change"]["explained"] == "total"


def test_reports_are_told_in_the_order_received_with_what_stands(served: Running, into: Put) -> None:
    into(
        "feedback",
        report("l", "won", NOW, id="second", amount=1500.5, actor="Zoé", received_at=NOW),
        report("l", "accepted", NOW - 3 * DAY, id="first", received_at=NOW - DAY),
        report("l", "lost", NOW, id="third", corrects="second", reason="price", received_at=NOW + DAY),
        report("m", "lost", id="other"),
    )
    into("standings", standing("l", None, None, outcome="lost", outcome_at=NOW, score=None))
    lead = told(served)
    assert (lead["current"], lead["trend"], lead["change"]) == (None, None, None)
    feedback = lead["feedback"]
    assert (feedback["outcome"], feedback["outcome_at"]) == ("lost", "2026-03-05T12:00:00Z")
    assert [(r["id"], r["replaced"]) for r in feedback["reports"]] == [
        ("first", False),
        ("second", True),
        ("third", False),
    ]
    assert (feedback["reports"][1]["amount"], feedback["reports"][1]["actor"]) == (1500.5, "Zoé")
    assert lead["next_step"]["text"] == "Nothing to do: lost on 5 March 2026."


def test_what_was_written_last_is_waited_for_but_not_for_long(run: Run, ledger: Ledger, into: Put) -> None:
    asked: list[float] = []

    class Hurried:
        def write(self, table: str, rows: Any) -> None: ...

        def flush(self, seconds: float) -> None:
            asked.append(seconds)
            into("scores", score("l"))

    running = run(desk={"ledger": ledger.database, "recorder": Hurried()})
    assert told(running)["current"]["score"]
    assert asked == [reader.FLUSH_SECONDS]
    assert reader.FLUSH_SECONDS < 1


def test_a_ledger_that_does_not_answer_is_a_503_and_scores_are_given(
    served: Running, into: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    into("scores", score("l", stored=version(served)))

    def down(*_: Any, **__: Any) -> None:
        raise UnavailableError("The ledger does not answer.", where="postgresql://secret@host/db")

    with monkeypatch.context() as patched:
        patched.setattr("serving.ledger.database.told", down)
        for path in ("/v1/leads/l", "/v1/shortlist"):
            reply = served.client.get(path)
            assert (reply.status_code, reply.json()["type"]) == (503, "urn:accord:problem:ledger-down")
            assert int(reply.headers["retry-after"]) > 0
            assert "secret" not in reply.text
        assert len(served.post({"lead_id": "l"})["scores"]) == 1
    assert told(served)["current"]["score"]


def test_without_a_ledger_nothing_is_read_back(run: Run) -> None:
    reply = run().client.get("/v1/leads/l")
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:accord:problem:no-ledger")
