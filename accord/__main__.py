"""The command line. Starting it imports no model library: ``accord --help`` answers at once."""

from __future__ import annotations

import os
from importlib.metadata import version as installed
from typing import Annotated

import typer

from accord.commands.audit import audit
from accord.commands.check import check
from accord.commands.definition import definition
from accord.commands.demo import demo
from accord.commands.erase import erase
from accord.commands.init import init
from accord.commands.keys import keys
from accord.commands.ledger import ledger
from accord.commands.negotiate import negotiate
from accord.commands.promote import promote
from accord.commands.register import register
from accord.commands.report import report
from accord.commands.rollback import rollback
from accord.commands.score import score
from accord.commands.serve import serve
from accord.commands.sheet import sheet
from accord.commands.sign import sign
from accord.commands.status import status
from accord.commands.train import train
from accord.commands.trial import trial
from accord.console import show

GROUPS = (definition, keys, ledger)
COMMANDS = (
    *(init, audit, train, trial, negotiate, sheet, register, sign, promote, rollback),
    *(score, serve, erase, status, report, check, demo),
)

app = typer.Typer(
    name="accord",
    help="One lead score that marketing and sales both sign: from a CRM export to a served, explained score.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        show(installed("accord-leads"))
        raise typer.Exit


@app.callback()
def accord(
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """Options before the command."""


for command in COMMANDS:
    app.command()(command)
for group in GROUPS:
    app.add_typer(group)


def main() -> None:
    """What the ``accord`` script runs."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves this machine unasked
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    app()


if __name__ == "__main__":
    main()
