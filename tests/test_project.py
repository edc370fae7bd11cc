"""What must stay true of the repository itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_the_lock_file_has_hashes_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index-url|--find-links", lock)
    pinned = re.findall(r"^[a-z0-9].*?==\S+ ?(;.*?)?\\?$", lock, flags=re.MULTILINE)
    assert len(pinned) > 100


def test_every_dependency_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    section = project[project.index("dependencies = [") : project.index("[project.scripts]")]
    names = re.findall(r'^  "([A-Za-z0-9-]+)', section, flags=re.MULTILINE)
    assert "bentoml" in names
    missing = [
        name for name in names if not re.search(rf"^{name}(\[.*\])?==", lock, flags=re.MULTILINE | re.IGNORECASE)
    ]
    assert missing == []


def test_every_make_target_is_in_the_help_and_the_readme_names_the_two_commands() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, flags=re.MULTILINE), target
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_decisions_are_numbered_without_gaps_and_say_what_was_given_up() -> None:
    records = sorted(path for path in (ROOT / "docs/decisions").glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        for part in ("**Decided.**", "**Why.**", "**Given up.**"):
            assert part in text, (path.name, part)


def test_links_in_the_docs_lead_somewhere() -> None:
    for page in [path for path in tracked() if path.suffix == ".md"]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_no_module_outgrows_its_room() -> None:
    rooms = ("accord", "crm", "features", "models", "serving", "training")
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in rooms
        if (count := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_no_file_holds_a_machine_path() -> None:
    # Put together from pieces, so that this file is not its own finding.
    home = re.compile("|".join(("/" + "root/", "/" + r"home/\w+/", "/" + r"Users/\w+/")))
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if home.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []
