"""The real histories, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from crm.mapping import Mapping
from crm.sources import Loaded, read

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("ACCORD_DATA", ROOT / "../shared/data"))

MARKS = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the real histories are not in {DATA} (set ACCORD_DATA)"),
]


def example(name: str, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """What an example of ours reads from its real history."""
    monkeypatch.setenv("ACCORD_DATA", str(DATA.resolve()))
    folder = ROOT / "examples" / name
    document = YAML(typ="safe").load((folder / "accord.yaml").read_text(encoding="utf-8"))
    return read(Mapping.parse(document["history"], "accord.yaml: history"), folder)
