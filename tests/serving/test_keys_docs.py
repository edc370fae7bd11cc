from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from serving.doors import DOORS, Role
from serving.ledger.keys import Closed
from serving.rates import FAILED_PER_MINUTE, SLOTS
from serving.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "keys.md").read_text()
REASONS = set(re.findall(r'_Refusal\("(\w+)"', (ROOT / "serving" / "access.py").read_text()))


def test_the_table_of_roles_is_that_of_the_doors() -> None:
    heads = re.search(r"^\| address \| (.*) \|$", PAGE, re.MULTILINE)
    assert heads
    roles = [Role(name) for name in heads[1].split(" | ")]
    rows = re.findall(r"^\| `(\w+ /\S+)` \|(.*)\|$", PAGE, re.MULTILINE)
    told = {
        address: frozenset(role for role, cell in zip(roles, cells.split("|"), strict=True) if cell.strip() == "yes")
        for address, cells in rows
    }
    assert told == {f"{door.method} {door.path}": door.roles for door in DOORS if door.roles is not None}


def test_what_asks_for_no_key_is_named() -> None:
    (sentence,) = re.findall(r"^(`GET /healthz`.*) ask for no key", PAGE, re.MULTILINE)
    named = set(re.findall(r"`(\w+ /\S+)`", sentence))
    assert named == {f"{door.method} {door.path}" for door in DOORS if door.roles is None}


def test_every_reason_that_is_counted_is_told() -> None:
    assert {"no_key", "role", "rate", "guessing", "ledger"} <= REASONS
    for page in (PAGE, (ROOT / "docs" / "serving.md").read_text()):
        for why in REASONS | set(get_args(Closed)):
            assert f"`{why}`" in page, why


def test_the_figures_are_those_of_the_code() -> None:
    assert f"{Settings().rate_per_minute} when not set" in PAGE
    assert f"limited to {FAILED_PER_MINUTE} a minute" in PAGE
    assert f"in {SLOTS} slots" in PAGE
