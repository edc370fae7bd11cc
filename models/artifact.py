"""A scorer as a folder of JSON and text. The same scorer always gives the same bytes, and so the same hash.

``manifest.json`` holds the format's version, the SHA-256 of every other file, and the artifact's hash, which is that of
the two. There are no pickles: a file from a stranger can be wrong, but it cannot run anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from lightgbm.basic import LightGBMError

from crm.errors import AccordError
from crm.history import Field, Kind, Known
from features.catalog import Catalog
from models.definition import SHORT, Definition
from models.grades import Grading
from models.head import Head, Heads
from models.reference import Reference
from models.scorer import Meta, Scorer

FORMAT = 2
MANIFEST = "manifest.json"
TREES = ".lightgbm.txt"

_AGAIN = "Copy the whole folder again from where it was made, or train again."


def save(scorer: Scorer, folder: Path) -> str:
    """Writes the scorer into ``folder``, which is made or must be empty; gives the artifact's hash (64 digits)."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise AccordError("The folder for the scorer is not empty.", where=str(folder), remedy="Give a new folder.")
    contents = _contents(scorer)
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    manifest = _manifest({name: _sha256(text.encode()) for name, text in contents.items()})
    (folder / MANIFEST).write_bytes(_json(manifest).encode())
    return str(manifest["hash"])


def hash_of(scorer: Scorer) -> str:
    """The hash that `save` would give."""
    return str(_manifest({name: _sha256(text.encode()) for name, text in _contents(scorer).items()})["hash"])


def load(folder: Path, version: str | None = None) -> Scorer:
    """The scorer that `save` wrote, equal to the last bit.

    ``version`` is the registry's number for it (default: the first digits of its hash). Raises `AccordError` where the
    folder holds no scorer, one of a newer format, or anything that is not what was saved.
    """
    manifest = _read_manifest(folder)
    contents = {name: _read(folder, name, digest) for name, digest in manifest["files"].items()}
    try:
        scorer = _scorer(contents, version or manifest["hash"][:SHORT])
        _try_out(scorer)
    except (KeyError, TypeError, ValueError, IndexError, msgspec.ValidationError, LightGBMError) as error:
        raise AccordError(
            f"The scorer's files do not fit together ({type(error).__name__}: {error}).",
            where=str(folder),
            remedy="They were made by another version of Accord: train again with this one.",
        ) from error
    return scorer


def _contents(scorer: Scorer) -> dict[str, str]:
    heads = {name: head.to_json() for name, head in scorer.heads.named.items()}
    trees = {}
    for name, head in heads.items():
        for i, component in enumerate(head["components"]):
            if "text" in component:
                file = f"{name}-{i}{TREES}"
                trees[file] = component.pop("text")
                component["file"] = file
    documents = {
        "catalog.json": scorer.catalog.to_json(),
        "fields.json": [asdict(field) for field in scorer.fields],
        "heads.json": heads,
        "reference.json": scorer.reference.to_json() | {"importance": list(scorer.importance)},
        "definition.json": scorer.definition.canonical(),
        "grading.json": scorer.grading.to_json(),
        "meta.json": {key: value for key, value in asdict(scorer.meta).items() if key != "version"},
    }
    return {name: _json(document) for name, document in documents.items()} | trees


def _scorer(contents: Mapping[str, str], version: str) -> Scorer:
    documents = {name: json.loads(text) for name, text in contents.items() if name.endswith(".json")}
    for head in documents["heads.json"].values():
        for component in head["components"]:
            if "file" in component:
                component["text"] = contents[component.pop("file")]
    heads = {name: Head.from_json(head) for name, head in documents["heads.json"].items()}
    return Scorer(
        catalog=Catalog.from_json(documents["catalog.json"]),
        fields=tuple(_field(document) for document in documents["fields.json"]),
        heads=Heads(**heads),
        reference=Reference.from_json(documents["reference.json"]),
        definition=Definition.of_canonical(documents["definition.json"]),
        grading=Grading.from_json(documents["grading.json"]),
        importance=tuple(documents["reference.json"]["importance"]),
        meta=replace(Meta(**documents["meta.json"]), version=version),
    )


def _try_out(scorer: Scorer) -> None:
    """Scores a lead of whom nothing is known: what cannot work fails here, and the first real lead does not wait."""
    nothing = np.full((1, len(scorer.catalog.features)), np.nan)
    scorer.score_matrix(nothing, np.zeros(1, dtype=bool))


def _field(document: Mapping[str, Any]) -> Field:
    typed = {"kind": Kind(document["kind"]), "known": Known(document["known"]), "missing": tuple(document["missing"])}
    return Field(**{**document, **typed})


def _manifest(files: Mapping[str, str]) -> dict[str, Any]:
    content = {"format": FORMAT, "files": dict(files)}
    return {**content, "hash": _sha256(_json(content).encode())}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        version, files, digest = manifest["format"], dict(manifest["files"]), manifest["hash"]
    except FileNotFoundError:
        raise AccordError("There is no scorer here.", where=str(folder), expected=MANIFEST) from None
    except (KeyError, TypeError, ValueError):
        raise AccordError("This is no manifest of a scorer.", where=str(path), remedy=_AGAIN) from None
    if version != FORMAT:
        raise AccordError(
            "This scorer is of another format.",
            where=str(path),
            got=version,
            expected=f"format {FORMAT}",
            remedy="It was made by another version of Accord: upgrade, or train again with this one.",
        )
    if _manifest(files)["hash"] != digest:
        raise AccordError("The manifest is not as it was saved.", where=str(path), remedy=_AGAIN)
    return manifest


def _read(folder: Path, name: str, digest: str) -> str:
    path = folder / Path(name).name
    try:
        content = path.read_bytes()
    except OSError:
        raise AccordError("A file of the scorer is missing.", where=str(path), remedy=_AGAIN) from None
    if _sha256(content) != digest:
        raise AccordError("A file of the scorer is not as it was saved.", where=str(path), remedy=_AGAIN)
    return content.decode()


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1) + "\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
