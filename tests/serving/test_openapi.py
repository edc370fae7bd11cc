from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving.openapi.document import document
from serving.problems import Kind
from serving.settings import Settings
from tests.serving.conftest import NOW, Running
from tests.serving.keyrings import Keyring, keyring
from tests.serving.ledger.placed import put, standing
from tests.serving.ledger.rows import recorder
from tests.serving.scorers import scorer
from tests.sheets import agreement, sheet

Run = Callable[..., Running]

OVER_A_LEDGER = ("/v1/feedback", "/v1/objections", "/v1/leads/{lead_id}")  # fuzzed where there is one, in test_erasure


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """Keys, and no limit to guesses at them: the fuzzer tries without its own again and again."""
    monkeypatch.setattr("serving.rates.FAILED_PER_MINUTE", 10**9)
    return keyring(tmp_path)


@pytest.fixture
def own_document(
    run: Run, artifacts: Callable[..., Path], shown: Keyring, tmp_path: Path
) -> Iterator[schemathesis.BaseSchema]:
    put(shown.database, "standings", *(standing(f"l{i}", i / 9, due_at=NOW) for i in range(9)))
    recording = recorder(tmp_path, shown.database)
    recording.start()
    running = run(desk={**shown.desk, "recorder": recording}, rate_per_minute=10**9)
    signed = sheet(of=scorer().definition, grading=scorer().grading)
    running.store.put(artifacts(1), {"version": "12"}, agreement(signed, "marketing", "sales"))
    running.incumbent.look()
    assert running.client.get("/v1/definition", headers=shown.headers("sales")).json()["signed"]
    yield schemathesis.openapi.from_asgi("/openapi.json", running.app)
    recording.stop()


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_a_fuzzer_finds_nothing_against_our_own_document(
    own_document: schemathesis.BaseSchema, mode: schemathesis.GenerationMode, shown: Keyring
) -> None:
    examples = {schemathesis.GenerationMode.POSITIVE: 40, schemathesis.GenerationMode.NEGATIVE: 12}[mode]
    bounded = settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    every_one = [result.ok() for result in own_document.get_all_operations()]
    operations = [operation for operation in every_one if operation.path not in OVER_A_LEDGER]
    if mode is schemathesis.GenerationMode.NEGATIVE:  # the others take nothing that could be wrong
        operations = [operation for operation in operations if operation.method == "post"]
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @bounded
        def holds(case: schemathesis.Case) -> None:
            unrepeated(case).call_and_validate(
                headers=shown.headers("admin") | {"X-API-Key": shown.keys["admin"]},
                excluded_checks=unknowable(case.method),
            )

        holds()
    assert operations


def unrepeated(case: schemathesis.Case) -> schemathesis.Case:
    """The case with a key of its own, where it has one: of a key used before it cannot be told what it stood for."""
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = secrets.token_hex(8)
    return case


def unknowable(method: str) -> list[CheckFunction]:
    """What cannot be told from the document: a cursor must be of the page before, and `from` not after `to`."""
    return [positive_data_acceptance] if method.upper() == "GET" else []


def test_every_route_is_documented(run: Run) -> None:
    routes: dict[str, set[str]] = {}
    for route in run().app.routes:
        path = route.path.replace(":path}", "}")  # type: ignore[attr-defined]
        routes.setdefault(path, set()).update(route.methods - {"HEAD"})  # type: ignore[attr-defined]
    documented = {path: {m.upper() for m in item} for path, item in document(Settings())["paths"].items()}
    assert documented == routes


def test_bentos_own_address_gives_our_document(run: Run) -> None:
    client = run().client
    assert client.get("/docs.json").json() == client.get("/openapi.json").json() == document(Settings())


def test_the_document_names_every_kind_of_problem() -> None:
    kinds = document(Settings())["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert kinds == [kind.uri for kind in Kind]


def test_the_document_states_the_limits_in_force() -> None:
    leads = document(Settings(max_leads=7))["components"]["schemas"]["Request"]["properties"]["leads"]
    assert leads["maxItems"] == 7


def test_the_documents_example_is_answered(run: Run) -> None:
    running = run()
    content = document(Settings())["paths"]["/v1/scores"]["post"]["requestBody"]["content"]
    reply = running.client.post("/v1/scores", json=content["application/json"]["example"]).json()
    assert len(reply["scores"]) == 1
