from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crm.errors import AccordError
from models import artifact
from models.scorer import Scorer
from tests import fitted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    artifact.save(fitted.scorer(), tmp_path / "scorer")
    return tmp_path / "scorer"


def test_a_saved_scorer_scores_the_same_to_the_last_bit(folder: Path) -> None:
    x, accepted = fitted.rows(200, seed=51), np.arange(200) % 7 == 0
    before, after = (scorer.score_matrix(x, accepted) for scorer in (fitted.scorer(), artifact.load(folder)))
    for column in ("score", "p_accept", "p_close", "enough_information"):
        assert getattr(before, column).tobytes() == getattr(after, column).tobytes()
    assert before.log_odds["accept"].tobytes() == after.log_odds["accept"].tobytes()
    assert before.reasons == after.reasons
    assert before.missing == after.missing


def test_a_saved_scorer_is_equal_but_for_its_version(folder: Path) -> None:
    loaded = artifact.load(folder, version="12")
    assert loaded.meta.version == "12"
    assert replace(loaded, meta=fitted.scorer().meta) == fitted.scorer()


def test_without_a_registry_the_hash_is_the_version(folder: Path) -> None:
    assert artifact.load(folder).meta.version == artifact.hash_of(fitted.scorer())[:12]


def test_the_same_scorer_has_the_same_hash_and_bytes(tmp_path: Path, folder: Path) -> None:
    digest = artifact.save(artifact.load(folder), tmp_path / "again")
    assert digest == artifact.hash_of(fitted.scorer())
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def changed(scorer: Scorer) -> list[Scorer]:
    return [
        replace(scorer, definition=fitted.definition(close_days=91)),
        replace(scorer, meta=replace(scorer.meta, seed=8)),
        replace(scorer, heads=replace(scorer.heads, accept=None)),
        replace(scorer, fields=scorer.fields[:-1]),
        replace(scorer, catalog=scorer.catalog.without(["employees"])),
        replace(scorer, importance=(0.0,) * len(scorer.importance)),
    ]


def test_whatever_changes_a_score_changes_the_hash() -> None:
    hashes = {artifact.hash_of(scorer) for scorer in [fitted.scorer(), *changed(fitted.scorer())]}
    assert len(hashes) == 7


def test_order_that_means_nothing_changes_no_hash() -> None:
    words = {"source": {"en": "source"}, "employees": {"en": "staff"}}
    turned = dict(reversed(words.items()))
    one, other = (replace(fitted.scorer(), definition=fitted.definition(words=said)) for said in (words, turned))
    assert artifact.hash_of(one) == artifact.hash_of(other)


def test_a_scorer_without_an_accept_head_is_saved_as_such(tmp_path: Path) -> None:
    artifact.save(fitted.close_only(), tmp_path)
    assert artifact.load(tmp_path).heads.accept is None


def test_there_are_only_json_and_text(folder: Path) -> None:
    for file in folder.iterdir():
        assert file.suffix in {".json", ".txt"}
        file.read_text(encoding="utf-8")


def test_any_changed_byte_of_any_file_is_found(folder: Path) -> None:
    for file in folder.iterdir():
        content = file.read_bytes()
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        with pytest.raises(AccordError):
            artifact.load(folder)
        file.write_bytes(content)
    artifact.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "catalog.json").unlink()
    with pytest.raises(AccordError, match=r"(?s)catalog.json.*missing.*Copy"):
        artifact.load(folder)


def test_a_file_from_outside_the_folder_is_never_read(folder: Path) -> None:
    (folder.parent / "secret.json").write_text("{}")
    manifest = json.loads((folder / "manifest.json").read_text())
    content = {"format": artifact.FORMAT, "files": {**manifest["files"], "../secret.json": artifact._sha256(b"{}")}}
    manifest = {**content, "hash": artifact._sha256(artifact._json(content).encode())}
    (folder / "manifest.json").write_text(artifact._json(manifest))
    with pytest.raises(AccordError, match="missing"):
        artifact.load(folder)


@pytest.mark.parametrize("version", [0, 1, 3, "2"])
def test_another_format_is_refused(folder: Path, version: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": version}))
    with pytest.raises(AccordError, match=r"(?s)another format.*expected format 2.*upgrade"):
        artifact.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"format": 1}', '{"format": 1, "files": 3, "hash": ""}'])
def test_what_is_no_manifest_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(AccordError, match="no manifest"):
        artifact.load(folder)


def test_an_empty_folder_holds_no_scorer(tmp_path: Path) -> None:
    with pytest.raises(AccordError, match="no scorer here"):
        artifact.load(tmp_path)


def test_nothing_is_written_over(folder: Path) -> None:
    with pytest.raises(AccordError, match="not empty"):
        artifact.save(fitted.scorer(), folder)


def test_files_that_do_not_fit_together_are_refused_when_loaded(tmp_path: Path) -> None:
    fewer = replace(fitted.scorer(), catalog=fitted.CATALOG.without(["employees"]))
    artifact.save(fewer, tmp_path)
    with pytest.raises(AccordError, match="do not fit together"):
        artifact.load(tmp_path)
