"""Every test of the ledger runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.ledger import Ledger, schema
from serving.ledger.database import Database, database
from tests import postgres

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, started once."""
    with postgres.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with postgres.fresh(request.getfixturevalue("postgresql"), f"ledger_{next(_NUMBERS)}") as address:
        yield address


@pytest.fixture
def empty(url: str) -> Database:
    return database(url, Path())


@pytest.fixture
def ledger(url: str) -> Ledger:
    schema.upgrade(database(url, Path()))
    return Ledger.open(url, Path())
