from __future__ import annotations

import numpy as np
import pandas as pd

from tests.training.review.reviewed import leads
from training.review.coded import measure


def test_a_reason_whose_time_nobody_knows_is_counted_all_the_same() -> None:
    rows = leads(60, accept=0.5)
    odd = np.arange(len(rows)) % 2 == 1
    at = (rows["handed_off_at"] + pd.Timedelta(days=3)).mask(np.arange(len(rows)) == 5)
    rows = rows.assign(outcome="rejected", outcome_at=at, reason=np.where(odd, "no_budget", "no_need"))
    found = measure(rows.assign(source=np.where(odd, "web", "fair")), ["source"], seed=1)
    assert {reason.code: reason.leads for reason in found.reasons} == {"no_budget": 30, "no_need": 30}
    assert {(pair.group, pair.code) for pair in found.pairs} == {("web", "no_budget"), ("fair", "no_need")}
