from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from serving.doors import DOORS, Role
from tests.serving.conftest import Running
from tests.serving.ledger.rows import recorder
from tests.serving.test_serving_docs import a_page_with_a_check
from tests.serving.watching.test_alerts import ALERTS, GROUPS, SHIPPED

PAGE = (SHIPPED.parent / "docs" / "watching.md").read_text()
RULES = [rule for group in GROUPS for rule in group["rules"]]


def pages(run: Callable[..., Running], folder: Path) -> str:
    """What a service with a ledger tells."""
    running = run(desk={"recorder": recorder(folder, f"sqlite:///{folder / 'ledger.db'}")})
    running.post({"lead_id": 3}, {"lead_id": "a"})
    return running.client.get("/metrics").text + a_page_with_a_check()


def test_every_metric_that_a_rule_reads_is_on_the_services_page(run: Callable[..., Running], tmp_path: Path) -> None:
    page = pages(run, tmp_path)
    there = set(re.findall(r"^(accord_\w+)[{ ]", page, re.MULTILINE))
    read = {name for rule in RULES for name in re.findall(r"\baccord_\w+", rule["expr"])}
    assert read
    assert read <= there


def test_every_label_that_a_rule_reads_is_one_of_its_metric(run: Callable[..., Running], tmp_path: Path) -> None:
    page = pages(run, tmp_path)
    there: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(accord_\w+)\{(.*)\} ", page, re.MULTILINE):
        there.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    read = [found for rule in RULES for found in re.findall(r"\b(accord_\w+)\{(.*?)\}", rule["expr"])]
    assert len(read) > 5
    for name, matchers in read:
        assert set(re.findall(r"(\w+)(?==|!)", matchers)) <= there[name], name


def test_every_alert_has_its_section_with_its_severity_and_what_to_do() -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(ALERTS)
    for name, text in sections.items():
        assert text.startswith(f"*{ALERTS[name]['labels']['severity']}"), name
        assert "**Do:**" in text, name


def test_what_the_page_shows_to_look_at_is_recorded() -> None:
    shown = set(re.findall(r"accord:\w+:\w+", PAGE))
    assert shown
    assert shown <= {rule["record"] for rule in RULES if "record" in rule}


def test_the_keys_that_the_page_tells_to_make_open_the_metrics() -> None:
    (door,) = [door for door in DOORS if door.path == "/metrics"]
    assert door.roles is not None
    assert Role.DATA in door.roles
    assert "--role data" in PAGE
    assert "--role data" in (SHIPPED / "prometheus.example.yaml").read_text()
