"""The same lead at the same instant gets the same score from the history and over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.facts import Facts
from features.instants import DAY
from tests.serving.conftest import Running
from tests.serving.scorers import past, scorer


def as_a_crm_sends_it(lead_id: str, as_of: pd.Timestamp, *, colleagues: bool = True) -> dict[str, Any]:
    """The lead of the history as a request, with everything that ever happened, also after ``as_of``."""
    seen = past()
    row = seen.leads.set_index("lead_id").loc[lead_id]
    lead: dict[str, Any] = {
        "lead_id": lead_id,
        "created_at": row["created_at"].isoformat(),
        "activities": [
            {"kind": kind, "occurred_at": at.isoformat()}
            for kind, at in zip(*_of(seen.activities, lead_id, "kind", "occurred_at"), strict=True)
        ],
        "milestones": [
            {"milestone": name, "reached_at": at.isoformat()}
            for name, at in zip(*_of(seen.milestones, lead_id, "milestone", "reached_at"), strict=True)
        ],
    }
    if colleagues:
        of_account = seen.leads.loc[seen.leads["account_id"] == row["account_id"], "lead_id"]
        lead["as_of"] = as_of.isoformat()
        lead["attributes"] = {
            "source": row["source"],
            "employees": row["employees"],
            "newsletter": bool(row["newsletter"]),
            "job_title": row["job_title"],
            "email": row["email"],
        }
        lead["account"] = {
            "industry": seen.accounts.set_index("account_id").loc[row["account_id"], "industry"],
            "colleagues": [as_a_crm_sends_it(c, as_of, colleagues=False) for c in of_account if c != lead_id],
        }
    return lead


def _of(table: pd.DataFrame, lead_id: str, *columns: str) -> list[pd.Series]:
    mine = table[table["lead_id"] == lead_id]
    return [mine[column] for column in columns]


@pytest.mark.parametrize("days", [0, 3, 10])
def test_rest_and_history_agree(run: Callable[..., Running], days: int) -> None:
    seen, fitted = past(), scorer()
    facts = Facts.of_history(seen, fitted.fields)
    asked = np.arange(0, len(facts), 7, dtype=np.int64)
    as_of = facts.moment("created")[asked] + days * DAY
    offline = fitted.score(facts, asked, as_of, language="fr")
    leads = [
        as_a_crm_sends_it(facts.lead_ids[lead], pd.Timestamp(at, unit="us", tz="UTC"))
        for lead, at in zip(asked, as_of.tolist(), strict=True)
    ]
    online = run(now=datetime(2026, 6, 30, tzinfo=UTC)).post(*leads, language="fr")
    assert online["errors"] == []
    told = online["scores"]
    assert [s["p_close"] for s in told] == offline.p_close.tolist()
    assert [s["p_accept"] for s in told] == offline.p_accept.tolist()
    assert [s["score"] for s in told] == offline.score.tolist()
    assert [s["grade"] for s in told] == offline.grade.tolist()
    assert [[r["text"] for r in s["reasons"]] for s in told] == [[r.text for r in row] for row in offline.reasons]
    assert len({s["p_close"] for s in told}) > len(told) // 2, "the leads are not all alike"
