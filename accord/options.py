"""Options that every command shares, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", help="Folder that holds accord.yaml.", show_default="here")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="On an error, also print the traceback.")]

HERE = Path()
