"""The scores given, as whoever learns from them or reports on them reads them."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pandas as pd
import sqlalchemy as sa

from serving.ledger.ledger import Ledger
from serving.ledger.tables import scores

TIMES = ("given_at", "as_of")
_READ = (
    *("lead_id", "given_at", "as_of", "p_accept", "p_close", "score", "grade", "explored", "enough_information"),
    *("features", "catalog", "definition_version", "about"),
)


def given(ledger: Ledger, since: datetime | None = None) -> pd.DataFrame:
    """The scores given (from ``since`` on), one row each, in the order in which they were given.

    Columns ``lead_id, given_at, as_of, p_accept, p_close, score, grade, explored, enough_information, catalog,
    definition, owner, segment, features``: times in UTC; ``explored`` True, False or missing; ``owner`` and ``segment``
    from ``about``, missing where it names none; ``features`` arrays of floats in the order of the catalog whose hash is
    ``catalog``; ``definition`` is the version of the definition that graded.
    """
    query = sa.select(*(scores.c[name] for name in _READ)).order_by(scores.c.given_at, scores.c.id)
    if since is not None:
        query = query.where(scores.c.given_at >= since)
    with ledger.database.reading() as connection:
        rows = pd.DataFrame(connection.execute(query).all(), columns=list(_READ))
    rows = rows.rename(columns={"definition_version": "definition"})
    about = [json.loads(text) for text in rows.pop("about")]
    told = {name: [each.get(name) for each in about] for name in ("owner", "segment")}
    features = [np.frombuffer(packed, dtype="<f8") for packed in rows["features"]]
    times = {name: pd.to_datetime(rows[name], utc=True).astype("datetime64[us, UTC]") for name in TIMES}
    return rows.assign(**told, **times, features=pd.Series(features, index=rows.index, dtype=object))
