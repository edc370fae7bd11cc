from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from serving.contract import DefinitionReply
from serving.lookout import Check, LastCheck, Seen
from serving.metrics import Metrics
from serving.problems import Kind
from serving.refusals import Refusal
from serving.settings import Settings, variable
from tests.serving.conftest import NOW, Running
from tests.serving.ledger.rows import recorder

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "serving.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]

Run = Callable[..., Running]


def test_every_route_has_its_place_in_the_page(run: Run) -> None:
    for route in run().app.routes:
        (method,) = route.methods - {"HEAD"}  # type: ignore[attr-defined]
        path = route.path.replace(":path}", "}")  # type: ignore[attr-defined]
        assert f"`{method} {path}`" in PAGE


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda f: f.name)
def test_every_setting_is_there_with_its_default(setting: object) -> None:
    name, default = setting.name, setting.default  # type: ignore[attr-defined]
    shown = "" if default is None else f"{default:g}" if isinstance(default, float) else str(default)
    assert re.search(rf"^\| `{variable(name)}` \| {re.escape(shown)} ?\|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.slug)
def test_every_problem_is_there_with_its_status(kind: Kind) -> None:
    assert f"| `{kind.slug}` | {kind.status} |" in PAGE


def a_page_with_a_check() -> str:
    check = Check(NOW, {("A", "close"): False}, {("fields_moved", "note"): 1})
    return Metrics().page(None, NOW, LastCheck(Seen(check), NOW)).decode()


def test_every_metric_and_label_is_there(run: Run, tmp_path: Path) -> None:
    running = run(desk={"recorder": recorder(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")})
    running.post({}, {"lead_id": "a"})
    running.client.get("/nowhere")
    running.client.get("/v1/definition", headers={"x-api-key": "no key"})
    pages = running.client.get("/metrics").text + a_page_with_a_check()
    samples = re.findall(r"^(accord_\w+?)(?:\{(.*)\})? ", pages, re.MULTILINE)
    rows = dict(re.findall(r"^\| `(accord_\w+)` \| (.*?) \|", PAGE, re.MULTILINE))
    assert samples
    for name, labels in samples:
        if name.endswith("_created"):
            continue
        documented = rows[re.sub(r"_(bucket|sum|count)$", "", name)]
        for label in set(re.findall(r'(\w+)="', labels)) - {"le"}:
            assert f"`{label}`" in documented, name
    assert set(rows) <= {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in samples}


def test_the_kinds_of_leads_errors_are_there() -> None:
    source = "".join(path.read_text() for path in Path(Refusal.__module__.replace(".", "/")).parent.glob("*.py"))
    for kind in {*re.findall(r'kind="(\w+)"', source), "type"}:
        assert f"`{kind}`" in PAGE


def test_the_pages_request_is_answered_with_the_pages_members(run: Run) -> None:
    request, reply, definition, error = EXAMPLES
    told = run().client.post("/v1/scores", json=request).json()
    assert told["errors"] == []
    assert list(told) == list(reply)
    assert list(told["scores"][0]) == list(reply["scores"][0])
    assert list(told["scores"][0]["reasons"][0]) == list(reply["scores"][0]["reasons"][0])
    assert list(run().client.get("/v1/definition").json()) == list(definition)
    msgspec.convert(definition, DefinitionReply, strict=True)
    bad = {"lead_id": "00Q2", "attributes": {"employees": "250"}}
    assert run().post({"lead_id": "00Q1"}, bad)["errors"] == [error]


@pytest.mark.parametrize("value", ["many", "0", "-1", "nan", "inf", "1.5"])
def test_a_setting_that_makes_no_sense_stops_the_start(value: str) -> None:
    with pytest.raises(Exception, match="ACCORD_MAX_LEADS"):
        Settings.of({"ACCORD_MAX_LEADS": value})


def test_settings_come_from_the_environment() -> None:
    told = Settings.of(
        {"ACCORD_MAX_LEADS": "5", "ACCORD_WATCH_SECONDS": "0.25", "ACCORD_MODEL_STORE": "/m", "OTHER": "x"}
    )
    assert (told.max_leads, told.watch_seconds, told.model_store) == (5, 0.25, Path("/m"))
    assert told.max_body_bytes == Settings().max_body_bytes
