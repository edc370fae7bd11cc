from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm.errors import AccordError
from models.agreement import FILE, Agreement, read, write
from models.sheet import Role
from tests.sheets import agreement, definition, sheet


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ((), ("marketing", "sales")),
        (("sales", "sales"), ("marketing",)),
        (("marketing",), ("sales",)),
        (("sales", "marketing"), ()),
    ],
)
def test_it_takes_both_teams(roles: tuple[Role, ...], missing: tuple[Role, ...]) -> None:
    found = agreement(sheet(), *roles)
    assert (found.missing, found.complete) == (missing, not missing)


def test_it_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    given = agreement(sheet(), "marketing", "sales", texts={"fr": "A\u00a0: 40 leads par semaine"})
    write(given, tmp_path)
    assert read(tmp_path) == given
    assert read(tmp_path / "elsewhere") is None


def other_hash(document: dict[str, Any]) -> None:
    document["hash"] = "0" * 64


def better_promise(document: dict[str, Any]) -> None:
    document["sheet"]["promises"][0]["accept"]["low"] = 0.2


def signature_of_another(document: dict[str, Any]) -> None:
    document["signatures"] = agreement(sheet(accept=0.5), "sales").to_json()["signatures"]


def nothing_signed(document: dict[str, Any]) -> None:
    del document["signatures"]


@pytest.mark.parametrize("change", [other_hash, better_promise, signature_of_another, nothing_signed])
def test_one_that_was_changed_is_not_read(tmp_path: Path, change: Any) -> None:
    write(agreement(sheet(), "marketing", "sales"), tmp_path)
    document = json.loads((tmp_path / FILE).read_text())
    change(document)
    (tmp_path / FILE).write_text(json.dumps(document))
    with pytest.raises(AccordError, match="cannot be read"):
        read(tmp_path)


def test_it_is_of_one_definition_and_one_grading() -> None:
    found: Agreement = agreement(sheet(), "sales")
    assert found.is_of(sheet().definition, sheet().grading)
    assert not found.is_of(definition(close_days=90), sheet().grading)
    assert not found.is_of(sheet().definition, sheet(cut=0.3).grading)
