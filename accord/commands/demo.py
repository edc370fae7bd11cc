"""``accord demo``: everything at once on the simulated company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord.console import emit, say, steps
from accord.exits import guarded
from accord.options import DebugOption, JsonOption


@guarded
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on, on this machine only.")] = 3000,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the demo's project.")] = Path("demo"),
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Train on a simulated company, promote, and serve on 127.0.0.1."""
    from accord.demonstration import prepare, request
    from accord.service import run

    with steps(quiet=as_json) as step:
        opened = prepare(folder, step)

    def ready(url: str) -> None:
        curl = request(opened, url)
        if as_json:
            emit({"url": url, "curl": curl})
        list_ = f"curl -s '{url}/v1/shortlist?limit=5&format=csv'"
        say(f"Ready. In another terminal:\n\n{curl}\n\nThe list to work from:\n\n{list_}\n\nCtrl+C ends it.")

    code = run(opened, host="127.0.0.1", port=port, workers=None, ready=ready)
    raise typer.Exit(code)
