"""``GET /v1/shortlist``, on both databases."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from serving.ledger import Ledger, shortlist
from serving.ledger.shortlist import STATES, Run, Wanted
from serving.ledger.tables import standings
from tests.serving.barring import Bars
from tests.serving.conftest import NOW, Running
from tests.serving.ledger.placed import put, standing

Start = Callable[..., Running]
GRADES = ("A", "B", "C", "D")
PATH = "/v1/shortlist"


@pytest.fixture
def listed(run: Start, ledger: Ledger) -> Callable[..., Running]:
    """The service over a ledger in which these leads stand."""

    def of(*rows: dict[str, Any], **behind: Any) -> Running:
        if rows:
            put(ledger.database, "standings", *rows)
        return run(desk={"ledger": ledger.database, **behind})

    return of


def ids(running: Running, **params: Any) -> list[str]:
    return [lead["lead_id"] for lead in told(running, **params)["leads"]]


def told(running: Running, **params: Any) -> dict[str, Any]:
    reply = running.client.get(PATH, params=params)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def paged(running: Running, **params: Any) -> list[dict[str, Any]]:
    leads, cursor = [], None
    for _ in range(100):
        page = told(running, **params, **({"cursor": cursor} if cursor else {}))
        leads += page["leads"]
        cursor = page["next"]
        if cursor is None:
            return leads
    raise AssertionError("the list does not end")


def test_the_best_come_first_and_leads_drawn_by_lot_right_after_the_best_grade(
    listed: Callable[..., Running],
) -> None:
    running = listed(
        standing("a low", 0.6, "A"),
        standing("a high", 0.9, "A"),
        standing("b", 0.4, "B", explored=False),
        standing("d", 0.01, "D", explored=False),
        standing("drawn", 0.02, "D", explored=True),
        standing("drawn of C", 0.1, "C", explored=True),
        standing("an older definition's", 0.95, "Hot"),
        standing("nobody scored", None, None),
    )
    leads = told(running)["leads"]
    order = ["a high", "a low", "drawn of C", "drawn", "b", "d", "an older definition's"]
    assert [lead["lead_id"] for lead in leads] == order
    assert [lead["rank"] for lead in leads] == list(range(1, 8))
    assert [lead["lead_id"] for lead in leads if lead["explored"]] == ["drawn of C", "drawn"]


def test_open_leads_alone_unless_asked_otherwise(listed: Callable[..., Running]) -> None:
    outcomes = (None, "accepted", "rejected", "won", "lost", "no_decision")
    running = listed(
        *(standing(str(o), 0.9 - i / 10, outcome=o, outcome_at=NOW if o else None) for i, o in enumerate(outcomes))
    )
    assert ids(running) == ["None", "accepted"]
    for state, among in STATES.items():
        assert ids(running, state=state) == [str(outcome) for outcome in outcomes if outcome in among]


def test_filters_leave_out_what_was_not_asked_for(listed: Callable[..., Running]) -> None:
    late, soon = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    running = listed(
        standing("late", 0.9, due_at=late, owner="Zoé", segment="Industry", score=99),
        standing("soon", 0.8, due_at=soon, owner="Zoé", segment="Trade", score=90),
        standing("contacted", 0.7, due_at=late, contacted_at=late, owner="Max", segment="Trade", score=80),
        standing("answered", 0.6, due_at=late, outcome="accepted", outcome_at=late, owner="Max", score=70),
        standing("no promise", 0.5, "B", score=60),
        standing("known as accepted", 0.4, "B", due_at=late, p_accept=1.0, score=50),
    )
    assert ids(running, overdue="true") == ["late"]
    assert ids(running, overdue="false") == ["soon", "contacted", "answered", "no promise", "known as accepted"]
    assert [lead["lead_id"] for lead in told(running)["leads"] if lead["overdue"]] == ["late"]
    assert ids(running, owner="Zoé") == ["late", "soon"]
    assert ids(running, owner=["Zoé", "Max"], segment="Trade") == ["soon", "contacted"]
    assert ids(running, min_score=80) == ["late", "soon", "contacted"]
    assert ids(running, grade="B") == ["no promise", "known as accepted"]
    assert ids(running, grade=["A", "B"], state="accepted") == ["answered"]
    assert ids(running, grade="nothing of this name") == []
    assert ids(running, explored="true") == []
    assert len(ids(running, explored="false")) == 6


def test_each_lead_has_its_next_step_in_both_languages(listed: Callable[..., Running]) -> None:
    late = NOW - timedelta(days=2)
    running = listed(
        standing("late", 0.9, due_at=late, name="Ada", owner="Zoé"),
        standing("accepted", 0.8, due_at=late, outcome="accepted", outcome_at=NOW),
    )
    first, second = told(running)["leads"]
    assert (first["overdue"], second["overdue"]) == (True, False)
    assert first["next_step"].startswith("Overdue since 3 March 2026, 12:00: to be taken up by ")
    assert second["next_step"].startswith("Accepted on 5 March 2026: report how it ends")
    assert told(running, language="fr")["leads"][0]["next_step"].startswith("En retard depuis le 3 mars 2026 à 12:00")
    assert (first["name"], first["owner"], first["outcome"]) == ("Ada", "Zoé", None)
    assert told(running)["listed_at"] == "2026-03-05T12:00:00Z"


def many(n: int = 230) -> list[dict[str, Any]]:
    """Leads of all sorts, many of them equally likely to close."""
    draw = np.random.default_rng(5)
    return [
        standing(
            f"l{i}",
            float(draw.integers(0, 8)) / 10,
            str(draw.choice(["A", "B", "C", "D", "Old"])),
            explored=[None, False, True][draw.integers(3)],
            outcome=[None, "accepted", "won"][draw.integers(3)],
            owner=str(draw.choice(["Zoé", "Max"])),
        )
        for i in range(n)
    ]


@pytest.mark.parametrize("asked", [{}, {"state": "all"}, {"owner": "Max", "grade": ["B", "Old"]}, {"explored": "true"}])
def test_pages_together_are_the_list(listed: Callable[..., Running], asked: dict[str, Any]) -> None:
    rows = many()
    running = listed(*rows)
    leads = paged(running, limit=7, **asked)
    for limit in (3, 100, 500):
        assert paged(running, limit=limit, **asked) == leads
    states, owners = STATES[asked.get("state", "open")], {asked.get("owner", "Max"), asked.get("owner", "Zoé")}
    grades = set(asked.get("grade", ["A", "B", "C", "D", "Old"]))
    wanted = {
        row["lead_id"]
        for row in rows
        if row["outcome"] in states
        and row["owner"] in owners
        and row["grade"] in grades
        and (row["explored"] or "explored" not in asked)
    }
    found = [lead["lead_id"] for lead in leads]
    assert len(found) == len(set(found))
    assert set(found) == wanted
    assert [lead["rank"] for lead in leads] == list(range(1, len(leads) + 1))
    if "explored" in asked:
        assert all(lead["explored"] for lead in leads)
    place = {grade: i for i, grade in enumerate(["A", "B", "C", "D", "Old"])}
    runs = [(*run_of(lead, place[lead["grade"]]), -lead["p_close"]) for lead in leads]
    assert runs == sorted(runs)


def run_of(lead: dict[str, Any], place: int) -> tuple[int, int]:
    """The best grade, the leads drawn by lot by their grades, the other grades, grades that are not known."""
    if place == 4:
        return 3, not lead["explored"]
    return (1, place) if lead["explored"] else (2 if place else 0, place)


def test_rows_that_come_in_between_two_pages_move_nothing(listed: Callable[..., Running], ledger: Ledger) -> None:
    running = listed(*(standing(f"l{i}", 0.1 + i / 100) for i in range(20)))
    first = told(running, limit=10)
    put(ledger.database, "standings", *(standing(f"new{i}", 0.95) for i in range(15)))
    second = told(running, limit=10, cursor=first["next"])
    assert [lead["lead_id"] for lead in first["leads"] + second["leads"]] == [f"l{i}" for i in range(19, -1, -1)]
    assert second["next"] is None


def test_a_lead_that_objected_or_was_erased_is_not_listed(listed: Callable[..., Running]) -> None:
    roster = Bars({"objector": "objected", "gone": "erased"})
    running = listed(standing("objector", 0.9), standing("gone", 0.8), standing("here", 0.7), roster=roster)
    assert ids(running) == ["here"]
    assert "objector" not in running.client.get(PATH, params={"format": "csv"}).text


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"limit": "0"}, "limit"),
    ({"limit": "501"}, "limit"),
    ({"limit": "1e2"}, "limit"),
    ({"limit": "٣"}, "limit"),
    ({"min_score": "100"}, "min_score"),
    ({"state": "Open"}, "state"),
    ({"overdue": "yes"}, "overdue"),
    ({"language": "de"}, "language"),
    ({"format": "xlsx"}, "format"),
    ({"grade": ""}, "grade"),
    ({"owner": "a\0b"}, "owner"),
    ({"order": "p_close"}, "order"),
    ({"limit": ["1", "2"]}, "limit"),
    ({"cursor": "AAAA"}, "cursor"),
    ({"cursor": "é"}, "cursor"),
    ({"segment": "x" * 2001}, "segment"),
    ({"owner": [str(i) for i in range(21)]}, "owner"),
]


def test_what_makes_no_sense_is_refused_and_named(listed: Callable[..., Running]) -> None:
    client = listed().client
    for params, field in NONSENSE:
        reply = client.get(PATH, params=params)
        assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json"), params
        problem = reply.json()
        assert (problem["type"], problem["field"]) == ("urn:accord:problem:invalid-request", field)
        assert problem["expected"]
        assert problem["remedy"]
        assert len(problem["got"]) <= 80


def test_a_cursor_opens_its_own_list_only_and_cannot_be_changed(listed: Callable[..., Running]) -> None:
    running = listed(*many())
    cursor = told(running, limit=5)["next"]
    assert running.client.get(PATH, params={"cursor": cursor, "limit": 9}).status_code == 200
    assert running.client.get(PATH, params={"cursor": cursor, "owner": "Max"}).status_code == 422
    for i in range(0, len(cursor), 7):
        changed = cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :]
        assert running.client.get(PATH, params={"cursor": changed}).status_code == 422


def test_the_list_goes_on_where_the_last_lead_of_an_earlier_definition_went(
    listed: Callable[..., Running], ledger: Ledger
) -> None:
    running = listed(standing("x", 0.9, "X"), standing("y", 0.8, "Y"))
    cursor = told(running, limit=1)["next"]
    with ledger.database.writing() as connection:
        connection.execute(sa.update(standings).values(grade="A").where(standings.c.lead_id == "x"))
    assert ids(running, cursor=cursor) == ["y"]


def test_as_csv_with_a_header_and_no_formula(listed: Callable[..., Running]) -> None:
    running = listed(
        standing("=cmd|'/C calc'!A0", 0.9, name="+33 1 23", owner="@SUM(A1)", segment="-2+3"),
        standing("\t=1", 0.8, name='Zoé "the, one"', owner="Société Générale", segment="a;=1+1;b", due_at=NOW),
    )
    for reply in (
        running.client.get(PATH, params={"format": "csv"}),
        running.client.get(PATH, headers={"accept": "text/csv, application/json;q=0.5"}),
    ):
        assert reply.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        first, second = csv.DictReader(io.StringIO(reply.content.decode()))
        assert (first["lead_id"], first["name"]) == ("'=cmd|'/C calc'!A0", "'+33 1 23")
        assert (first["owner"], first["segment"]) == ("'@SUM(A1)", "'-2+3")
        assert (first["rank"], first["p_close"], first["overdue"], first["outcome"]) == ("1", "0.9", "false", "")
        assert (second["lead_id"], second["name"]) == ("'\t=1", 'Zoé "the, one"')
        assert second["segment"] == "a;'=1+1;b", "a spreadsheet in French begins a cell there"
        assert (second["owner"], second["due_at"]) == ("Société Générale", "2026-03-05T12:00:00Z")
    for accept in ("*/*", "application/json, text/csv;q=0.5", "text/csv;q=no"):
        assert running.client.get(PATH, headers={"accept": accept}).headers["content-type"] == "application/json"


def test_the_next_page_of_a_csv_is_in_its_link(listed: Callable[..., Running]) -> None:
    running = listed(*(standing(f"l{i}", 0.1 + i / 100, owner="Zoé & Cie") for i in range(5)))
    reply = running.client.get(PATH, params={"format": "csv", "limit": 3, "owner": "Zoé & Cie"})
    address = reply.headers["link"].removeprefix("<").partition(">")[0]
    rest = running.client.get(address)
    assert [row["lead_id"] for row in csv.DictReader(io.StringIO(rest.text))] == ["l1", "l0"]
    assert "link" not in rest.headers


def test_without_a_ledger_there_is_no_list(run: Start) -> None:
    reply = run().client.get(PATH)
    assert (reply.status_code, reply.json()["type"]) == (503, "urn:accord:problem:no-ledger")


def test_a_page_is_read_in_the_order_of_an_index(ledger: Ledger) -> None:
    """Never a sort of all leads: however many there are, a page costs what it holds."""
    draw = np.random.default_rng(1)
    rows = [
        standing(
            f"l{i}",
            float(p),
            GRADES[int(4 - 4 * p)],
            explored=p < 0.25 and i % 20 == 0,
            owner=f"o{i % 50}",
            segment=f"s{i % 7}",
        )
        for i, p in enumerate((draw.random(20_000) * 0.998 + 0.001).tolist())
    ]
    put(ledger.database, "standings", *rows)
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("ANALYZE standings")
    a, c, d, drawn = Run("A"), Run("C"), Run("D"), Run("D", drawn=True)
    runs = ((a, "rank"), (d, "rank"), (drawn, "lot"))
    places = (None, shortlist.After(d, 0.1, "l1"))
    asked = [(Wanted(), run, place, index) for (run, index), place in itertools.product(runs, places)]
    asked += [
        (Wanted(owners=("o3",)), c, None, "owner"),
        (Wanted(owners=("o3", "o4"), segments=("s1", "s2")), c, None, "owner"),
        (Wanted(segments=("s1", "none")), d, places[1], "segment"),
        (Wanted(segments=("none",)), d, None, "segment"),
        (Wanted(state="all"), Run("B"), None, "rank"),
    ]
    for wanted, run, place, index in asked:
        statement, values = shortlist.query(wanted, run, place, 100, NOW)
        plan, told = explained(ledger, statement.params(values))
        assert f"standings_by_{index}" in told, told
        if ledger.database.is_file:  # what is sorted is what the scans gave, never what they read
            scans = {step[0] for step in plan if "CO-ROUTINE" in step[3]}
            assert [step for step in plan if "TEMP B-TREE" in step[3] and step[1] in scans] == [], told
            assert "SCAN standings" not in told
        else:  # of the five thousand of a grade, only those of the page and those that a filter left out
            assert max(read_by(plan[0][0][0]["Plan"])) <= 400, told


def explained(ledger: Ledger, query: Any) -> tuple[list[Any], str]:
    """The plan, as the database tells it and as one text."""
    text = str(query.compile(dialect=ledger.database.engine.dialect, compile_kwargs={"literal_binds": True}))
    ask = "EXPLAIN QUERY PLAN " if ledger.database.is_file else "EXPLAIN (ANALYZE, FORMAT JSON) "
    with ledger.database.reading() as connection:
        plan = connection.exec_driver_sql(ask + text).all()
    return list(plan), "\n".join(str(tuple(step)) for step in plan)


def read_by(node: dict[str, Any]) -> Iterator[int]:
    """The rows that each step of PostgreSQL's plan really read."""
    yield int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
    for inner in node.get("Plans", []):
        yield from read_by(inner)
