"""Keys before the service as it runs: two servers with a ledger, real sockets, what they write to their outputs."""

from __future__ import annotations

import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from serving import launch
from serving.doors import Role
from serving.ledger import keys, schema
from serving.ledger.database import Database, database
from serving.openapi.document import document
from serving.settings import Settings
from serving.store import put
from tests.serving.test_real_server import free_port
from tests.serving.test_scores_contract import a_lead
from tests.serving.walked import walked

pytestmark = pytest.mark.slow

YEAR = timedelta(days=365)
WITHIN = 10.0
"""Seconds, by which a service must know: it looks every second, on a busy machine later."""


@dataclass
class Served:
    """One service or two, of two workers each, over one ledger."""

    ledger: Database
    urls: list[str]
    logs: list[Path]
    spool: Path
    servers: list[launch.Server] = field(default_factory=list)

    def made(self, role: Role, name: str = "test", lives: timedelta = YEAR) -> tuple[str, str]:
        key, text = keys.create(self.ledger, role, name, datetime.now(UTC), lives)
        return key.id, text

    def statuses(self, text: str | None, path: str = "/v1/definition", times: int = 8) -> set[int]:
        """What the services say, each asked over connections of its own so that every worker is."""
        headers = {} if text is None else {"authorization": f"Bearer {text}"}
        found = set()
        for url in self.urls:
            for _ in range(times):
                with httpx.Client(base_url=url) as client:
                    found.add(client.get(path, headers=headers).status_code)
        return found

    def until(self, text: str | None, status: int) -> float:
        """Waits until all say this, and gives how long it took."""
        began = time.monotonic()
        while self.statuses(text) != {status}:
            assert time.monotonic() - began < WITHIN
            time.sleep(0.05)
        return time.monotonic() - began

    def said(self) -> str:
        return "".join(log.read_text() for log in self.logs)


@pytest.fixture
def served(tmp_path: Path, artifacts: Callable[..., Path], request: pytest.FixtureRequest) -> Iterator[Served]:
    """As many services as the test says, one where it says nothing."""
    home = tmp_path / "home"
    put(artifacts(1), {"version": "12"}, home=home)
    ledger = database(f"sqlite:///{tmp_path / 'ledger.db'}", Path())
    schema.upgrade(ledger)
    made = Served(ledger, [], [], tmp_path / "spool-0")
    opened = []
    try:
        for n in range(getattr(request, "param", 1)):
            log = (tmp_path / f"log-{n}").open("wb")
            opened.append(log)
            environ = {
                "ACCORD_WORKERS": "2",
                "ACCORD_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
                "ACCORD_SPOOL": str(tmp_path / f"spool-{n}"),
            }
            server = launch.start(home, port=free_port(), environ=environ, stdout=log, stderr=log)
            made.servers.append(server)
            made.urls.append(server.url)
            made.logs.append(tmp_path / f"log-{n}")
        for server in made.servers:
            server.wait_ready()
        yield made
    finally:
        for server in made.servers:
            server.stop()
        for log in opened:
            log.close()


@pytest.mark.parametrize("served", [2], indirect=True)
def test_keys_from_the_first_to_the_last_revoked(served: Served) -> None:
    assert served.statuses(None) == {200}
    assert served.said().count("Open without keys to this machine alone") == 4, "each worker says so at its start"
    sales_id, sales = served.made(Role.SALES)
    served.until(None, 401)
    served.until(sales, 200)
    assert served.statuses(sales, "/metrics") == {403}
    _, data = served.made(Role.DATA)
    _, short = served.made(Role.DATA, lives=timedelta(seconds=1))
    served.until(data, 200)
    assert served.statuses(data, "/metrics") == {200}
    served.until(short, 401)
    keys.revoke(served.ledger, sales_id, datetime.now(UTC))
    assert served.until(sales, 401) < WITHIN
    assert served.statuses(data) == {200}
    for path in (served.spool / "roster.json", served.spool.parent / "spool-1" / "roster.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert served.statuses(None, "/healthz") == served.statuses(None, "/readyz") == {200}


def raw(url: str, sent: bytes, more: Iterable[bytes] = ()) -> bytes:
    """The first bytes that come back for these."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(sent)
            for piece in more:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


def test_what_no_client_would_send_is_answered_cleanly_or_cut_off(served: Served) -> None:
    _, key = served.made(Role.ADMIN)
    served.until(None, 401)
    url, process = served.urls[0], psutil.Process(served.servers[0].process.pid)

    def held() -> int:
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))

    before = held()
    head = b"POST /v1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    authorized = f"Authorization: Bearer {key}\r\n".encode()
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    huge = b"X-API-Key: " + b"a" * 8_000_000 + b"\r\n\r\n"
    answers = {
        "chunked, 60 MB, no key": raw(url, head + chunked, (chunk for _ in range(60))),
        "chunked, 60 MB": raw(url, head + authorized + chunked, (chunk for _ in range(60))),
        "one header of 8 MB": raw(url, b"GET /v1/definition HTTP/1.1\r\nHost: a\r\n" + huge),
        "NUL in a header": raw(url, b"GET /v1/definition HTTP/1.1\r\nHost: a\r\nX-API-Key: a\x00b\r\n\r\n"),
        "no header's form": raw(url, b"GET /v1/definition HTTP/1.1\r\nHost a\r\n\r\n"),
        "no HTTP": raw(url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        "both lengths": raw(url, head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "a path in bytes": raw(url, b"GET /v1/leads/%ff%fe%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        "an upgrade": raw(
            url,
            b"GET /v1/definition HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        ),
    }
    for what, answer in answers.items():
        status = int(answer.split(b" ", 2)[1]) if answer else 0
        assert status in {0, 400, 401, 403, 404, 413}, (what, answer[:200])
        assert b"Traceback" not in answer
        assert key.encode() not in answer
    assert b" 413 " in answers["chunked, 60 MB"][:20]
    assert b" 401 " in answers["chunked, 60 MB, no key"][:20]
    assert held() - before < 60_000_000
    assert served.statuses(key) == {200}


def test_neither_outputs_nor_metrics_hold_a_person_or_a_secret(served: Served) -> None:
    _, admin = served.made(Role.ADMIN, "Ada's key")
    _, data = served.made(Role.DATA)
    stolen_id, stolen = served.made(Role.SALES)
    keys.revoke(served.ledger, stolen_id, datetime.now(UTC))
    served.until(admin, 200)
    url = served.urls[0]
    words = ["Lovelace", "ada@lovelace.example", "00Q-SECRET-LEAD", "c0mment-about-Ada", "s3cr3t-t0ken", "987654321"]
    guessed = admin[:24] + "G" * 43
    personal = {"lead_id": words[2], "name": words[0], "email": words[1], "comment": words[3], "employees": words[5]}
    lead = a_lead(words[2], attributes={**personal, "source": words[0]})
    bodies: list[Any] = [
        {"leads": [lead, lead | {"as_of": words[0]}, {**personal, "attributes": words}]},
        {"leads": [lead], "language": words[1]},
        {"feedback": [personal | {"outcome": words[0], "reason": words[3], "actor": words[1]}], **personal},
        personal,
        words,
    ]
    with httpx.Client(base_url=url, timeout=30) as client:
        for asked in walked(document(Settings())):
            for key in (None, admin, data, stolen, guessed, f"accord_{words[4]}", words[4]):
                headers = {
                    "user-agent": words[0],
                    "x-request-id": words[1],
                    "idempotency-key": words[3],
                    "cookie": f"session={words[4]}",
                    "referer": f"https://crm.example/{words[2]}",
                    **({} if key is None else {"authorization": f"Bearer {key}"}),
                }
                query = {"who": words[0], "owner": words[1], "api_key": words[4], "key": admin}
                address = asked.path.replace("{lead_id}", words[2])
                for path in (address, f"{asked.path}/{words[1]}", f"/{words[2]}"):
                    client.request(asked.method, path, params=query, headers=headers)
                if asked.method == "POST":
                    for body in bodies:
                        client.post(address, json=body, params=query, headers=headers)
                    for content in (
                        words[1].encode(),
                        f'{{"leads": [{{"lead_id": "{words[2]}'.encode(),
                        b"\xff" + words[0].encode(),
                    ):
                        client.post(address, content=content, headers=headers | {"content-type": "application/json"})
        raw(url, f"GET /{words[2]} {words[0]}\r\n{words[1]}\r\n\r\n".encode())
        raw(url, f"POST /v1/scores HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n{words[2]}".encode())
        counted = client.get("/metrics", headers={"x-api-key": data}).text
    time.sleep(1.0)
    written = served.said() + counted
    assert '"why":"revoked"' in written
    assert f'"caller":"{stolen_id}"' in written, "who used it is known"
    for word in (*words, *(text.split("_", 2)[2] for text in (admin, data, stolen, guessed)), "Ada"):
        assert word not in written, word
