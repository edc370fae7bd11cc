"""What a definition may be given that it should not: all of it ends in a clear error, and nothing is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.document import DocumentError, read
from accord.project import Project
from models.rules import FieldTest

HEAD = """name: x
history: {source: {simulated: {leads: 10}}}
definition:
  voices:
    sales: {rule: {field: x, is: 1}}
    marketing:
      rule: """


def project(folder: Path, rule: str) -> Project:
    path = folder / "accord.yaml"
    path.write_text(HEAD + rule + "\n", encoding="utf-8")
    return read(path, Project)


def refusal(folder: Path, rule: str) -> str:
    with pytest.raises(DocumentError) as caught:
        project(folder, rule)
    return str(caught.value)


def nested(levels: int) -> str:
    return "{not: " * levels + "{field: x, is: 1}" + "}" * levels


def test_twenty_levels_are_read_and_more_are_refused(tmp_path: Path) -> None:
    assert project(tmp_path, nested(20)).definition.voices
    said = "accord.yaml:7: definition.voices.marketing.rule: a rule has at most 20 levels of all, any and not"
    assert refusal(tmp_path, nested(21)).startswith(said)
    assert refusal(tmp_path, nested(200)).startswith(said)


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refusal(tmp_path, nested(5_000))


def test_two_hundred_tests_are_read_and_more_are_refused(tmp_path: Path) -> None:
    tests = "{any: [" + ", ".join(["{field: x, is: 1}"] * 200) + "]}"
    assert project(tmp_path, tests).definition.voices
    assert "at most 200 tests" in refusal(tmp_path, tests.replace("]}", ", {field: y, is: 1}]}"))


def test_aliases_do_not_make_a_small_file_endless(tmp_path: Path) -> None:
    lines = ["&a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"&a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "more than 100,000 values" in refusal(tmp_path, "{any: [" + ", ".join(lines) + "]}")


def test_a_rule_that_holds_itself_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "&r {any: [*r]}")


@pytest.mark.parametrize(
    "rule",
    [
        "!!python/object/apply:os.system ['touch {canary}']",
        "!!python/name:os.system",
        "{field: x, is: !!python/object/apply:os.system ['touch {canary}']}",
        "!evil {field: x, is: 1}",
    ],
)
def test_tags_are_refused_and_not_run(tmp_path: Path, rule: str) -> None:
    canary = tmp_path / "canary"
    assert "YAML tags are not read" in refusal(tmp_path, rule.replace("{canary}", str(canary)))
    assert not canary.exists()


@pytest.mark.parametrize(
    "text", ["__import__('os').system('touch canary')", "{{7*7}}", "%(x)s", "${HOME}", "@x", "`ls`"]
)
def test_code_in_a_name_or_value_is_a_name_or_value(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = '"' + text.replace('"', '\\"') + '"'
    voices = project(tmp_path, f"{{field: {quoted}, is: {quoted}}}").definition.voices
    assert voices is not None
    assert voices.marketing.rule == FieldTest.model_validate({"field": text, "is": text})
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("\"employees > 200 and __import__('os')\"", "rule: a condition is one of all, any, not"),
        ("{eval: 1}", "rule: a condition is one of"),
        ("{field: x, activity: y, at_least: 1}", "and only one"),
        ("[{field: x, is: 1}]", "rule: a condition is one of"),
        ("{field: x}", "a test needs a comparison"),
        ("{field: x, at_least: '3'}", "rule.at_least: Input should be a valid number. Got '3'"),
        ("{field: x, at_least: .nan}", "finite numbers"),
        ("{field: x, at_least: .inf}", "finite numbers"),
        ("{field: x, known: 1}", "rule.known: Input should be a valid boolean. Got 1"),
        ("{field: x, in: 3}", "rule.in: Input should be a list. Got 3"),
        ("{field: x, in: []}", "at least 1 item"),
        ("{field: 3, is: 1}", "rule.field: Input should be a valid string. Got 3"),
        ("{field: x, more_than: 3}", "rule.more_than: This key is not known"),
        ("{activity: call}", "a test of an activity needs"),
        ("{activity: call, at_least: 1, within_days: -3}", "within_days: Input should be greater than 0. Got -3"),
        (
            "{all: [{field: x, is: 1}, {field: x, at_least: many}]}",
            "rule.all[1].at_least: Input should be a valid number",
        ),
        ("{not: [{field: x, is: 1}]}", "rule.not: a condition is one of"),
    ],
)
def test_what_is_no_rule_is_told_with_its_place(tmp_path: Path, rule: str, said: str) -> None:
    assert said in refusal(tmp_path, rule)
