from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from crm.errors import AccordError, UnavailableError
from serving.app import application
from serving.ledger import schema
from serving.ledger.checks import Check, append, latest
from serving.ledger.database import Database, database
from serving.ledger.tables import checks
from serving.lookout import LastCheck, Lookout, Seen
from serving.metrics import Metrics
from tests.serving.conftest import NOW, Client, Running

Run = Callable[..., Running]

WELL: dict[str, Any] = {
    "promises": [
        {"grade": "A", "what": "close", "broken": True, "since": "2026-02-01"},
        {"grade": "A", "what": "accept", "broken": False},
        {"grade": "B", "what": "close", "broken": None},
    ],
    "looked_at": ["calibration", "drift"],
    "findings": [{"kind": "drift", "severity": "alarm", "field": "source"}, {"kind": "drift", "severity": "note"}],
}


@pytest.fixture
def ledger(tmp_path: Path) -> Database:
    opened = database("sqlite:///ledger.db", tmp_path)
    schema.upgrade(opened)
    return opened


def told(seen: Seen | None, now: datetime = NOW) -> dict[tuple[str, ...], float]:
    """What the page says of checks, by name and labels in alphabetical order."""
    page = Metrics().page(None, now, LastCheck(seen, now)).decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {
        (s.name, *(s.labels[label] for label in sorted(s.labels))): s.value
        for s in samples
        if s.name.startswith(("accord_check", "accord_promise"))
    }


def test_a_check_comes_back_as_it_was_kept(ledger: Database) -> None:
    assert latest(ledger) is None
    append(ledger, Check(NOW, WELL))
    assert latest(ledger) == Check(NOW, WELL)


def test_the_check_kept_last_is_the_latest_whatever_a_clock_said(ledger: Database) -> None:
    append(ledger, Check(NOW + timedelta(days=400), WELL | {"findings": []}))
    append(ledger, Check(NOW, WELL))
    assert latest(ledger) == Check(NOW, WELL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"promises": [{"grade": "A", "what": "close", "broken": "yes"}]},
        {"promises": [{"grade": 1, "what": "close", "broken": True}]},
        {"promises": [{"grade": "A", "broken": True}]},
        {"promises": None},
        {"looked_at": [1]},
        {"findings": [{"kind": "drift", "severity": "dreadful"}]},
    ],
    ids=str,
)
def test_what_is_no_document_of_a_check_is_neither_kept_nor_believed(wrong: dict[str, Any], ledger: Database) -> None:
    with pytest.raises(AccordError, match="no document of a check"):
        append(ledger, Check(NOW, WELL | wrong))
    assert latest(ledger) is None
    with ledger.writing() as connection:  # as another version may have kept it
        connection.execute(sa.insert(checks).values(checked_at=NOW, document=json.dumps(WELL | wrong)))
    with pytest.raises(AccordError, match="no document of a check"):
        latest(ledger)


def test_the_metrics_tell_the_last_check() -> None:
    assert told(Seen(Check(NOW - timedelta(hours=5), WELL))) == {
        ("accord_check_age_seconds",): 5 * 3600,
        ("accord_promise_broken", "A", "close"): 1,
        ("accord_promise_broken", "A", "accept"): 0,
        ("accord_check_findings", "calibration", "alarm"): 0,
        ("accord_check_findings", "calibration", "note"): 0,
        ("accord_check_findings", "drift", "alarm"): 1,
        ("accord_check_findings", "drift", "note"): 1,
    }, "of what could not be told yet, such as B, nothing is said"


def test_no_check_ever_is_told_apart_from_a_ledger_never_reached() -> None:
    assert told(Seen(None)) == {("accord_check_age_seconds",): float("inf")}
    assert told(None) == {}


def test_a_ledger_out_of_reach_leaves_what_was_known_and_it_grows_older() -> None:
    first, next_day = Check(NOW, WELL), Check(NOW, WELL | {"findings": []})
    answers = iter([first, UnavailableError("gone"), ValueError("no JSON"), next_day])

    def read() -> Check:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lookout = Lookout(read)
    assert lookout.seen is None
    for _ in range(3):
        lookout.look()
        assert lookout.seen == Seen(first)
        assert told(lookout.seen, NOW + timedelta(days=3))["accord_check_age_seconds",] == 3 * 86400
    lookout.look()
    assert lookout.seen == Seen(next_day)


def test_it_looks_again_and_again_until_it_is_stopped() -> None:
    count = itertools.count()
    lookout = Lookout(lambda: Check(NOW + timedelta(seconds=next(count)), WELL), every=0.01)
    lookout.start()
    until = time.monotonic() + 20
    while lookout.seen is None or lookout.seen.check is None or lookout.seen.check.at < NOW + timedelta(seconds=3):
        assert time.monotonic() < until
        time.sleep(0.01)
    lookout.stop()
    last = next(count)
    time.sleep(0.1)
    assert next(count) == last + 1


def test_a_database_that_hangs_holds_up_neither_the_start_nor_the_page(run: Run, ledger: Database) -> None:
    free = threading.Event()

    def hangs() -> None:
        free.wait(60)

    lookout = Lookout(hangs)
    lookout.start()
    page = run().client.get("/metrics")
    assert page.status_code == 200
    assert lookout.seen is None
    free.set()
    lookout.stop()


def test_the_application_looks_from_its_start_to_its_end(run: Run, ledger: Database) -> None:
    append(ledger, Check(NOW, WELL))
    desk = replace(run().desk, ledger=ledger)
    app = application(desk)
    client = Client(app)

    async def lifespan() -> str:
        async with app.router.lifespan_context(app):
            until = time.monotonic() + 20
            while desk.lookout is None or desk.lookout.seen is None:
                assert time.monotonic() < until
                await asyncio.sleep(0.01)
            return (await client._client.get("/metrics")).text

    text = client._runner.run(lifespan())
    client.close()
    assert 'accord_promise_broken{grade="A",what="close"} 1.0' in text
    assert not [thread for thread in threading.enumerate() if thread.name == "lookout" and thread.is_alive()]


def test_the_time_of_a_check_needs_its_zone(ledger: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="needs its zone"):
        append(ledger, Check(datetime(2026, 3, 5), WELL))  # noqa: DTZ001 - what the test is about
    append(ledger, Check(datetime(2026, 3, 5, tzinfo=UTC), WELL))
