from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from models.trend import STEADY
from serving.ledger.shortlist import STATES
from serving.openapi.document import document
from serving.readback import bounds
from serving.readback.contract import Change, LeadTold, ListedLead
from serving.routes import leads, shortlist
from serving.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "readback.md").read_text()
ROWS = re.findall(r"^\| (`[^|]*?) \|\s*([^|]*?)\s*\| (.*?) \|$", PAGE, re.MULTILINE)
ROUTES = {"/v1/leads/{lead_id}": leads.PARAMETERS, "/v1/shortlist": shortlist.PARAMETERS}


@pytest.mark.parametrize("path", ROUTES)
def test_every_parameter_is_in_the_page_and_in_the_document(path: str) -> None:
    rows = {name for names, _, _ in ROWS for name in re.findall(r"`(\w+)`", names)}
    listed = document(Settings())["paths"][path]["get"]["parameters"]
    assert {parameter["name"] for parameter in listed if parameter["in"] == "query"} == set(ROUTES[path])
    assert set(ROUTES[path]) <= rows


def test_the_pages_bounds_are_those_in_force() -> None:
    told = {names: (default, text) for names, default, text in ROWS if "cursor" in names or "days" in names}
    assert told["`days`"][0] == str(bounds.DAYS)
    assert f"1 to {bounds.MOST_DAYS}" in told["`days`"][1]
    assert f"| `limit`, `cursor` | {bounds.SCORES} | scores of the history a page, 1 to {bounds.MOST_SCORES};" in PAGE
    assert f"| `limit`, `cursor` | {bounds.LEADS} | leads a page, 1 to {bounds.MOST_LEADS};" in PAGE
    assert f"from {STEADY:g} points on" in PAGE


def test_every_member_state_and_explanation_is_in_the_page() -> None:
    explained = get_args(Change.__annotations__["explained"]) or re.findall(
        r'"(\w+)"', str(Change.__annotations__["explained"])
    )
    for word in (*ListedLead.__struct_fields__, *STATES, *explained):
        assert f"`{word}`" in PAGE, word
    for member in ("current", "next_step", "trend", "change", "feedback", "history"):
        assert member in LeadTold.__struct_fields__
        assert f"**`{member}`**" in PAGE
