"""Rows of the ledger as the service writes them, with sensible defaults."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import sqlalchemy as sa

from features.compute import matrix
from features.facts import Facts
from models.scorer import Scorer
from serving.ledger import tables
from serving.ledger.database import Database
from tests.serving.conftest import NOW
from tests.serving.scorers import past, scorer

DAY = timedelta(days=1)


@cache
def known(seed: int = 1) -> np.ndarray:
    """Features of leads in the catalog of `scorer`."""
    facts = Facts.of_history(past(), scorer(seed).fields)
    rows = np.arange(len(facts), dtype=np.int64)
    return matrix(scorer(seed).catalog, facts, rows, facts.moment("created") + 10 * 86_400_000_000)


def score(
    lead_id: str,
    row: int = 0,
    *,
    at: datetime = NOW,
    by: Scorer | None = None,
    stored: str = "1",
    accepted: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """A row of ``scores``: what this scorer says of lead number ``row`` of `known`."""
    by = by or scorer()
    x = known()[row]
    told = by.score_matrix(x[None, :], np.array([accepted]))
    p_accept = float(told.p_accept[0])
    return {
        "id": hashlib.sha256(f"{lead_id} {at} {more.pop('n', 0)}".encode()).hexdigest()[:32],
        "lead_id": lead_id,
        "given_at": at,
        "as_of": at,
        "score": int(told.score[0]),
        "grade": str(told.grade[0]),
        "p_accept": None if np.isnan(p_accept) else p_accept,
        "p_close": float(told.p_close[0]),
        "enough_information": True,
        "explored": None,
        "reasons": json.dumps([{"feature": r.feature, "points": r.points, "text": r.text} for r in told.reasons[0]]),
        "features": x.astype("<f8").tobytes(),
        "catalog": by.catalog.hash,
        "model_version": "12",
        "stored_version": stored,
        "definition_version": by.definition.version,
        "about": "{}",
        "caller": "local",
        "request_id": "r",
    } | more


def report(lead_id: str, outcome: str = "accepted", at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """A row of ``feedback``."""
    empty = dict.fromkeys(("actor", "amount", "reason", "comment", "corrects", "definition_version"))
    return {
        "id": f"{lead_id}-{outcome}",
        "lead_id": lead_id,
        "outcome": outcome,
        "occurred_at": at,
        "received_at": at,
        **empty,
        "caller": "local",
        "request_id": "r",
    } | more


def standing(lead_id: str, p_close: float | None = 0.5, grade: str | None = "A", **more: Any) -> dict[str, Any]:
    """A row of ``standings``."""
    columns = (column.name for column in tables.standings.columns)
    row = dict.fromkeys(columns) | {"lead_id": lead_id, "p_close": p_close, "grade": grade, "given_at": NOW}
    return row | {"score_id": lead_id[:32], "as_of": NOW, "score": 50, "p_accept": 0.75, **more}


def put(database: Database, table: str, *rows: dict[str, Any]) -> None:
    """Puts rows into the ledger as they are."""
    with database.writing() as connection:
        connection.execute(sa.insert(tables.metadata.tables[table]), list(rows))
