"""Settings that are wrong are refused with the place, what was found and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from crm.errors import AccordError
from crm.history import Milestone
from crm.mapping import Mapping
from crm.strict import Strict, _models, expand

LEADS = {"leads": {"from": "leads.csv", "key": "id"}}


def refused(section: Map[str, Any]) -> AccordError:
    with pytest.raises(AccordError) as told:
        Mapping.parse(section, "accord.yaml: history")
    assert len(str(told.value).splitlines()) <= 2
    return told.value


@pytest.mark.parametrize(
    ("section", "where", "says"),
    [
        ({"milestnes": []}, "milestnes", "Did you mean 'milestones'?"),
        ({"leads": {"from": "a.csv", "key": "id", "created": "x"}}, "leads.created", "Did you mean 'created_at'?"),
        ({"leads": {"from": {"name": "a.csv", "sep": ";"}, "key": "id"}}, "leads.from.sep", "Known here: "),
        ({"leads": {"from": "a.csv"}}, "leads.key", "Add 'key:' there."),
        ({"leads": {"from": {"separator": ";"}, "key": "id"}}, "leads.from", "Give either 'name'"),
        ({"milestones": [{"column": "s", "values": {1: "wn"}}]}, "milestones[0].values[1].then", "'no_decision'"),
        ({"milestones": [{"column": "s"}]}, "milestones[0]", "Give either 'milestone'"),
        ({"milestones": [{"milestone": "won"}]}, "milestones[0]", "Every lead would reach"),
        ({"milestones": [{"values": {"a": "won"}}]}, "milestones[0]", "go together"),
        (
            {"milestones": [{"column": "s", "values": {"d": {"before": "accepted", "then": "rejected"}}}]},
            "milestones[0].values.d",
            "go together",
        ),
        (
            {"milestones": [{"column": "s", "values": {"d": {"before": "won", "then": "lost", "otherwise": "won"}}}]},
            "milestones[0]",
            "needs 'reached_at'",
        ),
        ({"activities": [{"from": "a", "occurred_at": "t"}]}, "activities[0]", "Give either 'kind'"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Europe/Paris"),
        ({"source": {}}, "source", "Give one of"),
        ({"accounts": {"from": "a.csv", "key": "id"}}, "", "leads.account"),
        ({"fields": {"size": {"kind": "numeric"}}}, "fields.size.kind", "'number'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place_and_remedy(section: Map[str, Any], where: str, says: str) -> None:
    error = refused(LEADS | section)
    assert error.where == f"accord.yaml: history{'.' if where else ''}{where}"
    assert says in str(error)


def test_a_history_needs_leads_or_a_simulated_company() -> None:
    assert "needs 'leads'" in str(refused({}))
    assert Mapping.parse({"source": {"simulated": {"leads": 10}}}, "x").leads is None


def test_passwords_are_refused_and_not_repeated() -> None:
    error = refused(LEADS | {"source": {"database": "postgresql://bob:hunter2@db/crm"}})
    assert "environment" in str(error)
    assert "hunter2" not in str(error)
    Mapping.parse(LEADS | {"source": {"database": "postgresql://bob:${PASSWORD}@db/crm"}}, "x")


def settings_of(model: type[Strict]) -> Iterator[str]:
    """Every key of a section and of the sections in it."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models(field.annotation):
            yield from settings_of(inner)


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", text))))
    assert set(settings_of(Mapping)) - told == set()


def test_every_rule_of_the_quarantine_is_documented() -> None:
    root = Path(__file__).parents[2]
    text = (root / "docs" / "mapping.md").read_text(encoding="utf-8")
    code = "".join((root / "crm" / name).read_text() for name in ("parts.py", "leads.py", "events.py", "contracts.py"))
    rules = set(re.findall(r'breach\(\s*\w*"?\w+"?, "(\w+)"', code)) | set(re.findall(r'_rule\("(\w+)"', code))
    assert {"unreadable_time", "not_a_number", "missing_time", "account_not_found"} <= rules
    assert {rule for rule in rules if f"`{rule}`" not in text} == set()


def test_the_documented_example_is_a_mapping() -> None:
    text = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
    example = text.split("```yaml")[1].split("```")[0]
    mapping = Mapping.parse(YAML(typ="safe").load(example)["history"], "docs/mapping.md")
    assert mapping.milestones[1].meanings["Closed"].otherwise is Milestone.LOST


def test_settings_are_frozen() -> None:
    mapping = Mapping.parse(LEADS, "x")
    with pytest.raises(ValidationError):
        mapping.time_zone = "UTC"  # type: ignore[misc]  # that is the point


def test_values_of_yaml_become_the_words_of_a_csv() -> None:
    mapping = Mapping.parse(LEADS | {"milestones": [{"column": "s", "values": {1: "won", False: "lost"}}]}, "x")
    assert {word: means.then for word, means in mapping.milestones[0].meanings.items()} == {
        "1": Milestone.WON,
        "false": Milestone.LOST,
    }


def test_variables_of_the_environment_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_TEST_FOLDER", "/exports")
    assert expand("${ACCORD_TEST_FOLDER}/leads.csv", "x") == "/exports/leads.csv"
    assert expand("${ACCORD_TEST_ABSENT:-../data}/a", "x") == "../data/a"
    with pytest.raises(AccordError, match="ACCORD_TEST_ABSENT is not set"):
        expand("${ACCORD_TEST_ABSENT}/a", "history.source")
