from __future__ import annotations

import asyncio
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from serving.problems import Problem
from serving.reading import open_envelope, read
from tests.serving.conftest import Running
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]
JSON = {"content-type": "application/json"}
GOOD = json.dumps({"leads": [a_lead()]}).encode()


def problem(reply: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document = dict(reply.json())
    assert document["type"] == f"urn:accord:problem:{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"\x80\x04\x95\x0c\x00\x00\x00.",  # a pickle
        b'{"leads": [{"lead_id": "\xff"}]}',
        b"\xef\xbb\xbf" + GOOD,
        GOOD[:-1],
        GOOD + b"x",
        b'{"leads": [{"lead_id": "a", "attributes": {"employees": NaN}}]}',
        b'{"leads": [{"lead_id": "a", "attributes": {"employees": -Infinity}}]}',
        b'{"leads": [{"lead_id": "\\ud800"}]}',
        b'{"leads": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"leads": [' + b'{"attributes":' * 100_000 + b"1" + b"}" * 100_000 + b"]}",
        GOOD.decode().encode("utf-16"),
    ],
)
def test_what_is_no_json_is_malformed(run: Run, body: bytes) -> None:
    problem(run().client.post("/v1/scores", content=body, headers=JSON), 400, "malformed-body")


@pytest.mark.parametrize(
    "request_",
    [
        [],
        3,
        {},
        {"leads": None},
        {"leads": {"lead_id": "a"}},
        {"leads": [], "language": "de"},
        {"leads": [], "language": None},
        {"leads": [], "reasons": -1},
        {"leads": [], "reasons": 11},
        {"leads": [], "reasons": 2.5},
        {"leads": [], "reasons": "3"},
        {"leads": [], "langage": "fr"},
        {"leads": [a_lead()] * 1001},
    ],
)
def test_a_request_that_is_not_the_contracts_is_invalid(run: Run, request_: Any) -> None:
    problem(run().client.post("/v1/scores", json=request_), 422, "invalid-request")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/vnd.bentoml+pickle"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(run: Run, headers: dict[str, str]) -> None:
    problem(run().client.post("/v1/scores", content=GOOD, headers=headers), 415, "unsupported-media-type")


@pytest.mark.parametrize("declared", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_however_it_is_declared(run: Run, declared: str) -> None:
    assert run().client.post("/v1/scores", content=GOOD, headers={"content-type": declared}).status_code == 200


def test_a_declared_body_too_large_is_refused_unread(run: Run) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = JSON | {"content-length": "50000000"}
    reply = run().client.post("/v1/scores", content=nothing(), headers=headers)
    assert problem(reply, 413, "body-too-large")["limit"] == 10 * 1024 * 1024


async def test_a_chunked_body_is_refused_once_it_is_too_large(run: Run) -> None:
    app = run(max_body_bytes=1000).app
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b" " * 300, "more_body": asked < 20}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/scores",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
    }
    here = {"server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5_000)}
    scope |= {"query_string": b"", "root_path": "", "scheme": "http", **here}
    await app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert asked == 4, "the fourth piece is the one too many"


def test_limits_are_settings(run: Run) -> None:
    client = run(max_leads=2, max_body_bytes=len(GOOD) + 10).client
    assert client.post("/v1/scores", json={"leads": [{}, {}]}).status_code == 200
    problem(client.post("/v1/scores", json={"leads": [{}, {}, {}]}), 422, "invalid-request")
    problem(client.post("/v1/scores", content=GOOD + b" " * 11, headers=JSON), 413, "body-too-large")


def test_millions_of_leads_are_refused_at_the_first_too_many() -> None:
    body = b'{"leads": [' + b"1," * 4_000_000 + b"1]}"
    tracemalloc.start()
    try:
        with pytest.raises(Problem):
            open_envelope(body, 1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000 + len(body)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("leads", "activities", "aside"), [(1, 0, False), (9, 0, True), (1, 2000, True)], ids=["short", "many", "large"]
)
def test_long_work_leaves_the_event_loop_to_health_checks(
    run: Run, monkeypatch: pytest.MonkeyPatch, leads: int, activities: int, aside: bool
) -> None:
    threads = []

    def watched(*args: Any) -> Any:
        threads.append(threading.current_thread())
        return read(*args)

    monkeypatch.setattr("serving.routes.scores.read", watched)
    done = [{"kind": "page_view", "occurred_at": "2026-03-02T10:11:00Z"}] * activities
    run().post(*[a_lead(activities=done)] * leads)
    assert [thread is not threading.main_thread() for thread in threads] == [aside]


def test_a_body_that_does_not_come_is_given_up(run: Run) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    problem(run(body_seconds=0.05).client.post("/v1/scores", content=slowly(), headers=JSON), 408, "body-too-slow")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/scores/", "/v2/scores", "/schema.json", "/%00"])
def test_other_addresses_are_not_found(run: Run, path: str) -> None:
    client = run().client
    for method in ("GET", "POST", "DELETE"):
        problem(client.request(method, path), 404, "not-found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(run: Run, method: str) -> None:
    reply = run().client.request(method, "/v1/scores", content=b"")
    problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "POST"


def test_a_head_has_the_headers_of_a_get(run: Run) -> None:
    client = run().client
    for path in ("/healthz", "/livez", "/readyz", "/openapi.json"):
        assert client.request("HEAD", path).status_code == 200
    assert client.request("HEAD", "/v1/scores").status_code == 405


def test_a_failure_of_ours_is_a_problem_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    running = run()

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("serving.scoring._rows", broken)
    reply = running.client.post("/v1/scores", content=GOOD, headers=JSON)
    assert reply.headers["x-request-id"] in problem(reply, 500, "internal-error")["detail"]
