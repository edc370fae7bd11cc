"""``accord init``: a first accord.yaml from an export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord.console import emit, say, show, steps
from accord.exits import MisuseError, guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def init(
    export: Annotated[str, typer.Argument(metavar="EXPORT", help="A folder of CSV or Parquet files, or a database.")],
    project: ProjectOption = HERE,
    force: Annotated[bool, typer.Option("--force", help="Write over an accord.yaml that is there.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read an export, guess how it maps to leads, activities and milestones, and write a commented accord.yaml."""
    from accord.project import FILE
    from crm.guess import guess, write

    path: Path = project / FILE
    if path.exists() and not force:
        raise MisuseError(f"There is an {FILE} here already.", where=str(path), remedy="Write over it with --force.")
    with steps(quiet=as_json) as step:
        step("Reading the export", 0.0)
        text = write(guess(export, project))
    project.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if as_json:
        emit({"written": path})
        return
    show(f"Written: {path}")
    say("Read it, correct what is wrong, then: accord audit")
