from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crm.errors import UnavailableError
from serving.app import application
from serving.ledger import Ledger
from serving.ledger.checks import append
from serving.lookout import Check, LastCheck, Lookout, Seen, newest
from serving.metrics import Metrics
from tests.serving.conftest import NOW, Client, Running

Run = Callable[..., Running]

DOCUMENT: dict[str, Any] = {
    "promises": [
        {"grade": "A", "what": "close", "state": "broken", "since": "2026-02-01"},
        {"grade": "A", "what": "accept", "state": "kept"},
        {"grade": "B", "what": "close", "state": "young"},
    ],
    "findings": [
        {"code": "scores_moved", "alarm": True, "sentence": "The scores themselves moved."},
        {"code": "fields_moved", "alarm": False},
        {"code": "fields_moved", "alarm": False},
    ],
}
FIRST = Check.of(NOW, DOCUMENT)
NEXT = Check.of(NOW + timedelta(days=1), {"promises": [], "findings": []})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open("sqlite:///ledger.db", tmp_path)


def told(seen: Seen | None, now: datetime = NOW) -> dict[tuple[str, ...], float]:
    """What the page says of checks, by name and labels in alphabetical order."""
    page = Metrics().page(None, now, LastCheck(seen, now)).decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {
        (s.name, *(s.labels[label] for label in sorted(s.labels))): s.value
        for s in samples
        if s.name.startswith(("accord_check", "accord_promise"))
    }


def test_the_last_check_is_read_from_the_ledger(ledger: Ledger) -> None:
    assert newest(ledger.database) is None
    append(ledger, DOCUMENT, NOW)
    assert newest(ledger.database) == FIRST


def test_the_check_kept_last_is_the_newest_whatever_a_clock_said(ledger: Ledger) -> None:
    append(ledger, {"promises": [], "findings": []}, NOW + timedelta(days=400))
    append(ledger, DOCUMENT, NOW)
    assert newest(ledger.database) == FIRST


@pytest.mark.parametrize(
    "wrong",
    [
        {"promises": [{"grade": "A", "what": "close", "state": "dreadful"}]},
        {"promises": [{"grade": 1, "what": "close", "state": "kept"}]},
        {"promises": [{"grade": "A", "state": "kept"}]},
        {"promises": None},
        {"findings": [{"code": "scores_moved", "alarm": "yes"}]},
        {"findings": [{"alarm": True}]},
    ],
    ids=str,
)
def test_what_is_no_document_of_a_check_is_not_believed(wrong: dict[str, Any], ledger: Ledger) -> None:
    append(ledger, DOCUMENT, NOW)
    lookout = Lookout(partial(newest, ledger.database))
    lookout.look()
    append(ledger, DOCUMENT | wrong, NOW + timedelta(days=1))  # as another version may keep it
    lookout.look()
    assert lookout.seen == Seen(FIRST)


def test_the_metrics_tell_the_last_check() -> None:
    assert told(Seen(FIRST), NOW + timedelta(hours=5)) == {
        ("accord_check_age_seconds",): 5 * 3600,
        ("accord_promise_broken", "A", "close"): 1,
        ("accord_promise_broken", "A", "accept"): 0,
        ("accord_check_findings", "scores_moved", "alarm"): 1,
        ("accord_check_findings", "fields_moved", "note"): 2,
    }, "of what could not be judged yet, such as B, nothing is said"


def test_no_check_ever_is_told_apart_from_a_ledger_never_reached() -> None:
    assert told(Seen(None)) == {("accord_check_age_seconds",): float("inf")}
    assert told(None) == {}


def test_a_ledger_out_of_reach_leaves_what_was_known_and_it_grows_older() -> None:
    answers = iter([FIRST, UnavailableError("gone"), ValueError("no JSON"), NEXT])

    def read() -> Check:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lookout = Lookout(read)
    assert lookout.seen is None
    for _ in range(3):
        lookout.look()
        assert lookout.seen == Seen(FIRST)
        assert told(lookout.seen, NOW + timedelta(days=3))["accord_check_age_seconds",] == 3 * 86400
    lookout.look()
    assert lookout.seen == Seen(NEXT)


def test_it_looks_again_and_again_until_it_is_stopped() -> None:
    count = itertools.count()
    lookout = Lookout(lambda: replace(FIRST, at=NOW + timedelta(seconds=next(count))), every=0.01)
    lookout.start()
    until = time.monotonic() + 20
    while lookout.seen is None or lookout.seen.check is None or lookout.seen.check.at < NOW + timedelta(seconds=3):
        assert time.monotonic() < until
        time.sleep(0.01)
    lookout.stop()
    last = next(count)
    time.sleep(0.1)
    assert next(count) == last + 1


def test_a_database_that_hangs_holds_up_neither_the_start_nor_the_page(run: Run) -> None:
    free = threading.Event()

    def hangs() -> None:
        free.wait(60)

    desk = run().desk
    desk.__dict__["lookout"] = lookout = Lookout(hangs)
    client = Client(application(desk))
    lookout.start()
    text = client.get("/metrics").text
    client.close()
    assert "accord_ready 1.0" in text
    assert "accord_check" not in text
    free.set()
    lookout.stop()


def test_the_application_looks_from_its_start_to_its_end(run: Run, ledger: Ledger) -> None:
    append(ledger, DOCUMENT, NOW)
    desk = replace(run().desk, ledger=ledger.database)
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
