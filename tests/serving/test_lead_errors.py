from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.serving.conftest import Running
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]

AN_ACTIVITY = {"kind": "form", "occurred_at": "2026-03-02T10:11:00Z"}
A_STEP = {"milestone": "accepted", "reached_at": "2026-03-02T10:11:00Z"}

BAD: list[tuple[Any, str, str, str]] = [  # a lead, the field, what it held, part of what is expected there
    ("not a lead", "", '"not a lead"', "an object"),
    (None, "", "null", "an object"),
    ([a_lead()], "", "[{", "an object"),
    ({}, "lead_id", "nothing", "text that is not empty"),
    (a_lead(lead_id=7), "lead_id", "7", "text that is not empty"),
    (a_lead(lead_id=""), "lead_id", '""', "text that is not empty"),
    (a_lead(as_of="2026-03-02T10:11:00"), "as_of", '"2026-03-02T10:11:00"', "with its zone"),
    (a_lead(as_of="2026-03-02"), "as_of", '"2026-03-02"', "with its zone"),
    (a_lead(as_of=1772700000), "as_of", "1772700000", "with its zone"),
    (a_lead(as_of="2027-01-01T00:00:00Z"), "as_of", '"2027-01-01T00:00:00Z"', "not in the future"),
    (a_lead(created_at="yesterday"), "created_at", '"yesterday"', "with its zone"),
    (a_lead(created_at="2026-04-01T00:00:00Z"), "created_at", '"2026-04-01T00:00:00Z"', "not after as_of"),
    (a_lead(attributes=[]), "attributes", "[]", "an object"),
    (a_lead(attributes={"employees": "250"}), "attributes.employees", '"250"', "a finite number"),
    (a_lead(attributes={"employees": True}), "attributes.employees", "true", "a finite number"),
    (a_lead(attributes={"employees": "NaN"}), "attributes.employees", '"NaN"', "a finite number"),
    (a_lead(attributes={"employees": {"n": 1}}), "attributes.employees", '{"n":1}', "a finite number"),
    (a_lead(attributes={"source": 3}), "attributes.source", "3", "text or null"),
    (a_lead(attributes={"newsletter": "yes"}), "attributes.newsletter", '"yes"', "true, false or null"),
    (a_lead(attributes={"newsletter": 1}), "attributes.newsletter", "1", "true, false or null"),
    (a_lead(attributes={"email": ["a@b.c"]}), "attributes.email", '["a@b.c"]', "text or null"),
    (a_lead(account="ACME"), "account", '"ACME"', "an object"),
    (a_lead(account={"industry": 5}), "account.industry", "5", "text or null"),
    (a_lead(account={"colleagues": {}}), "account.colleagues", "{}", "a list of leads"),
    (a_lead(account={"colleagues": [{}]}), "account.colleagues[0].lead_id", "nothing", "text that is not empty"),
    (
        a_lead(account={"colleagues": [{"lead_id": "b", "activities": [{"kind": "form"}]}]}),
        "account.colleagues[0].activities[0].occurred_at",
        "nothing",
        "with its zone",
    ),
    (a_lead(activities={}), "activities", "{}", "a list of activities"),
    (a_lead(activities=[AN_ACTIVITY, 3]), "activities[1]", "3", "an object"),
    (a_lead(activities=[AN_ACTIVITY | {"kind": None}]), "activities[0].kind", "null", "text that is not empty"),
    (a_lead(activities=[{"kind": "form"}]), "activities[0].occurred_at", "nothing", "with its zone"),
    (
        a_lead(activities=[AN_ACTIVITY, AN_ACTIVITY | {"occurred_at": "2026-03-02T10:11"}]),
        "activities[1].occurred_at",
        '"2026-03-02T10:11"',
        "with its zone",
    ),
    (a_lead(activities=[AN_ACTIVITY | {"value": "9"}]), "activities[0].value", '"9"', "a finite number"),
    (a_lead(activities=[AN_ACTIVITY | {"actor": 9}]), "activities[0].actor", "9", "text or null"),
    (a_lead(milestones=[A_STEP | {"milestone": "sold"}]), "milestones[0].milestone", '"sold"', "handed_off"),
    (a_lead(milestones=[A_STEP | {"reached_at": None}]), "milestones[0].reached_at", "null", "with its zone"),
    (a_lead(milestones=[A_STEP | {"milestone": "won"}]), "milestones[0].milestone", '"won"', "still open"),
]


@pytest.mark.parametrize(("lead", "field", "got", "expected"), BAD)
def test_a_bad_lead_is_told_what_to_do(run: Run, lead: Any, field: str, got: str, expected: str) -> None:
    reply = run().post(a_lead("before"), lead, a_lead("after"))
    assert [score["lead_id"] for score in reply["scores"]] == ["before", "after"]
    (error,) = reply["errors"]
    assert list(error) == ["index", "lead_id", "field", "got", "expected", "remedy"]
    assert (error["index"], error["field"]) == (1, field)
    assert error["got"].startswith(got)
    assert expected in error["expected"]
    assert error["remedy"].endswith(".")
    known = lead.get("lead_id") if isinstance(lead, dict) else None
    assert error["lead_id"] == (known if isinstance(known, str) and known else None)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "9" * 5000])
def test_numbers_beyond_any_range_are_that_leads_error(run: Run, number: str) -> None:
    body = f'{{"leads": [{{"lead_id": "a", "attributes": {{"employees": {number}}}}}, {{"lead_id": "b"}}]}}'
    reply = run().client.post("/v1/scores", content=body, headers={"content-type": "application/json"}).json()
    assert [error["field"] for error in reply["errors"]] == ["attributes.employees"]
    assert [score["lead_id"] for score in reply["scores"]] == ["b"]
    assert len(reply["errors"][0]["got"]) <= 80


def test_a_long_value_is_cut_in_its_error(run: Run) -> None:
    (error,) = run().post(a_lead(attributes={"employees": "x" * 1000}))["errors"]
    assert len(error["got"]) == 80


def test_a_key_given_twice_hides_no_error_and_spoils_no_other_lead(run: Run) -> None:
    twice = '{"lead_id": "a", "account": {"colleagues": [{"lead_id": "c", "activities": [3], "activities": null}]}}'
    body = f'{{"leads": [{twice}, {{"lead_id": "b"}}]}}'
    reply = run().client.post("/v1/scores", content=body, headers={"content-type": "application/json"}).json()
    assert [error["field"] for error in reply["errors"]] == ["account.colleagues[0].activities[0]"]
    assert [score["lead_id"] for score in reply["scores"]] == ["b"]


@pytest.mark.parametrize(
    "around", ['{"lead_id": %s}', '{"lead_id": "a", "attributes": %s}', '{"lead_id": "a", "x": %s}']
)
@pytest.mark.parametrize("padding", [0, 70_000], ids=["short", "long"])
def test_nesting_at_the_edge_of_the_parsers_room_is_that_leads_error_or_the_bodys(
    run: Run, around: str, padding: int
) -> None:
    client = run().client
    seen = set()
    for depth in range(700, 1000, 2):
        lead = around % ("[" * depth + "]" * depth)
        body = f'{{"leads": [{lead}, {{"lead_id": "b"}}]}}' + " " * padding
        reply = client.post("/v1/scores", content=body, headers={"content-type": "application/json"})
        seen.add(reply.status_code)
        if reply.status_code == 200:
            assert reply.json()["scores"][-1]["lead_id"] == "b"
    assert seen == {200, 400}


def test_a_clock_a_little_ahead_is_no_error(run: Run) -> None:
    ahead = a_lead(as_of="2026-03-05T12:30:00Z", created_at="2026-03-05T12:31:00Z")
    assert run().post(ahead)["errors"] == []


def test_a_thousand_good_and_bad_leads_in_one_request(run: Run) -> None:
    running = run()
    leads = [a_lead(f"l{i}") if i % 3 else BAD[i // 3 % len(BAD)][0] for i in range(1000)]
    reply = running.post(*leads)
    assert [score["lead_id"] for score in reply["scores"]] == [f"l{i}" for i in range(1000) if i % 3]
    assert [(e["index"], e["field"]) for e in reply["errors"]] == [
        (i, BAD[i // 3 % len(BAD)][1]) for i in range(1000) if i % 3 == 0
    ]
    (alone,) = running.post(a_lead("l1"))["scores"]
    assert reply["scores"][0] == alone
