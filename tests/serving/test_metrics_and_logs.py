from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from serving import logs
from tests.serving.conftest import Running
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]

PERSONAL = {"source": "Ada Lovelace", "email": "ada@lovelace.example", "employees": 987654}


def metrics(running: Running) -> dict[tuple[str, ...], float]:
    """By name and labels, the labels in alphabetical order."""
    families = text_string_to_metric_families(running.client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {(s.name, *(s.labels[label] for label in sorted(s.labels))): s.value for s in samples}


def test_scores_are_counted_by_grade(run: Run) -> None:
    running = run()
    reply = running.post(*(a_lead(f"l{i}", attributes={"employees": i * 25}) for i in range(20)))
    grades = [score["grade"] for score in reply["scores"]]
    told = metrics(running)
    assert {key[1]: value for key, value in told.items() if key[0] == "accord_scores_total"} == {
        grade: grades.count(grade) for grade in "ABCD"
    }
    assert told["accord_request_leads_sum",] == 20


def test_requests_and_their_times_are_counted_by_route(run: Run) -> None:
    running = run()
    running.post(a_lead())
    running.client.get("/v1/nowhere")
    running.client.get("/somebody@example.com")
    told = metrics(running)
    assert told["accord_requests_total", "/v1/scores", "200"] == 1
    assert told["accord_requests_total", "other", "404"] == 2, "addresses of strangers make no series of their own"
    assert told["accord_request_seconds_count", "/v1/scores"] == 1
    assert told["accord_request_seconds_bucket", "+Inf", "/v1/scores"] == 1


def test_errors_are_counted_by_kind(run: Run) -> None:
    running = run()
    running.post({}, {"lead_id": 3}, a_lead(as_of="2027-01-01T00:00:00Z"))
    running.client.post("/v1/scores", content=b"{")
    running.client.post("/v1/scores", json=[])
    told = metrics(running)
    errors = {key[1:]: value for key, value in told.items() if key[0] == "accord_errors_total"}
    lead = {kind: value for (kind, of), value in errors.items() if of == "lead"}
    whole = {kind: value for (kind, of), value in errors.items() if of == "request"}
    assert lead == {"missing": 1, "type": 1, "time": 1}
    assert whole == {"unsupported-media-type": 1, "invalid-request": 1}


def test_the_model_and_its_age_are_told(run: Run) -> None:
    text = run().client.get("/metrics").text
    assert 'accord_model_info{definition="what a lead is",' in text
    assert 'version="12"' in text
    told = metrics(run())
    # Trained on an export of 2026-06-30, asked on 2026-03-05: the clock of these tests stands still.
    assert told["accord_model_age_seconds",] == -(117 * 86_400 - 12 * 3600)
    assert told["accord_ready",] == 1
    assert told["accord_takeovers_total", "done"] == 1


def test_what_will_be_counted_is_there_from_nought(run: Run) -> None:
    """Prometheus sees no increase in a series that begins at one: the first failure would never be noticed."""
    nothing = metrics(run(seed=None))
    assert nothing["accord_ready",] == 0
    assert not any(key[0] in {"accord_grade_rank", "accord_scores_total"} for key in nothing)
    ready = metrics(run())
    grades = {key[1]: value for key, value in ready.items() if key[0] == "accord_scores_total"}
    assert grades == dict.fromkeys("ABCD", 0)
    for told in (nothing, ready):
        assert told["accord_takeovers_total", "failed"] == 0
        assert told["accord_requests_total", "/v1/scores", "500"] == 0


def test_the_order_of_the_grades_is_told(run: Run) -> None:
    told = metrics(run())
    ranks = {key[1]: value for key, value in told.items() if key[0] == "accord_grade_rank"}
    assert ranks == {"A": 1, "B": 2, "C": 3, "D": 4}


@pytest.fixture
def json_logs() -> Iterator[Callable[[], None]]:
    """Call it in the test itself: the logs go to the standard output of that moment."""
    yield logs.configure
    structlog.reset_defaults()


def test_logs_say_what_happened_and_nothing_of_a_lead(
    run: Run,
    json_logs: Callable[[], None],
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    json_logs()
    running = run()
    lead = a_lead("secret-key", attributes=PERSONAL, created_at="2026-02-03T04:05:06Z")
    bad = a_lead("secret-key", attributes=PERSONAL | {"employees": "Ada Lovelace"})
    running.post(lead, bad)
    running.client.post("/v1/scores", content=b"ada@lovelace.example", headers={"content-type": "application/json"})
    running.client.post("/v1/scores", json={"leads": [lead], "language": "ada@lovelace.example"})
    running.client.get("/v1/ada@lovelace.example?name=Lovelace", headers={"x-request-id": "ada@lovelace.example"})

    def broken(*_: object) -> None:
        raise ValueError(f"could not convert {PERSONAL}")

    monkeypatch.setattr("serving.scoring._rows", broken)
    assert running.client.post("/v1/scores", json={"leads": [lead]}).status_code == 500

    out, err = capsysbinary.readouterr()
    told = [json.loads(line) for line in out.splitlines()]
    assert [line["status"] for line in told if line["event"] == "request"] == [200, 400, 422, 404, 500]
    assert told[1].keys() >= {"request_id", "route", "status", "ms", "leads", "refused", "model", "level", "timestamp"}
    assert (told[1]["leads"], told[1]["refused"]) == (2, 1)
    failed = next(line for line in told if line["event"] == "failed")
    assert failed["error"] == "ValueError"
    for word in (b"ada", b"Lovelace", b"987654", b"secret-key", b"webinar", b"2026-02-03"):
        assert word not in out + err


def test_machines_that_ask_every_second_fill_no_log(
    run: Run, json_logs: Callable[[], None], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    json_logs()
    running = run()
    capsysbinary.readouterr()
    for path in ("/healthz", "/livez", "/readyz", "/metrics"):
        running.client.get(path)
    assert capsysbinary.readouterr().out == b""


def test_a_caller_may_name_its_request(run: Run) -> None:
    client = run().client
    given = client.get("/healthz", headers={"x-request-id": "crm-2026-1"})
    assert given.headers["x-request-id"] == "crm-2026-1"
    made = [client.get("/healthz", headers={"x-request-id": bad}).headers["x-request-id"] for bad in ("a b", "x" * 65)]
    assert all(len(own) == 16 for own in made)
