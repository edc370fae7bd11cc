from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from crm.guess import guess, write
from models.definition import Definition


def test_what_init_leaves_for_both_teams_to_write_is_a_definition_once_uncommented(tmp_path: Path) -> None:
    rows = "".join(f"{i},2026-01-{1 + i % 28:02},{'won' if i % 3 else 'lost'}\n" for i in range(60))
    (tmp_path / "leads.csv").write_text("id,created,status\n" + rows)
    written = write(guess(tmp_path / "leads.csv"))
    given = written[written.index("definition:") : written.index("  # What follows")]
    left = re.sub(r"^  # ", "  ", written[written.index("  # story:") :], flags=re.MULTILINE)
    definition = Definition.parse(YAML(typ="safe").load(given + left)["definition"], "definition")
    assert definition.story is not None
    assert definition.voices is not None
    assert list(definition.grades) == ["A", "B", "C", "D"]
