from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from accord.document import DocumentError, read
from crm.errors import AccordError


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Csv(Frozen):
    KIND: Literal["csv"] = "csv"
    path: str


class Sql(Frozen):
    KIND: Literal["sql"] = "sql"
    query: str


class Inner(Frozen):
    seed: int = 1
    rates: list[float] = []
    source: Csv | Sql | None = None

    @field_validator("seed")
    @classmethod
    def positive(cls, seed: int) -> int:
        if seed < 0:
            raise AccordError("A seed is not negative.", expected="0 or more", got=seed, remedy="Write 1.")
        return seed


class Whole(Frozen):
    name: str
    training: Inner = Inner()
    parts: dict[str, Inner] = Field(default_factory=dict)


def written(folder: Path, text: str) -> Path:
    path = folder / "accord.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(written(folder, text), Whole)
    return str(caught.value)


def test_a_correct_file_becomes_the_model(tmp_path: Path) -> None:
    whole = read(written(tmp_path, "name: acme\ntraining:\n  seed: 4\n  rates: [0.5]\n"), Whole)
    assert whole == Whole(name="acme", training=Inner(seed=4, rates=[0.5]))


def test_an_unknown_key_comes_back_with_its_line_and_the_key_it_may_stand_for(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: acme\ntraining:\n  sead: 4\n") == (
        "accord.yaml:3: training.sead: This key is not known. Got 4.\nDid you mean 'seed'?"
    )


def test_an_unknown_key_far_from_any_other_lists_what_is_known_there(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: acme\nparts:\n  a:\n    zzz: true\n") == (
        "accord.yaml:4: parts.a.zzz: This key is not known. Got True.\nRemove it. Known here: rates, seed, source."
    )


def test_a_wrong_value_comes_back_with_what_was_written(tmp_path: Path) -> None:
    said = refusal(tmp_path, "name: acme\ntraining:\n  rates:\n    - 0.5\n    - many\n")
    assert said.startswith("accord.yaml:5: training.rates[1]: Input should be a valid number, unable to parse")
    assert "Got 'many'." in said


def test_a_missing_key_names_the_place_it_belongs_to(tmp_path: Path) -> None:
    assert refusal(tmp_path, "training:\n  seed: 4\n") == (
        "accord.yaml:1: the whole file: 'name' is missing.\nAdd `name:` here."
    )


def test_every_problem_is_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read(written(tmp_path, "nome: acme\nname: acme\ntraining:\n  seed: x\n  sead: 4\n"), Whole)
    assert [problem.where for problem in caught.value.problems] == [
        "accord.yaml:1: nome",
        "accord.yaml:4: training.seed",
        "accord.yaml:5: training.sead",
    ]
    assert len(caught.value.as_dict()["problems"]) == 3


def test_a_validators_own_words_are_kept(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name: acme\ntraining:\n  seed: -4\n") == (
        "accord.yaml: A seed is not negative. Got -4; expected 0 or more.\nWrite 1."
    )


def test_the_branch_of_a_union_does_not_hide_the_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, "name: a\ntraining:\n  source:\n    KIND: csv\n    path: 7\n")
    assert "accord.yaml:5: training.source.path: Input should be a valid string. Got 7." in said


def test_the_remedy_names_a_key_that_the_file_has(tmp_path: Path) -> None:
    said = refusal(tmp_path, "name: a\ntraining:\n  source: 7\n")
    assert "Correct `source` and run" in said
    assert "Correct `Csv`" not in said


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("name: a\nname: b\n", "accord.yaml:2: This is not valid YAML: found duplicate key"),
        ("name: [a\n", "accord.yaml:2: This is not valid YAML: "),
        ("- a\n", "accord.yaml: The file holds no keys."),
        ("", "accord.yaml: The file holds no keys."),
    ],
)
def test_text_that_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, start: str) -> None:
    assert refusal(tmp_path, text).startswith(start)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "accord.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    with pytest.raises(DocumentError, match="not UTF-8"):
        read(path, Whole)
