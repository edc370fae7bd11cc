"""Reports in the ledger: written with what stands of them, and read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crm.reports import Report, Standing, standings
from serving.ledger.database import Database
from serving.ledger.delivery import Delivery
from serving.ledger.reported import REPORT
from serving.ledger.tables import deliveries, feedback


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the ledger made of reports: which of their ``ids`` are ``new``, and how their leads stand now."""

    new: frozenset[str]
    standings: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a request whose body has this digest."""

    digest: str
    status: int
    reply: str


def record(connection: sa.Connection, delivery: Delivery, rows: Sequence[Mapping[str, Any]]) -> Recorded:
    """Writes reports, none of them of an erased lead, and gives how their leads stand with them."""
    if not rows:
        return Recorded(frozenset(), {})
    new = delivery.put(connection, "feedback", rows)
    found = standings(_of_leads(connection, {row["lead_id"] for row in rows}))
    return Recorded(frozenset(row["id"] for row in new), found)


def answered_before(connection: sa.Connection, caller: str, key: str) -> Answered | None:
    """The answer to a caller's request of this ``Idempotency-Key``; ``None`` where there was none."""
    columns = (deliveries.c.digest, deliveries.c.status, deliveries.c.reply)
    row = connection.execute(
        sa.select(*columns).where(deliveries.c.caller == caller, deliveries.c.idempotency_key == key)
    )
    found = row.first()
    return None if found is None else Answered(**found._asdict())


def remember(connection: sa.Connection, caller: str, key: str, at: datetime, answer: Answered) -> None:
    """Keeps the answer to a request of this ``Idempotency-Key``."""
    told = {"digest": answer.digest, "status": answer.status, "reply": answer.reply}
    row = {"caller": caller, "idempotency_key": key, "received_at": at, **told}
    connection.execute(sa.insert(deliveries).values(row))


def reports(database: Database) -> list[Report]:
    """Every report of the ledger, in the order in which they came."""
    query = sa.select(*(feedback.c[name] for name in REPORT)).order_by(feedback.c.received_at, feedback.c.id)
    with database.reading() as connection:
        return [Report.of(row) for row in connection.execute(query).mappings()]


def _of_leads(connection: sa.Connection, leads: Collection[str]) -> list[Report]:
    query = sa.select(*(feedback.c[name] for name in REPORT)).where(feedback.c.lead_id.in_(list(leads)))
    return [Report.of(row) for row in connection.execute(query).mappings()]
