from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crm.errors import AccordError, UnavailableError
from serving.store import SCORER, Store, put
from tests.serving.conftest import Running
from tests.serving.test_scores_contract import a_lead

Run = Callable[..., Running]
Artifacts = Callable[..., Path]


def version(running: Running) -> str:
    return str(running.post(a_lead())["model"]["version"])


def break_newest(store: Store) -> None:
    newest = store.newest()
    assert newest
    next(store.get(newest).folder.glob("*.lightgbm.txt")).write_text("tree")


def metric(running: Running, line: str) -> bool:
    return line in running.client.get("/metrics").text.splitlines()


def test_a_promoted_scorer_is_taken_over(run: Run, artifacts: Artifacts) -> None:
    running = run()
    before = running.post(a_lead())
    running.store.put(artifacts(2), {"version": "13"})
    running.incumbent.look()
    after = running.post(a_lead())
    assert (before["model"]["version"], after["model"]["version"]) == ("12", "13")
    assert after["scores"][0]["p_close"] != before["scores"][0]["p_close"]


def test_the_watch_takes_over_by_itself(run: Run, artifacts: Artifacts) -> None:
    running = run(every=0.02)
    running.store.put(artifacts(2), {"version": "13"})
    until = time.monotonic() + 10
    while version(running) != "13":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_request_keeps_the_scorer_it_began_with(run: Run, artifacts: Artifacts) -> None:
    running = run()
    served = running.incumbent.served
    running.store.put(artifacts(2), {"version": "13"})
    running.incumbent.look()
    assert served is not None
    assert served.model.version == "12"
    assert running.incumbent.served is not served


def test_going_back_is_putting_the_earlier_one_again(run: Run, artifacts: Artifacts) -> None:
    running = run()
    first = running.post(a_lead())
    running.store.put(artifacts(2), {"version": "13"})
    running.incumbent.look()
    running.store.put(artifacts(1), {"version": "12"})
    running.incumbent.look()
    assert running.post(a_lead()) == first


def test_a_broken_scorer_is_reported_and_the_one_in_service_goes_on(run: Run, artifacts: Artifacts) -> None:
    running = run()
    running.store.put(artifacts(2), {"version": "13"})
    break_newest(running.store)
    for _ in range(3):
        running.incumbent.look()
    assert version(running) == "12"
    assert metric(running, 'accord_takeovers_total{outcome="failed"} 1.0'), "reported once, not at every look"
    running.store.put(artifacts(2), {"version": "14"})
    running.incumbent.look()
    assert version(running) == "14"


def test_a_service_that_starts_onto_a_broken_scorer_takes_the_newest_that_works(run: Run, artifacts: Artifacts) -> None:
    store = run(None).store
    for number, seed in ((11, 1), (12, 2), (13, 1)):
        store.put(artifacts(seed), {"version": str(number)})
    break_newest(store)
    assert version(run(None)) == "12"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("{newest}/model.yaml", b"{"),
        ("{newest}/model.yaml", b""),
        ("latest", b"\xff\xfe"),
        ("latest", b""),  # a full disk leaves it so
        ("latest", b"../elsewhere"),
    ],
)
def test_a_damaged_store_keeps_no_service_from_starting(
    run: Run, artifacts: Artifacts, file: str, content: bytes
) -> None:
    store = run(None).store
    store.put(artifacts(1), {"version": "11"})
    store.put(artifacts(2), {"version": "12"})
    (store.folder / "lead-score" / file.format(newest=store.newest())).write_bytes(content)
    assert version(run(None)) == ("11" if "yaml" in file else "12")


def test_a_service_starts_without_its_store_and_finds_it_later(run: Run, tmp_path: Path, artifacts: Artifacts) -> None:
    (tmp_path / "models").write_text("no folder")
    running = run(None)
    assert running.client.get("/readyz").status_code == 503
    assert metric(running, 'accord_takeovers_total{outcome="failed"} 1.0')
    (tmp_path / "models").unlink()
    running.store.put(artifacts(1), {"version": "12"})
    running.incumbent.look()
    assert version(running) == "12"


def test_a_half_written_scorer_is_not_looked_at(run: Run) -> None:
    running = run()
    half = running.store.folder / "lead-score" / "zzzzzzzzzz"
    (half / SCORER).mkdir(parents=True)
    running.incumbent.look()
    assert version(running) == "12"
    assert half.name not in running.store.versions()
    (running.store.folder / "lead-score" / "latest").write_text("")  # the instant between opening and writing it
    running.incumbent.look()
    assert version(running) == "12"


def test_a_store_out_of_reach_ends_nothing(run: Run, artifacts: Artifacts) -> None:
    running = run(every=0.02)
    folder = running.store.folder / "lead-score"
    shutil.move(folder, away := folder.with_name("away"))
    folder.write_text("no folder")
    time.sleep(0.1)
    assert version(running) == "12"
    folder.unlink()
    shutil.move(away, folder)
    running.store.put(artifacts(2), {"version": "13"})
    until = time.monotonic() + 10
    while version(running) != "13":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_without_a_scorer_the_service_lives_and_is_not_ready(run: Run, artifacts: Artifacts) -> None:
    running = run(None)
    for path in ("/healthz", "/livez", "/metrics", "/openapi.json"):
        assert running.client.get(path).status_code == 200
    for reply in (running.client.get("/readyz"), running.client.post("/v1/scores", json={"leads": []})):
        assert reply.status_code == 503
        assert reply.json()["type"] == "urn:accord:problem:no-scorer"
        assert "accord promote" in reply.json()["detail"]
    assert metric(running, "accord_ready 0.0")
    running.store.put(artifacts(1), {"version": "1"})
    running.incumbent.look()
    assert running.client.get("/readyz").json()["model"]["version"] == "1"


def test_the_newest_put_is_the_newest(tmp_path: Path, artifacts: Artifacts) -> None:
    tags = [put(artifacts(seed), {"version": str(seed)}, home=tmp_path) for seed in (1, 2, 1)]
    store = Store(tmp_path / "models")
    assert [f"lead-score:{v}" for v in store.versions()] == tags[::-1]
    newest = store.newest()
    assert newest
    assert store.get(newest).tag == tags[-1]
    assert store.get(newest).labels == {"version": "1"}


def test_a_full_disk_is_told_and_leaves_the_store_as_it_was(
    tmp_path: Path, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(artifacts(1), {"version": "1"}, home=tmp_path)
    store = Store(tmp_path / "models")
    before = (store.newest(), store.versions())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    another = artifacts(2)
    monkeypatch.setattr("serving.store.shutil.copytree", full)
    with pytest.raises(UnavailableError, match=r"cannot be written.*No space"):
        put(another, {"version": "2"}, home=tmp_path)
    assert (store.newest(), store.versions()) == before


def test_only_a_scorer_can_be_put(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="no scorer"):
        put(tmp_path / "nothing", {}, home=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AccordError, match="no scorer"):
        put(tmp_path / "empty", {}, home=tmp_path)
    assert Store(tmp_path / "models").newest() is None
