"""The built Bento, served from an empty folder by an interpreter that does not know the source tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import bentoml
import httpx
import pytest
import yaml

from serving import launch
from serving.store import put
from tests.serving.test_real_server import free_port
from tests.serving.test_scores_contract import a_lead

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("crm", "features", "models", "serving")
WHERE = f"""
import bentoml, json, sys
bentoml.load(sys.argv[1])
print(json.dumps({{name: module.__file__ for name, module in sys.modules.items()
                  if name.partition('.')[0] in {(*ROOMS, "training", "accord", "mlflow")}
                  and getattr(module, '__file__', None)}}))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the installed packages, but not the editable install of ours.

    Its only ``.pth`` file names our site-packages, where Python then reads no further ``.pth`` files.
    """
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory, artifacts: Callable[..., Path]) -> Path:
    """The folder of a Bento as another machine would get it: exported with its model, in a folder of its own."""
    home = tmp_path_factory.mktemp("build")
    put(artifacts("by hand"), {"version": "12"}, home=home)
    environ = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    tag = built.stdout.strip().removeprefix("__tag__:")
    archive = home / "out.tar"
    subprocess.run(
        [sys.executable, "-m", "bentoml", "export", tag, str(archive)], env=environ, check=True, capture_output=True
    )
    away = tmp_path_factory.mktemp("away")
    subprocess.run(["tar", "xf", str(archive), "-C", str(away)], check=True)
    return away


def clean(home: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}},
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
    }


def test_it_holds_what_a_score_needs_and_nothing_else(bento: Path) -> None:
    packed = {path.relative_to(bento / "src").parts[0] for path in (bento / "src").rglob("*.py")}
    assert packed == set(ROOMS)
    assert not list(bento.rglob("*.csv"))
    assert not list(bento.rglob("*simul*"))


def test_every_package_has_a_range() -> None:
    packages = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["python"]["packages"]
    assert all(">=" in package for package in packages)


def test_the_source_tree_is_not_known_there(elsewhere: Path, tmp_path: Path) -> None:
    asked = subprocess.run(
        [elsewhere, "-c", "import crm"], cwd=tmp_path, env=clean(tmp_path), capture_output=True, check=False
    )
    assert b"ModuleNotFoundError" in asked.stderr


def test_its_modules_are_its_own(elsewhere: Path, bento: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [elsewhere, "-W", "ignore", "-c", WHERE, str(bento)],
        cwd=tmp_path,
        env=clean(tmp_path / "home"),
        check=True,
        capture_output=True,
        text=True,
    )
    files = json.loads(told.stdout.splitlines()[-1])
    assert {name.partition(".")[0] for name in files} == set(ROOMS)
    assert all(Path(file).is_relative_to(bento / "src") for file in files.values()), files


def test_it_serves_from_an_empty_folder(elsewhere: Path, bento: Path, tmp_path: Path) -> None:
    home, empty = tmp_path / "home", tmp_path / "empty"
    lead = a_lead(as_of="2026-03-05T12:00:00Z")
    empty.mkdir()
    with launch.start(
        home,
        port=free_port(),
        bento=str(bento),
        folder=empty,
        python=str(elsewhere),
        environ={"PYTHONPATH": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        server.wait_ready()
        reply = httpx.post(f"{server.url}/v1/scores", json={"leads": [lead], "language": "fr"}).json()
        assert httpx.get(f"{server.url}/docs.json").json()["info"]["title"] == "Accord"
    assert reply["model"]["version"] == "12"
    assert reply["scores"][0]["p_close"] == pytest.approx(0.5, abs=1e-12)
    assert reply["scores"][0]["reasons"][0]["text"] == "Source\u00a0: webinar"
    assert list(empty.iterdir()) == []


def test_it_takes_over_from_a_store_named_to_it(
    elsewhere: Path, bento: Path, tmp_path: Path, artifacts: Callable[..., Path]
) -> None:
    put(artifacts(2), {"version": "99"}, home=tmp_path / "shared")
    store = tmp_path / "shared" / "models"
    with launch.start(
        tmp_path / "home",
        port=free_port(),
        bento=str(bento),
        folder=tmp_path,
        python=str(elsewhere),
        environ={"PYTHONPATH": "", "ACCORD_MODEL_STORE": str(store)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        server.wait_ready()
        assert httpx.get(f"{server.url}/readyz").json()["model"]["version"] == "99"


def test_the_pinned_bentoml_is_the_one_tested() -> None:
    assert bentoml.__version__.startswith("1.4.")
