from __future__ import annotations

import json
from typing import Any

import numpy as np
import sqlalchemy as sa

from serving.ledger import Ledger
from serving.ledger.checks import append, latest
from serving.ledger.given import given
from serving.ledger.tables import scores
from tests.sheets import day


def row(number: int, **more: Any) -> dict[str, Any]:
    told = {
        "id": f"{number:032x}",
        "lead_id": f"lead {number}",
        "given_at": day(number),
        "as_of": day(number),
        "score": 87,
        "grade": "A",
        "p_accept": 0.8,
        "p_close": 0.3,
        "enough_information": True,
        "explored": None,
        "reasons": "[]",
        "features": np.array([1.5, np.nan], dtype="<f8").tobytes(),
        "catalog": "c" * 64,
        "model_version": "1",
        "stored_version": "v",
        "definition_version": "d" * 64,
        "about": json.dumps({"owner": "Ann"}),
        "caller": "local",
        "request_id": "r",
    }
    return {**told, **more}


def test_the_newest_check_is_given_back_as_it_was_put(ledger: Ledger) -> None:
    assert latest(ledger) is None
    append(ledger, {"alarm": False, "findings": []}, day(1))
    append(ledger, {"alarm": True, "findings": [{"sentence": "Classe A : moins que promis"}]}, day(2))
    assert latest(ledger) == (day(2), {"alarm": True, "findings": [{"sentence": "Classe A : moins que promis"}]})


def test_scores_come_back_in_their_order_with_features_owner_and_segment(ledger: Ledger) -> None:
    assert given(ledger).empty
    with ledger.database.writing() as connection:
        connection.execute(sa.insert(scores), [row(2, explored=True, p_accept=None), row(1)])
    found = given(ledger)
    assert found["lead_id"].tolist() == ["lead 1", "lead 2"]
    assert str(found["given_at"].dtype) == "datetime64[us, UTC]"
    assert found["owner"].tolist() == ["Ann", "Ann"]
    assert found["segment"].isna().all()
    assert np.isnan(found["p_accept"].astype(float)).tolist() == [False, True]
    np.testing.assert_array_equal(found["features"][0], [1.5, np.nan])
    assert given(ledger, day(2))["lead_id"].tolist() == ["lead 2"]
