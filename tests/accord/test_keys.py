from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accord.agreement import ledger_of
from accord.exits import RefusedError
from accord.project import open_project
from accord.service import openness
from serving.doors import Role
from serving.ledger import keys, schema
from serving.ledger.database import database
from tests import postgres

Run = Callable[..., Any]

PROJECT = "name: a\nhistory:\n  source: {folder: nowhere}\n  leads: {from: leads.csv, key: id}\n"
KEY = re.compile(r"accord_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "accord.yaml").write_text(PROJECT)
    if request.param == "sqlite":
        yield tmp_path
        return
    with postgres.server() as server, postgres.fresh(server, "keys") as address:
        schema.upgrade(database(address, Path()))
        monkeypatch.setenv("ACCORD_LEDGER_URL", address)
        yield tmp_path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    (tmp_path / "accord.yaml").write_text(PROJECT)
    return tmp_path


def test_a_key_from_its_making_to_its_end(project: Path, accord: Run) -> None:
    assert "No key was ever made" in accord("keys", "list", "--project", project).stdout
    made = accord("keys", "create", "--role", "marketing", "--name", "Hub [Spot]", "--project", project)
    found = KEY.fullmatch(made.stdout.strip())
    assert found, "the key stands alone on stdout, so that it can be piped"
    assert made.stdout.count("\n") == 1
    key_id, secret = found.group(1), found.group(0).split("_", 2)[2]
    assert secret not in made.stderr
    assert "It is the first key" in made.stderr
    second = json.loads(
        accord(
            "keys", "create", "--role", "admin", "--name", "b", "--expires-in-days", 1, "--json", "--project", project
        ).stdout
    )
    assert KEY.fullmatch(second["key"])
    assert (second["role"], second["state"]) == ("admin", "valid")
    assert datetime.fromisoformat(second["expires_at"]) - datetime.fromisoformat(second["created_at"]) == timedelta(1)

    listed = accord("keys", "list", "--project", project).stdout
    assert "Hub [Spot]" in listed
    told = json.loads(accord("keys", "list", "--json", "--project", project).stdout)["keys"]
    assert [key["id"] for key in told] == [key_id, second["id"]]
    assert set(told[0]) == {"id", "name", "role", "created_at", "expires_at", "revoked_at", "state"}
    digest = keys.listed(ledger_of(open_project(project)).database)[0].digest
    for said in (listed, json.dumps(told)):
        assert digest not in said
        assert secret not in said

    assert "is revoked" in accord("keys", "revoke", key_id, "--project", project).stdout
    again = json.loads(accord("keys", "revoke", key_id, "--json", "--project", project).stdout)
    assert (again["state"], again["new"]) == ("revoked", False)
    assert "revoked" in accord("keys", "list", "--project", project).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "--role", "boss", "--name", "a"), 2),
        (("create", "--role", "sales", "--name", "  "), 2),
        (("create", "--role", "sales"), 2),
        (("create", "--role", "sales", "--name", "a", "--expires-in-days", "0"), 2),
        (("revoke", "0123456789abcdef"), 3),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], code: int, bare: Path, accord: Run) -> None:
    accord("keys", *arguments, "--project", bare, code=code)
    assert keys.listed(ledger_of(open_project(bare)).database) == ()


def test_without_a_key_only_this_machine_is_served(bare: Path) -> None:
    opened = open_project(bare)
    for host in ("127.0.0.1", "localhost", "::1"):
        said = openness(opened, host)
        assert f"Open without keys on {host}" in said
        assert "accord keys create" in said
    for host in ("0.0.0.0", "192.0.2.1", "::", "scores.example"):  # noqa: S104 - what must be refused
        with pytest.raises(RefusedError, match="Nobody would be kept out") as refused:
            openness(opened, host)
        assert "accord keys create" in str(refused.value)


def test_with_a_key_every_address_may_be_served_and_who_gets_in_is_told(bare: Path) -> None:
    opened, now = open_project(bare), datetime.now(UTC)
    where = ledger_of(opened).database
    key, _ = keys.create(where, Role.SALES, "a", now, timedelta(days=1))
    assert openness(opened, "0.0.0.0") == "Keys are asked for; 1 of 1 open something."  # noqa: S104 - the same
    keys.revoke(where, key.id, now)
    assert "Nobody gets in" in openness(opened, "127.0.0.1")


def test_a_ledger_that_is_down_keeps_nobody_from_serving(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_LEDGER_URL", "postgresql://a:s3cret@/x?host=/nowhere")
    said = openness(open_project(bare), "0.0.0.0")  # noqa: S104 - the same
    assert "does not answer" in said
    assert "s3cret" not in said


def test_serving_elsewhere_without_a_key_is_refused_before_anything_starts(promoted: Path, accord: Run) -> None:
    said = accord("serve", "--project", promoted, "--host", "0.0.0.0", code=1).stderr  # noqa: S104 - the same
    assert "Nobody would be kept out" in said
