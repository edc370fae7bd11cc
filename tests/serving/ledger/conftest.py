"""Every test of the ledger runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.ledger import Ledger, schema
from serving.ledger.database import Database, database


@pytest.fixture
def empty(url: str) -> Database:
    return database(url, Path())


@pytest.fixture
def ledger(url: str) -> Ledger:
    schema.upgrade(database(url, Path()))
    return Ledger.open(url, Path())
