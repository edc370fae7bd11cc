"""What Prometheus may know: counts and times, never a lead.

With several workers the counts of all are added up (prometheus-client's multi-process mode, which BentoML prepares);
what is said of the scorer and of the last check is said by the worker that answers. `watching/alerts.yaml` reads them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from crm.reports import REPORTED
from serving.contract import Reply
from serving.scoring import Served

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCORES = "/v1/scores"
TAKEOVERS = ("done", "failed")
LEADS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)


class Recorder(Protocol):
    """What is asked of a `serving.desk.Recorder` here."""

    @property
    def backlog(self) -> int:
        """Rows that the database does not have yet."""

    @property
    def up(self) -> bool:
        """Whether the database takes rows."""


class Metrics:
    """The service's counters and histograms."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own = self._registry
        self._requests = Counter("accord_requests", "Requests answered.", ["route", "status"], registry=own)
        self._seconds = Histogram(
            "accord_request_seconds", "Time to answer, body included.", ["route"], buckets=SECONDS, registry=own
        )
        self._leads = Histogram("accord_request_leads", "Leads in a request.", buckets=LEADS, registry=own)
        self._scores = Counter("accord_scores", "Scores given.", ["grade"], registry=own)
        self._uninformed = Counter("accord_scores_uninformed", "Scores given on too little.", registry=own)
        self._errors = Counter("accord_errors", "Leads, reports and requests refused.", ["of", "kind"], registry=own)
        self._refused = Counter("accord_refused", "Requests not let in.", ["why"], registry=own)
        for why in ("no_key", "malformed", "unknown", "revoked", "expired", "guessing", "rate", "role", "ledger"):
            self._refused.labels(why)
        self._looks = Counter("accord_roster_looks", "Looks at the ledger's keys.", ["outcome"], registry=own)
        for outcome in ("done", "failed"):
            self._looks.labels(outcome)  # an alarm on failures needs their count from the first look on
        self._takeovers = Counter("accord_takeovers", "Scorers taken over, or not.", ["outcome"], registry=own)
        self._delivered = Counter("accord_ledger_delivered", "Rows brought to the ledger.", ["table"], registry=own)
        self._lost = Counter("accord_ledger_lost_rows", "Rows that neither disk nor memory could keep.", registry=own)
        self._aside = Counter("accord_ledger_aside_rows", "Rows set aside for a person.", ["reason"], registry=own)
        for table in ("scores", "feedback"):
            self._delivered.labels(table)  # there from the start, so that a rise from nothing is a rise
        for reason in ("refused", "damaged"):
            self._aside.labels(reason)
        self._feedback = Counter("accord_feedback", "Reports taken.", ["outcome"], registry=own)
        for outcome in REPORTED:
            self._feedback.labels(str(outcome))
        for outcome in TAKEOVERS:
            self._takeovers.labels(outcome)
        for status in ("200", "500", "503"):
            self._requests.labels(SCORES, status)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def scored(self, reply: Reply, refused: Iterable[str]) -> None:
        """A batch was scored; ``refused`` has the kind of each lead's error."""
        self._leads.observe(len(reply.scores) + len(reply.errors))
        for score in reply.scores:
            self._scores.labels(score.grade).inc()
            if not score.enough_information:
                self._uninformed.inc()
        for kind in refused:
            self._errors.labels("lead", kind).inc()

    def problem(self, kind: str) -> None:
        """A whole request was refused."""
        self._errors.labels("request", kind).inc()

    def takeover(self, outcome: str) -> None:
        """A scorer was taken over (``done``) or could not be (``failed``)."""
        self._takeovers.labels(outcome).inc()

    def delivered(self, table: str, rows: int) -> None:
        """Rows are in the ledger's database."""
        self._delivered.labels(table).inc(rows)

    def lost(self, rows: int) -> None:
        """Rows for the ledger are nowhere: neither disk nor memory could keep them."""
        self._lost.inc(rows)

    def set_aside(self, reason: str, rows: int) -> None:
        """Rows are in a file for a person: ``refused`` by the ledger's database, or ``damaged``."""
        self._aside.labels(reason).inc(rows)

    def reported(self, outcomes: Iterable[str], refused: Iterable[str]) -> None:
        """Reports were taken, of these outcomes; ``refused`` has the kind of each error."""
        for outcome in outcomes:
            self._feedback.labels(outcome).inc()
        for kind in refused:
            self._errors.labels("report", kind).inc()

    def refused(self, why: str) -> None:
        """A request was not let in."""
        self._refused.labels(why).inc()

    def looked(self, outcome: str) -> None:
        """The ledger's keys and barred leads were read (``done``) or could not be (``failed``)."""
        self._looks.labels(outcome).inc()

    def expect(self, grades: Iterable[str]) -> None:
        """These grades will be given: they are counted from nought.

        Prometheus sees no increase in a series that begins at one, so the first of its kind would be missed.
        """
        for grade in grades:
            self._scores.labels(grade)

    def page(self, served: Served | None, now: datetime, *more: Collector) -> bytes:
        """The text Prometheus reads; ``more`` tell what is true now of something else than the scorer."""
        registry: CollectorRegistry = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped
        now_true = CollectorRegistry()
        for collector in (_OfScorer(served, now), *more):
            now_true.register(collector)
        return generate_latest(registry) + generate_latest(now_true)


class _OfScorer(Collector):
    def __init__(self, served: Served | None, now: datetime) -> None:
        self._served = served
        self._now = now

    def collect(self) -> Iterable[Metric]:
        served = self._served
        ready = 0.0 if served is None else 1.0
        yield GaugeMetricFamily("accord_ready", "Whether a scorer is in service.", value=ready)
        if served is None:
            return
        age = (self._now - served.trained_at).total_seconds()
        yield GaugeMetricFamily("accord_model_age_seconds", "Since the export the scorer learned from.", value=age)
        about = {
            "version": served.model.version,
            "stored": served.stored.version,
            "definition": served.definition.name,
            "definition_version": served.definition.version,
            "signed": str(served.definition.signed).lower(),
        }
        yield InfoMetricFamily("accord_model", "The scorer in service.", value=about)
        ranks = GaugeMetricFamily("accord_grade_rank", "1 for the best grade, 2 for the next.", labels=["grade"])
        for rank, grade in enumerate(served.scorer.grading.names, 1):
            ranks.add_metric([grade], rank)
        yield ranks


class OfLedger(Collector):
    """What is true now of the way to the ledger."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def collect(self) -> Iterable[Metric]:
        """Two gauges."""
        up = 1.0 if self._recorder.up else 0.0
        yield GaugeMetricFamily("accord_ledger_up", "Whether the ledger's database takes rows.", value=up)
        backlog = self._recorder.backlog
        yield GaugeMetricFamily("accord_ledger_backlog_rows", "Rows that it does not have yet.", value=backlog)
