"""The draws by lot, as training reads them: which leads of low grades were to be worked, and which were not."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from serving.ledger.ledger import Ledger
from serving.ledger.tables import scores

_READ = ("lead_id", "given_at", "as_of", "grade", "explored", "definition_version")


def draws(ledger: Ledger) -> pd.DataFrame:
    """Every score of each lead that ever took part in a draw, in the order in which they were given.

    Columns ``lead_id, given_at, as_of, grade, explored, definition``: times in UTC; ``explored`` True, False, or
    missing where the grade of that score takes no part; ``definition``: the version that it was given by.
    """
    took_part = sa.select(scores.c.lead_id).where(scores.c.explored.is_not(None))
    query = (
        sa.select(*(scores.c[name] for name in _READ))
        .where(scores.c.lead_id.in_(took_part))
        .order_by(scores.c.given_at, scores.c.id)
    )
    with ledger.database.reading() as connection:
        rows = pd.DataFrame(connection.execute(query).all(), columns=list(_READ))
    times = {name: pd.to_datetime(rows[name], utc=True).astype("datetime64[us, UTC]") for name in ("given_at", "as_of")}
    rows = rows.assign(**times, explored=rows["explored"].astype("object"))
    return rows.rename(columns={"definition_version": "definition"})
