"""Nobody gets in who should not: every address, every kind of key, and what is said to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access import Access
from serving.desk import Desk
from serving.doors import DOORS, Door, Role, door_of
from serving.ledger import keys
from serving.ledger.roster import LedgerRoster
from serving.metrics import Metrics
from serving.rates import SLOTS, Rates
from serving.settings import Settings
from tests.serving.conftest import NOW, Client, Running
from tests.serving.keyrings import UNKNOWN, YEAR, Keyring, bare, keyring
from tests.serving.test_metrics_and_logs import metrics
from tests.serving.test_request_limits import problem
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]

EVERYBODY = "without a key"
OPENS_TO = {
    "POST /v1/scores": "admin data marketing sales",
    "GET /v1/definition": "admin data marketing sales",
    "POST /v1/feedback": "admin marketing sales",
    "GET /v1/leads/{lead_id:path}": "admin data marketing sales",
    "DELETE /v1/leads/{lead_id:path}": "admin",
    "GET /v1/shortlist": "admin marketing sales",
    "POST /v1/objections": "admin marketing sales",
    "GET /metrics": "admin data",
    "GET /healthz": EVERYBODY,
    "GET /livez": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /openapi.json": EVERYBODY,
    "GET /docs.json": EVERYBODY,
}
"""Written out a second time on purpose: whoever changes `serving.doors` says it here too."""

CLOSED = ("none", "revoked", "expired", "unknown", "guessed", "malformed")
HOLDERS = (*CLOSED, *map(str, Role))


def addressed(door: Door) -> str:
    return door.path.replace("{lead_id:path}", "00Q1")


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for all routes: says that it was reached, and by whom."""
    caller = scope["state"].get("caller")
    told = None if caller is None else {"id": caller.id, "role": str(caller.role)}
    await JSONResponse({"caller": told})(scope, receive, send)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """For tests that make and revoke no key; the others take `own`."""
    return keyring(tmp_path_factory.mktemp("held"))


@pytest.fixture
def own(tmp_path: Path) -> Keyring:
    return keyring(tmp_path)


async def asked(app: ASGIApp, method: str, path: str, headers: Mapping[str, str], **scope: Any) -> int:
    """The status of the reply to a request as a server would hand it over, with this very path."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    given = [(name.lower().encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    whole = {"type": "http", "method": method, "path": path, "query_string": b"", "root_path": "", "headers": given}
    here = {"server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5_000)}
    await app({**whole, **here, **scope}, receive, send)
    return int(sent[0]["status"])


class Gate:
    """`Access` before `who`: nothing but access decides what comes back."""

    def __init__(self, roster: LedgerRoster | None, **settings: Any) -> None:
        self.metrics = Metrics()
        incumbent: Any = None
        self.now = NOW
        desk = Desk(incumbent, Settings(**settings), self.metrics, lambda: self.now, roster=roster)
        self.app: ASGIApp = Access(who, desk)

    def ask(self, method: str = "GET", path: str = "/v1/definition", **what: Any) -> httpx.Response:
        client = Client(self.app, what.pop("address", ("127.0.0.1", 50_000)))
        try:
            return client.request(method, path, **what)
        finally:
            client.close()

    def refused(self, why: str) -> float:
        text = self.metrics.page(None, NOW).decode()
        lines = (line.split() for line in text.splitlines() if line.startswith(f'accord_refused_total{{why="{why}"}}'))
        return sum(float(value) for _, value in lines)


def test_the_table_of_doors_is_this() -> None:
    told = {f"{d.method} {d.path}": EVERYBODY if d.roles is None else " ".join(sorted(d.roles)) for d in DOORS}
    assert told == OPENS_TO


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_each_door_opens_to_its_roles_and_to_nobody_else(door: Door, holder: str, held: Keyring) -> None:
    gate = Gate(held.roster)
    reply = gate.ask(door.method, addressed(door), headers=held.headers(holder))
    opens_to = OPENS_TO[f"{door.method} {door.path}"]
    if opens_to == EVERYBODY:
        assert reply.json() == {"caller": None}
    elif holder in opens_to.split():
        assert reply.json() == {"caller": {"id": held.ids[holder], "role": holder}}
    elif holder in CLOSED:
        problem(reply, 401, "no-key")
        assert reply.headers["www-authenticate"] == "Bearer"
    else:
        told = problem(reply, 403, "role-not-allowed")
        assert set(told["expected"].removeprefix("a key for ").split(" or ")) == set(opens_to.split())


@pytest.mark.parametrize("holder", HOLDERS)
def test_the_service_itself_lets_each_in_where_the_table_says(holder: str, held: Keyring, run: Run) -> None:
    running = run(desk=held.desk)
    for route in running.app.routes:
        assert isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}:
            path = route.path.replace("{lead_id:path}", "00Q1").replace("{lead_id}", "00Q1")
            opens_to = OPENS_TO[f"{method} {route.path}"]
            reply = running.client.request(method, path, headers=held.headers(holder))
            if opens_to == EVERYBODY or holder in opens_to.split():
                assert reply.status_code not in {401, 403, 429}, (method, path)
            else:
                assert reply.status_code == (401 if holder in CLOSED else 403), (method, path)


def test_every_route_has_a_door(run: Run) -> None:
    for route in run().app.routes:
        assert isinstance(route, Route)
        for method in route.methods or ():
            assert door_of(method, route.path) is not None, f"{method} {route.path} is not named in serving/doors.py"


def test_a_route_that_the_table_does_not_name_is_reached_by_nobody(run: Run, held: Keyring) -> None:
    async def forgotten(_: Request) -> Response:
        raise AssertionError("reached")

    running = run(desk=held.desk)
    running.app.router.routes.append(Route("/v1/everything", forgotten))
    problem(running.client.get("/v1/everything", headers=held.headers("admin")), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1/definition/",
            "//v1/definition",
            "/V1/definition",
            "/v1/./definition",
            "/v1/definition\n",
            "v1/definition",
        ),
        *("/v1/definition\0", "/v1/definition;a=b", "/healthz/../v1/definition", "/healthz/v1", "/healthz\n", "*", ""),
        *(
            "v1/definition",
            "/v1/leads/",
            "/v1/leads",
            "/metrics/",
            "/static_content/",
            "/schema.json",
            "/docs",
            "http://a/metrics",
        ),
    ],
)
async def test_no_spelling_of_an_address_opens_another(path: str, held: Keyring, run: Run) -> None:
    app = run(desk=held.desk).app
    for holder in ("none", "data", "admin"):
        assert await asked(app, "GET", path, held.headers(holder)) == 404, path


async def test_no_path_of_a_lead_leaves_the_leads(held: Keyring) -> None:
    gate = Gate(held.roster)
    for path in ("/v1/leads/../../metrics", "/v1/leads//metrics", "/v1/leads/a/../../definition", "/v1/leads/%2e%2e"):
        assert await asked(gate.app, "DELETE", path, held.headers("data")) == 403
        assert await asked(gate.app, "GET", path, {}) == 401


def test_what_is_not_there_says_the_same_with_and_without_a_key(held: Keyring, run: Run) -> None:
    client = run(desk=held.desk).client
    for method, path in (("GET", "/wp-admin/ada"), ("PUT", "/v1/scores"), ("OPTIONS", "/v1/leads/ada")):
        replies = [
            client.request(method, path, headers=held.headers(holder)) for holder in ("none", "revoked", "admin")
        ]
        assert len({(reply.status_code, reply.text, reply.headers.get("allow")) for reply in replies}) == 1
        assert "ada" not in replies[0].text
    assert client.request("PUT", "/v1/scores").headers["allow"] == "POST"


def test_keys_that_open_nothing_are_told_the_same(held: Keyring) -> None:
    gate = Gate(held.roster)
    replies = [gate.ask(headers=held.headers(holder)) for holder in CLOSED]
    assert len({reply.content for reply in replies}) == 1
    assert len({tuple(sorted(reply.headers.items())) for reply in replies}) == 1


def test_only_our_counts_tell_them_apart(held: Keyring) -> None:
    gate = Gate(held.roster)
    for holder in HOLDERS:
        gate.ask("DELETE", "/v1/leads/1", headers=held.headers(holder))
    told = {why: gate.refused(why) for why in ("no_key", "revoked", "expired", "unknown", "malformed", "role", "rate")}
    assert told == {"no_key": 1, "revoked": 1, "expired": 1, "unknown": 2, "malformed": 1, "role": 3, "rate": 0}


def test_a_key_may_come_in_either_header(held: Keyring) -> None:
    gate, key = Gate(held.roster), held.keys["sales"]
    same = {"caller": {"id": held.ids["sales"], "role": "sales"}}
    for headers in (
        {"authorization": f"Bearer {key}"},
        {"authorization": f"bearer   {key} "},
        {"x-api-key": key},
        {"x-api-key": key, "authorization": f"Bearer {key}"},
        {"x-api-key": key, "authorization": "Basic YWRhOmxvdmVsYWNl"},
    ):
        assert gate.ask(headers=headers).json() == same, headers
    for headers in (
        {"authorization": key},
        {"authorization": f"Basic {key}"},
        {"authorization": f"Bearer{key}"},
        {"authorization": "Bearer"},
        {"x-api-key": f"Bearer {key}"},
        {"x-api-key": held.keys["admin"], "authorization": f"Bearer {key}"},
        {"cookie": f"x-api-key={key}"},
    ):
        problem(gate.ask(headers=headers), 401, "no-key")
    problem(gate.ask(params={"api_key": key, "x-api-key": key}), 401, "no-key")


def test_a_head_asks_for_the_key_of_a_get(held: Keyring) -> None:
    gate = Gate(held.roster)
    assert gate.ask("HEAD", "/metrics").status_code == 401
    assert gate.ask("HEAD", "/metrics", headers=held.headers("sales")).status_code == 403
    assert gate.ask("HEAD", "/metrics", headers=held.headers("data")).status_code == 200


def test_a_stolen_key_is_shut_out_once_it_is_revoked(own: Keyring) -> None:
    gate = Gate(own.roster)
    assert gate.ask(headers=own.headers("marketing")).status_code == 200
    keys.revoke(own.database, own.ids["marketing"], NOW)
    own.roster.look()
    problem(gate.ask(headers=own.headers("marketing")), 401, "no-key")
    assert gate.ask(headers=own.headers("sales")).status_code == 200, "the others go on"


def test_a_key_expires_by_the_clock(held: Keyring) -> None:
    gate = Gate(held.roster)
    gate.now = NOW + YEAR - timedelta(seconds=1)
    assert gate.ask(headers=held.headers("sales")).status_code == 200
    gate.now = NOW + YEAR
    problem(gate.ask(headers=held.headers("sales")), 401, "no-key")


def test_whoever_is_kept_out_has_no_body_read(held: Keyring) -> None:
    def nothing() -> Any:
        raise AssertionError("the body was read")

    class Unread(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            nothing()
            yield b""

    gate = Gate(held.roster)
    for holder in ("none", "unknown", "data"):
        reply = gate.ask("POST", "/v1/feedback", content=Unread(), headers=held.headers(holder))
        assert reply.status_code in {401, 403}


# Without keys


@pytest.fixture(params=["no ledger", "no key in it"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Gate:
    return Gate(None if request.param == "no ledger" else bare(tmp_path).roster)


def test_while_no_key_was_made_this_machine_is_let_in(open_: Gate) -> None:
    for door in (door for door in DOORS if door.roles is not None):
        assert open_.ask(door.method, addressed(door)).json() == {"caller": {"id": "local", "role": "admin"}}
    for host in ("localhost:3000", "127.0.0.1", "127.0.0.7:80", "[::1]:3000"):
        assert open_.ask(headers={"host": host}).status_code == 200, host
    assert open_.ask(headers={"origin": "http://localhost:3000"}).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.2", "2001:db8::1", "172.17.0.1", "testclient", ""])
def test_nobody_from_elsewhere_is(open_: Gate, address: str) -> None:
    told = problem(open_.ask(address=(address, 50_000)), 401, "no-key")
    assert "accord keys create" in told["remedy"]


@pytest.mark.parametrize(
    "header",
    [
        *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded", "Via", "X-Real-IP"),
        *("X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Envoy-External-Address", "X-Original-Forwarded-For"),
    ],
)
def test_nobody_behind_a_proxy_is(open_: Gate, header: str) -> None:
    for value in ("127.0.0.1", "for=127.0.0.1", ""):
        problem(open_.ask(headers={header: value}), 401, "no-key")


@pytest.mark.parametrize(
    "headers",
    [
        *({"host": host} for host in ("rebound.example:3000", "127.0.0.1.example", "localhost.example")),
        *({"host": host} for host in ("", "[::1", "0", "localhost@rebound.example")),
        *({"origin": origin} for origin in ("https://evil.example", "null", "http://127.0.0.1.example", "file://")),
    ],
)
def test_no_web_page_in_a_browser_of_this_machine_is(open_: Gate, headers: dict[str, str]) -> None:
    problem(open_.ask(headers=headers), 401, "no-key")


async def test_nobody_is_where_the_servers_end_is_no_loopback_or_not_known(open_: Gate) -> None:
    assert await asked(open_.app, "GET", "/v1/definition", {}) == 200
    ends: tuple[dict[str, Any], ...] = ({"server": ("192.0.2.1", 80)}, {"server": None}, {"client": None})
    for end in ends:
        assert await asked(open_.app, "GET", "/v1/definition", {}, **end) == 401


def test_a_key_that_opens_nothing_is_refused_there_too(open_: Gate) -> None:
    problem(open_.ask(headers={"x-api-key": UNKNOWN}), 401, "no-key")


def test_with_the_first_key_this_machine_is_asked_too(tmp_path: Path) -> None:
    held = bare(tmp_path)
    gate = Gate(held.roster)
    assert gate.ask().status_code == 200
    key, text = keys.create(held.database, Role.SALES, "CRM", NOW, YEAR)
    held.roster.look()
    problem(gate.ask(), 401, "no-key")
    assert gate.ask(headers={"x-api-key": text}).status_code == 200
    keys.revoke(held.database, key.id, NOW)
    held.roster.look()
    problem(gate.ask(), 401, "no-key")


def test_where_no_key_is_known_everything_but_health_is_refused(tmp_path: Path, run: Run) -> None:
    held = keyring(tmp_path)
    roster = LedgerRoster(held.database)  # it has not looked
    gate = Gate(roster)
    for door in DOORS:
        for headers in ({}, held.headers("admin")):
            reply = gate.ask(door.method, addressed(door), headers=headers)
            if door.roles is None:
                assert reply.status_code == 200
            else:
                problem(reply, 503, "keys-unknown")
                assert reply.headers["retry-after"] == "5"
    client = run(desk={"roster": roster}).client
    assert client.get("/healthz").status_code == 200
    problem(client.get("/readyz"), 503, "keys-unknown")


# How often


class Clock:
    """The time that `limits` sees."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        for module in ("limits.storage.memory", "limits.strategies", "serving.rates"):
            monkeypatch.setattr(f"{module}.time", self)

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_key_may_ask_so_often_a_minute_and_then_waits(held: Keyring, clock: Clock) -> None:
    gate = Gate(held.roster, rate_per_minute=5)
    for _ in range(5):
        assert gate.ask(headers=held.headers("sales")).status_code == 200
    reply = gate.ask(headers=held.headers("sales"))
    assert problem(reply, 429, "too-many-requests")["limit"] == 5
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert gate.ask(headers=held.headers("data")).status_code == 200, "each key has its own"
    assert gate.ask(path="/healthz", headers=held.headers("sales")).status_code == 200
    clock.now += 120
    assert gate.ask(headers=held.headers("sales")).status_code == 200
    assert gate.refused("rate") == 1


def test_the_window_slides(held: Keyring, clock: Clock) -> None:
    gate = Gate(held.roster, rate_per_minute=60)
    clock.now = 60 * (clock.now // 60) + 59
    assert sum(gate.ask(headers=held.headers("sales")).status_code == 200 for _ in range(70)) == 60
    clock.now += 2
    assert sum(gate.ask(headers=held.headers("sales")).status_code == 200 for _ in range(70)) < 10, "no second burst"


def test_this_machine_without_keys_is_not_limited(tmp_path: Path) -> None:
    gate = Gate(bare(tmp_path).roster, rate_per_minute=2)
    assert [gate.ask().status_code for _ in range(5)] == [200] * 5


def test_guessing_is_stopped_by_address_and_a_good_key_from_there_goes_on(held: Keyring, clock: Clock) -> None:
    gate = Gate(held.roster)

    def ask(holder: str, address: str) -> int:
        return gate.ask(headers=held.headers(holder), address=(address, 50_000)).status_code

    kinds = ("unknown", "guessed", "revoked", "expired", "malformed")
    assert [ask(kinds[n % 5], "192.0.2.7") for n in range(30)] == [401] * 30
    assert [ask(kind, "192.0.2.7") for kind in kinds] == [429] * 5
    assert ask("sales", "192.0.2.7") == 200
    assert ask("none", "192.0.2.7") == 401, "no key is no guess"
    assert ask("unknown", "198.51.100.9") == 401
    clock.now += 120
    assert ask("unknown", "192.0.2.7") == 401
    assert gate.refused("guessing") == 5


def test_a_houses_whole_ipv6_network_is_one_address(held: Keyring, clock: Clock) -> None:
    gate = Gate(held.roster)
    codes = [
        gate.ask(headers=held.headers("unknown"), address=(f"2001:db8:1:2::{n:x}", 1)).status_code for n in range(31)
    ]
    assert codes == [401] * 30 + [429]


def test_random_keys_from_random_addresses_fill_no_memory(held: Keyring, clock: Clock) -> None:
    rates = Rates(6000)
    for n in range(6_000):
        rates.failed(f"198.{n % 250}.{n // 250}.1")
        rates.failed(f"2001:db8:{n:x}::1")
    storage: Any = rates._windows.storage
    assert len(storage.storage) <= SLOTS
    gate = Gate(held.roster)
    for n in range(200):
        gate.ask(headers={"x-api-key": f"accord_{n:016x}_{'A' * 43}"})
    gates: Any = gate.app
    assert len(gates._rates._windows.storage.storage) == 1


def test_what_was_refused_is_in_the_services_metrics(held: Keyring, run: Run) -> None:
    running = run(desk=held.desk)
    running.client.get("/v1/definition")
    running.client.get("/v1/definition", headers=held.headers("revoked"))
    page = running.client.get("/metrics", headers=held.headers("data")).text
    assert 'accord_refused_total{why="no_key"} 1.0' in page
    assert 'accord_refused_total{why="revoked"} 1.0' in page
    assert 'accord_errors_total{kind="no-key",of="request"} 2.0' in page


def test_a_keys_score_is_the_score_without_keys(held: Keyring, run: Run) -> None:
    open_, kept = run(), run(desk=held.desk)
    body = {"leads": [a_lead()]}
    scored = kept.client.post("/v1/scores", json=body, headers=held.headers("marketing")).json()
    assert scored == open_.client.post("/v1/scores", json=body).json()
    assert metrics(open_)["accord_requests_total", "/v1/scores", "200"] == 1
