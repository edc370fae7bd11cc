"""``accord serve``: the champion over REST."""

from __future__ import annotations

from typing import Annotated

import typer

from accord.console import emit, say
from accord.exits import guarded
from accord.options import HERE, DebugOption, JsonOption, ProjectOption


@guarded
def serve(
    project: ProjectOption = HERE,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: as accord.yaml says.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port. Default: as accord.yaml says.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes. Default: as accord.yaml says.")] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve the champion over REST until Ctrl+C; a newly promoted one is taken over in place."""
    from accord.project import open_project
    from accord.service import run

    opened = open_project(project)

    def ready(url: str) -> None:
        say(f"Ready: {url}/v1/scores (Ctrl+C ends it)")
        if as_json:
            emit({"url": url})

    code = run(opened, host=host, port=port, workers=workers, ready=ready)
    raise typer.Exit(code)
