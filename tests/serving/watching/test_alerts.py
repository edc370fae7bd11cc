"""The rules that ship, held against worlds by Prometheus's own promtool."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import prometheus
from tests.serving.watching.worlds import (
    DAY,
    HOUR,
    UNUSUAL,
    WEEK,
    WRONG,
    Expected,
    Quiet,
    Scenario,
    World,
    as_test,
    well,
)

SHIPPED = Path(__file__).resolve().parents[3] / "watching"
RULES = SHIPPED / "alerts.yaml"


GROUPS = YAML(typ="safe").load(RULES)["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}


def against(folder: Path, world: World, expected: Expected) -> str:
    """What promtool has against the alerts expected in a world; empty where all is as expected.

    Only the groups of those alerts are evaluated: no group needs what another records.
    """
    names = {name for name, _, _ in expected}
    groups = [group for group in GROUPS if names & {rule.get("alert") for rule in group["rules"]}]
    (folder / "rules.yaml").write_text(json.dumps({"groups": groups}))
    file = folder / "tests.yaml"
    settings = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{world.step}m",
        "tests": [as_test(world, expected)],
    }
    file.write_text(json.dumps({**settings, "tests": [as_test(world, expected)]}))
    done = prometheus.promtool("test", "rules", file)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def raised(scenario: Scenario) -> dict[str, Any]:
    annotations = ALERTS[scenario.alert]["annotations"]
    labels = {"severity": scenario.severity, **({"job": "accord"} if scenario.job else {}), **scenario.labels}
    return {"exp_labels": labels, "exp_annotations": {**annotations, "summary": scenario.summary}}


def test_promtool_has_nothing_against_the_files(tmp_path: Path) -> None:
    done = prometheus.promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stderr
    for name in ("alerts.yaml", "prometheus.example.yaml"):
        (tmp_path / name).write_text((SHIPPED / name).read_text())
    (tmp_path / "accord.key").write_text("a key")
    done = prometheus.promtool("check", "config", tmp_path / "prometheus.example.yaml")
    assert done.returncode == 0, done.stderr + done.stdout


def test_every_alert_has_a_world_that_raises_it() -> None:
    assert {scenario.alert for scenario in WRONG} == set(ALERTS)
    assert {quiet.alert for quiet in UNUSUAL} <= set(ALERTS)


def test_no_group_needs_what_another_records() -> None:
    """Groups are evaluated beside each other: what another records may be older than Prometheus looks back."""
    for group in GROUPS:
        own = {rule["record"] for rule in group["rules"] if "record" in rule}
        read = {name for rule in group["rules"] for name in re.findall(r"accord:\w+:\w+", rule["expr"])}
        assert read <= own, group["name"]


@pytest.mark.parametrize("scenario", WRONG, ids=lambda s: f"{s.alert}-{'-'.join(s.labels.values()) or s.at}")
def test_an_alert_is_raised_when_it_should_and_not_before(scenario: Scenario, tmp_path: Path) -> None:
    world = well(scenario.minutes, scenario.step)
    scenario.wrong(world)
    expected = [(scenario.alert, scenario.before, []), (scenario.alert, scenario.at, [raised(scenario)])]
    assert against(tmp_path, world, expected) == ""


@pytest.mark.parametrize("quiet", UNUSUAL, ids=lambda q: f"{q.alert}-{q.at}")
def test_what_is_merely_unusual_raises_nothing(quiet: Quiet, tmp_path: Path) -> None:
    world = well(quiet.minutes, quiet.step)
    quiet.unusual(world)
    assert against(tmp_path, world, [(quiet.alert, quiet.at, [])]) == ""


def test_no_alert_is_raised_while_all_is_well(tmp_path: Path) -> None:
    closely = [(name, at, []) for name in ALERTS for at in range(30, 12 * HOUR, 30)]
    times = [*range(HOUR, 4 * WEEK, DAY + 5 * HOUR), *range(4 * WEEK, 5 * WEEK, 3 * HOUR)]
    assert against(tmp_path, well(12 * HOUR), closely) == ""
    (traffic,) = [group for group in GROUPS if group["name"] == "accord-traffic"]
    long = [(rule["alert"], at, []) for rule in traffic["rules"] if "alert" in rule for at in times]
    assert against(tmp_path, well(5 * WEEK, HOUR), long) == ""


@pytest.mark.parametrize("alert", ALERTS.values(), ids=list(ALERTS))
def test_an_alert_says_what_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    annotations = alert["annotations"]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(annotations) == {"summary", "description", "runbook"}
    assert annotations["runbook"] == f"docs/watching.md#{alert['alert'].lower()}"
    assert "{{" not in annotations["description"], "what to do is the same whatever the figure"
    assert re.match(r"[A-Z{]", annotations["summary"])
    assert len(annotations["description"]) > 60
