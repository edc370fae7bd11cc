"""The BentoML service: this module reads the environment and the clock, everything else is told."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import bentoml
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import logs
from serving.app import application
from serving.desk import Desk
from serving.lead import microseconds
from serving.ledger.database import Database, database
from serving.ledger.delivery import delivery_to
from serving.ledger.recorder import SpoolingRecorder
from serving.ledger.roster import LedgerRoster
from serving.ledger.spool import Spool
from serving.metrics import Metrics
from serving.scoring import Served, open_scorer
from serving.settings import Settings
from serving.store import Store, Stored
from serving.takeover import Incumbent


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


class Ahead:
    """ASGI middleware that answers every request with ours, so BentoML's own /readyz, /metrics and /docs.json rest.

    BentoML looks at its own routes before those of a mounted application; a middleware comes before both.
    """

    def __init__(self, app: ASGIApp, ours: ASGIApp) -> None:
        self._app = app
        self._ours = ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests are ours, the lifespan is BentoML's."""
        await (self._ours if scope["type"] == "http" else self._app)(scope, receive, send)


def opened(stored: Stored) -> Served:
    """A stored scorer, warmed up as of now."""
    return open_scorer(stored, microseconds(now()))


def ledger_of(told: Settings, counted: Metrics) -> tuple[Database | None, SpoolingRecorder | None]:
    """The ledger's database, whether or not it is up, and what brings rows there."""
    if told.ledger_url is None or told.spool is None:
        return None, None
    opened = database(told.ledger_url, Path.cwd(), pooled=True)
    return opened, SpoolingRecorder(Spool(told.spool, lost=counted.lost), delivery_to(opened), counted)


settings = Settings.of(os.environ)
store = Store(settings.model_store) if settings.model_store else Store.here()
metrics = Metrics()
incumbent = Incumbent(store, opened, metrics, every=settings.watch_seconds)
ledger, recorder = ledger_of(settings, metrics)
roster = LedgerRoster(ledger, settings.spool, looked=metrics.looked) if ledger else None
app = application(Desk(incumbent, settings, metrics, now, ledger, recorder, roster))


@bentoml.asgi_app(app, path="/")
@bentoml.service(
    name="lead_score",
    workers=settings.workers,
    traffic={"timeout": settings.body_seconds + 60},  # a last resort: time to read a body and to score it
    # What we do ourselves is done once: no access log (it costs several per cent), no second set of metrics, and no
    # spans unless a configuration file asks for them.
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": ".*"},
)
class LeadScore:
    """Scores leads: ``POST /v1/scores``."""

    def __init__(self) -> None:
        logs.configure()  # each worker makes one of these, after BentoML has set up its logging
        if ledger is None:
            structlog.get_logger("serving.ledger").warning(
                "no_ledger", told="no score is recorded: set ACCORD_LEDGER_URL"
            )


LeadScore.add_asgi_middleware(Ahead, ours=app)  # type: ignore[attr-defined]  # the decorator gives a Service
