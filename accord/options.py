"""Options that every command shares, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path, typer.Option("--project", metavar="DIR", help="Folder that holds accord.yaml.", show_default="here")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, everything else on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="On an error, also print the traceback.")]


class Tongue(StrEnum):
    """The languages in which results are told."""

    EN = "en"
    FR = "fr"


LanguageOption = Annotated[Tongue, typer.Option("--language", help="en or fr.", show_choices=False)]

HERE = Path()
