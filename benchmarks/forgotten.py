"""Erased leads are found nowhere, objecting ones get no score: a real service, killed and started again in between.

Looks for the bytes of each erased lead's key in every file of a project: ledger, write-ahead log, spool, what the
service keeps beside it, its log, and in the history that the next training would learn from. A bystander is looked for
in the same way, to show that the search finds what is there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from accord.learning import load
from accord.project import Opened, open_project
from benchmarks.faults import killed
from serving.launch import start
from serving.ledger.database import absolute
from serving.settings import variable
from serving.store import put
from tests.serving.scorers import saved
from tests.serving.test_real_server import free_port

PROJECT = "name: forgotten\nhistory: {source: {simulated: {leads: 800, seed: 1}}}\n"
LEADS, ERASED, OBJECTING = 60, 5, 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints where the keys are before and after; ends with 1 where one is left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks forgotten")
    parser.add_argument("--small", action="store_true", help="nothing is smaller than this")
    parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "accord.yaml").write_text(PROJECT, encoding="utf-8")
        opened = open_project(folder)
        put(saved(folder / "scorer"), {"version": "1"}, home=opened.state.bento)
        raise SystemExit(_forget(opened, folder))


def _forget(opened: Opened, folder: Path) -> int:
    ids = load(opened).history.leads["lead_id"].head(LEADS).tolist()
    erased, objecting, bystander = ids[:ERASED], ids[ERASED : ERASED + OBJECTING], ids[-1]
    with _service(opened, folder) as client:
        for _ in range(3):
            _score(client, ids)
        reports = [_report(lead_id) for lead_id in ids]
        _ok(client.post("/v1/feedback", json={"reports": reports}, headers={"Idempotency-Key": f"all-{erased[0]}"}))
        for lead_id in erased:
            _ok(client.post("/v1/feedback", json={"reports": [_report(lead_id)]}, headers={"Idempotency-Key": lead_id}))
        _settle(opened, erased)
        named, found = _places(folder, erased), _places(folder, [bystander])
        print(f"before: {named} files name the erased leads, {found} the bystander")
        rows = [_ok(client.delete(f"/v1/leads/{lead_id}")).json() for lead_id in erased]
        went = {table: sum(reply["rows"][table] for reply in rows) for table in rows[0]["rows"]}
        print(f"erased {len(erased)}: rows {went}, files clean {all(reply['files_clean'] for reply in rows)}")
        for lead_id in objecting:
            _ok(client.post("/v1/objections", json={"lead_id": lead_id}))
        refused = _score(client, ids)
    print(f"then, of {LEADS} leads, refused {refused}; the service killed (-9) and started again")
    with _service(opened, folder) as client:
        again = _score(client, ids)
        client.post("/v1/feedback", json={"reports": [_report(lead_id) for lead_id in erased]})
    left, found = _places(folder, erased), _places(folder, [bystander])
    learned = set(load(opened).history.leads["lead_id"])
    print(f"after: refused {again}; {left} files name the erased leads, {found} the bystander")
    barred = {*erased, *objecting}
    print(f"next training: {len(learned & barred)} of the {len(barred)}, bystander {bystander in learned}")
    whole = refused == again == len(barred) and found and bystander in learned
    return 0 if whole and not left and not learned & barred else 1


@contextmanager
def _service(opened: Opened, folder: Path) -> Iterator[httpx.Client]:
    environ = {
        variable("ledger_url"): absolute(opened.ledger_url, opened.folder),
        variable("spool"): str(opened.state.spool),
    }
    with (folder / "service.log").open("ab") as log:
        server = start(opened.state.bento, port=free_port(), environ=environ, stdout=log, stderr=log)
        with server:
            server.wait_ready()
            with httpx.Client(base_url=server.url, timeout=60.0) as client:
                yield client
            killed(server)


def _score(client: httpx.Client, ids: Sequence[str]) -> int:
    """Has leads scored; gives how many were refused."""
    leads = [{"lead_id": lead_id, "name": f"Name of {lead_id}", "owner": "Ines Roux"} for lead_id in ids]
    return len(_ok(client.post("/v1/scores", json={"leads": leads})).json()["errors"])


def _report(lead_id: str) -> dict[str, str]:
    about = {"comment": f"{lead_id} said no", "reason": "no_need"}
    return {"lead_id": lead_id, "outcome": "rejected", "occurred_at": "2026-03-03T09:00:00Z", **about}


def _settle(opened: Opened, ids: Sequence[str]) -> None:
    """Waits until the scores are in the ledger, and not only on the way there."""
    until = time.monotonic() + 30.0
    while _places(opened.state.spool, ids) and time.monotonic() < until:
        time.sleep(0.1)


def _places(folder: Path, ids: Sequence[str]) -> int:
    """How many files hold the bytes of one of these keys."""
    keys = [lead_id.encode() for lead_id in ids]
    content = (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return sum(any(key in read for key in keys) for read in content)


def _ok(reply: httpx.Response) -> httpx.Response:
    if not reply.is_success:
        raise RuntimeError(f"{reply.request.method} {reply.status_code}: {reply.text[:300]}")
    return reply


if __name__ == "__main__":
    main()
