"""REST with features, both heads and reasons, beside ``mlflow models serve`` of one of the same boosters.

One worker and one LightGBM thread each, the same number of clients, in one run and in turns. MLflow gets the features
ready made and only the booster of the close head; ours gets the lead as a CRM has it and answers with both heads, grade
and reasons. MLflow is asked both ways it knows: with named columns, as a model of a CRM's fields is, and with a bare
array, where names, types and missing columns are checked by nobody.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightgbm
import mlflow.lightgbm
import numpy as np
import pandas as pd

from crm.history import FINAL, History, Milestone
from crm.simulation import Company, simulate
from features.columns import readable
from features.compute import matrix
from features.facts import Facts
from features.infer import infer
from models import artifact
from models.boosted import Boosted
from models.definition import Definition
from models.head import Head, Heads
from models.scorer import Meta, Scorer, assemble
from serving import launch
from serving.lead import microseconds
from serving.reading import open_envelope, read
from serving.scoring import open_scorer
from serving.store import Store, put

ASKED = 64  # different leads, asked in turn
NAMED, BARE = "mlflow-columns", "mlflow-array"


def main() -> None:
    """Measures and prints; the numbers are for the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rest", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaves", type=int, default=15)
    options = parser.parse_args()
    seconds, turns, leads = (1.0, 1, 1500) if options.small else (5.0, 3, 6000)
    history = simulate(Company(leads=leads, leaks=False), seed=1).history
    scorer, x = fitted(history, options.trees, options.leaves)
    bodies = [request(history, lead_id) for lead_id in open_leads(history)[:ASKED]]
    print(f"{len(scorer.catalog.names)} features, 2 boosters of {options.trees} trees x {options.leaves} leaves")
    with tempfile.TemporaryDirectory() as folder, served(scorer, x, Path(folder)) as (ours, theirs):
        in_process(Path(folder), bodies, 200 if options.small else 2000)
        asked = {"accord": (ours, "/v1/scores", bodies)}
        asked |= {name: (port, "/invocations", rows_of(name, scorer, x)) for name, port in theirs.items()}
        seen: dict[str, list[tuple[float, np.ndarray]]] = {name: [] for name in asked}
        for port, path, what in asked.values():
            load(port, path, what, options.clients, 0.5)  # warm up
        for _ in range(turns):
            for name, (port, path, what) in asked.items():
                seen[name].append(load(port, path, what, options.clients, seconds))
    report(seen, options.clients)


def fitted(history: History, trees: int, leaves: int) -> tuple[Scorer, np.ndarray]:
    """A scorer of two boosters on all features, and the features of the leads: sizes matter here, quality does not."""
    numbers, words = readable(history.fields)
    fields = (*numbers, *words)
    facts = Facts.of_history(history, fields)
    lead = np.arange(len(facts), dtype=np.int64)
    catalog = infer(history)
    x = matrix(catalog, facts, lead, facts.moment("created") + 14 * 86_400_000_000)
    heads = {name: booster(x, reached(facts, milestone), trees, leaves) for name, milestone in
             (("close", Milestone.WON), ("accept", Milestone.ACCEPTED))}  # fmt: skip
    scorer = assemble(
        catalog,
        fields,
        Heads(**heads),
        Definition(),
        Meta(trained_at=history.exported_at.isoformat(), seed=1, data="0" * 64),
        x=x,
        accepted=np.zeros(len(x), bool),
    )
    return scorer, x


def reached(facts: Facts, milestone: Milestone) -> np.ndarray:
    """Whether each lead ever reached it."""
    return facts.moment(milestone) > 0


def booster(x: np.ndarray, y: np.ndarray, trees: int, leaves: int) -> Head:
    """A head of one booster of exactly this many trees."""
    settings = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 20}
    trained = lightgbm.train(settings, lightgbm.Dataset(x, y.astype(float)), trees)
    return Head((Boosted(trained.model_to_string()),), (1.0,))


def open_leads(history: History) -> list[str]:
    """Leads not decided at the export, the youngest first."""
    decided = history.milestones.loc[history.milestones["milestone"].isin(FINAL), "lead_id"]
    leads = history.leads[~history.leads["lead_id"].isin(decided)]
    return leads.sort_values("created_at", ascending=False)["lead_id"].tolist()


def request(history: History, lead_id: str) -> bytes:
    """The lead as a CRM would send it, as of the export."""
    row = history.leads.set_index("lead_id").loc[lead_id]
    own = [f for f in history.fields if not f.of_account]
    accounts = history.accounts.set_index("account_id")
    account = accounts.loc[row["account_id"]].to_dict() if pd.notna(row["account_id"]) else {}
    done = history.activities[history.activities["lead_id"] == lead_id]
    steps = history.milestones[history.milestones["lead_id"] == lead_id]
    lead = {
        "lead_id": lead_id,
        "created_at": row["created_at"].isoformat(),
        "as_of": history.exported_at.isoformat(),
        "attributes": {f.name: plain(row[f.name], boolean=f.kind == "boolean") for f in own},
        "account": {name: plain(value) for name, value in account.items()},
        "activities": [
            {"kind": kind, "occurred_at": at.isoformat(), "value": plain(value)}
            for kind, at, value in done[["kind", "occurred_at", "value"]].itertuples(index=False)
        ],
        "milestones": [
            {"milestone": name, "reached_at": at.isoformat()}
            for name, at in steps[["milestone", "reached_at"]].itertuples(index=False)
        ],
    }
    return json.dumps({"leads": [lead], "language": "fr"}).encode()


def plain(value: Any, *, boolean: bool = False) -> Any:
    """A JSON value; what is missing is null."""
    if pd.isna(value):
        return None
    return bool(value) if boolean else value


@contextmanager
def served(scorer: Scorer, x: np.ndarray, folder: Path) -> Iterator[tuple[int, dict[str, int]]]:
    """All servers, ready, on free ports of this machine."""
    artifact.save(scorer, folder / "scorer")
    put(folder / "scorer", {"version": "1"}, home=folder / "bento")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    examples = {NAMED: pd.DataFrame(x[:1], columns=list(scorer.catalog.names)), BARE: x[:1]}
    beside = {name: beside_us(scorer, example, folder / name, quiet) for name, example in examples.items()}
    try:
        with launch.start(folder / "bento", port=(ours := free_port()), **quiet) as server:
            server.wait_ready()
            for port, _ in beside.values():
                wait(port)
            yield ours, {name: port for name, (port, _) in beside.items()}
    finally:
        for _, process in beside.values():
            os.killpg(process.pid, 15)
            process.wait()


def beside_us(scorer: Scorer, example: Any, folder: Path, quiet: dict[str, int]) -> tuple[int, subprocess.Popen[bytes]]:
    """``mlflow models serve`` of the close head's booster, whose input is as in the example."""
    close = scorer.heads.close.components[0]
    assert isinstance(close, Boosted)  # noqa: S101 - made so above
    mlflow.lightgbm.save_model(lightgbm.Booster(model_str=close.text), folder, input_example=example)
    command = ["mlflow", "models", "serve", "-m", str(folder), "-h", "127.0.0.1", "-p", str(port := free_port())]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--env-manager", "local", "--workers", "1"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        start_new_session=True,
        **quiet,
    )
    return port, process


def rows_of(name: str, scorer: Scorer, x: np.ndarray) -> list[bytes]:
    """Requests of one row each, as MLflow takes them."""
    rows = [[None if np.isnan(v) else v for v in row] for row in x[:ASKED].tolist()]
    columns = list(scorer.catalog.names)
    if name == BARE:
        return [json.dumps({"inputs": x[i : i + 1].tolist()}).encode() for i in range(ASKED)]
    return [json.dumps({"dataframe_split": {"columns": columns, "data": [row]}}).encode() for row in rows]


def wait(port: int) -> None:
    """Until MLflow's server answers."""
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def load(port: int, path: str, bodies: list[bytes], clients: int, seconds: float) -> tuple[float, np.ndarray]:
    """Requests a second, and the time of each, with this many clients that each wait for their answer."""
    times: list[list[float]] = [[] for _ in range(clients)]
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=client, args=(port, path, bodies, i, until, times[i])) for i in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = np.concatenate([np.array(mine) for mine in times])
    return len(every) / (time.perf_counter() - started), every


def client(port: int, path: str, bodies: list[bytes], first: int, until: float, times: list[float]) -> None:
    """One client on one connection. Bare sockets: the clients share the machine with the server."""
    requests = [
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        turn = first
        while (begun := time.perf_counter()) < until:
            connection.sendall(requests[turn % len(requests)])
            head = answer(connection)
            times.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode(errors="replace"))
            turn += 1


def answer(connection: socket.socket) -> bytes:
    """Reads one reply; gives its head and what came with it."""
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(rest) < length:
        rest += connection.recv(65536)
    return data


def in_process(folder: Path, bodies: list[bytes], times: int) -> None:
    """One lead in process, from bytes to reply: reading, features, both heads, reasons."""
    store = Store(folder / "bento" / "models")
    version = store.newest()
    assert version is not None  # noqa: S101 - put above
    now = microseconds(pd.Timestamp.now(tz="UTC").to_pydatetime())
    scorer = open_scorer(store.get(version), now)
    took = []
    for i in range(times):
        begun = time.perf_counter()
        scorer.answer(read(open_envelope(bodies[i % len(bodies)], 1), scorer.known, now))
        took.append(time.perf_counter() - begun)
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    print(f"one lead in process: p50 {p50:.2f} ms, p99 {p99:.2f} ms (at most 5 ms wanted)")


def report(seen: dict[str, list[tuple[float, np.ndarray]]], clients: int) -> None:
    """Prints what was measured and how the two compare."""
    print(f"{clients} clients, one worker each: medians of {len(seen['accord'])} turns")
    shown = {}
    for name, turns in seen.items():
        rate = float(np.median([rate for rate, _ in turns]))
        p50, p99 = np.percentile(np.concatenate([times for _, times in turns]), [50, 99]) * 1000
        shown[name] = (rate, p99)
        print(f"  {name:14s} {rate:8.0f} requests/s   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")
    for name, wanted in ((NAMED, " (at least 5 and below 1 wanted)"), (BARE, "")):
        ratio, tail = shown["accord"][0] / shown[name][0], shown["accord"][1] / shown[name][1]
        print(f"  accord / {name}: {ratio:.1f} x the requests/s, {tail:.2f} x the p99{wanted}")


if __name__ == "__main__":
    main()
