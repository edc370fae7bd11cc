from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from serving.ledger import Ledger
from serving.ledger.draws import draws
from serving.ledger.tables import scores

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def given(ledger: Ledger, *rows: tuple[str, str, bool | None]) -> None:
    common = {"score": 5, "p_close": 0.1, "enough_information": True, "reasons": "[]", "features": b"", "about": "{}"}
    named = {"model_version": "1", "stored_version": "x", "caller": "local", "request_id": "r"}
    hashes = {"catalog": "0" * 64, "definition_version": "0" * 64}
    with ledger.database.writing() as connection:
        for i, (lead_id, grade, explored) in enumerate(rows):
            at = START + timedelta(hours=i)
            own = {"id": f"{i:032x}", "lead_id": lead_id, "grade": grade, "explored": explored, "given_at": at}
            connection.execute(
                sa.insert(scores).values({**common, **named, **hashes, **own, "given_at": at, "as_of": at})
            )


def test_the_draws_are_every_score_of_leads_that_ever_took_part(ledger: Ledger) -> None:
    given(ledger, ("a", "D", True), ("b", "A", None), ("c", "D", False), ("c", "B", None), ("a", "D", True))
    told = draws(ledger)
    assert told["lead_id"].tolist() == ["a", "c", "c", "a"]
    assert [None if each is None else bool(each) for each in told["explored"]] == [True, False, None, True]
    assert told["given_at"].iloc[0] == START
    assert str(told["as_of"].dtype) == "datetime64[us, UTC]"


def test_a_ledger_without_scores_has_no_draws(ledger: Ledger) -> None:
    assert draws(ledger).empty
    assert list(draws(ledger).columns) == ["lead_id", "given_at", "as_of", "grade", "explored", "definition"]
