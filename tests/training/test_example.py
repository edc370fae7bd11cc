from __future__ import annotations

import json

import pandas as pd

from crm.simulation import Company, simulate
from models.pyfunc import LeadScore, input_columns
from tests.drawn import fitted
from training.example import example_row

HISTORY = simulate(Company(leads=200), seed=3).history
SCORER = fitted(HISTORY)


def test_the_example_is_a_row_that_the_scorer_takes() -> None:
    row = json.loads(json.dumps(example_row(HISTORY, SCORER), allow_nan=False))
    assert set(row) <= set(input_columns(SCORER))
    assert len(LeadScore(SCORER).predict(pd.DataFrame([row]), {"reasons": 3})) == 1


def test_the_example_names_nobody() -> None:
    row = example_row(HISTORY, SCORER)
    newest = HISTORY.leads.sort_values("created_at").iloc[-1]
    assert row["lead_id"] != newest["lead_id"]
    assert not {"email", "job_title", "owner"} & set(row)
    assert newest["email"] not in json.dumps(row)
