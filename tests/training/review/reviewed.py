"""Leads handed over, made by hand for tests of reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.agreement import Agreement
from tests.builders import history, lead
from tests.sheets import agreement, definition, sheet
from training.review.handed import COLUMNS, Handed, no_scores

SINCE = pd.Timestamp("2026-07-01", tz="UTC")
UNTIL = pd.Timestamp("2027-07-01", tz="UTC")
DEFINITION = definition(close_days=90)


def signed(*roles: Any) -> Agreement:
    return agreement(sheet(of=DEFINITION), *roles)


def leads(
    n: int, *, accept: float, close: float = 0.28, grade: str = "A", seed: int = 1, accounts: int = 0
) -> pd.DataFrame:
    """``n`` leads, one every few hours, with these chances; leads of one of ``accounts`` all get the same answer."""
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, n) if accounts else np.arange(n)
    luck = rng.random((account.max() + 1, 2))[account]
    at = SINCE + pd.to_timedelta(np.linspace(0.5, 200, n), unit="D")
    yes = luck[:, 0] < accept
    rows = pd.DataFrame({name: pd.Series([None] * n, dtype=object) for name in COLUMNS})
    return rows.assign(
        lead_id=[f"{grade}{i}" for i in range(n)],
        account_id=[f"account {i}" for i in account] if accounts else None,
        handed_off_at=pd.Series(at).astype("datetime64[us, UTC]"),
        given="again",
        p_accept=accept,
        p_close=close,
        score=90.0,
        grade=grade,
        y_accept=yes.astype(float),
        y_close=(yes & (luck[:, 1] < close / accept)).astype(float),
    )


def handed(rows: pd.DataFrame, agreed: Agreement | None = None, **more: Any) -> Handed:
    """These leads, a year after the sheet."""
    known = history(lead("before", "2026-05-01T08:00:00Z"), exported_at=UNTIL.isoformat())
    return Handed(rows, known, DEFINITION, SINCE, no_scores(), agreed=agreed, **more)
