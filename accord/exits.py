"""Exit codes that mean something, and the one place where an error becomes one or two lines for a person."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NoReturn, ParamSpec

import typer

from accord.console import emit, say
from crm.errors import AccordError, UnavailableError

P = ParamSpec("P")


class Exit(IntEnum):
    """What the shell is told. `docs/cli.md` explains each."""

    OK = 0  # done
    REFUSED = 1  # a gate or a finding says no
    USAGE = 2  # the command line or accord.yaml is wrong
    DATA = 3  # the data cannot be read or does not allow what was asked
    UNAVAILABLE = 4  # a registry, a database or a port cannot be reached
    FAULT = 5  # a fault of Accord's own
    ALARM = 6  # `accord check` found a promise broken, a score gone wrong or data that stopped coming
    INTERRUPTED = 130  # Ctrl-C


class RefusedError(AccordError):
    """A gate or a finding says no; every reason is in ``reasons``."""

    def __init__(self, message: str, *, reasons: tuple[str, ...], remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.reasons = reasons

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {reason}" for reason in self.reasons), *filter(None, [self.remedy])])

    def as_dict(self) -> dict[str, Any]:
        """The fields of every error, and the reasons."""
        return {**super().as_dict(), "reasons": list(self.reasons)}


class MisuseError(AccordError):
    """The command line or the project file is wrong: mend what was written, not the data."""


def code_of(error: BaseException) -> Exit:
    """The exit code an error ends the program with."""
    for kind, code in (
        (RefusedError, Exit.REFUSED),
        (MisuseError, Exit.USAGE),
        (UnavailableError, Exit.UNAVAILABLE),
        (AccordError, Exit.DATA),
        (KeyboardInterrupt, Exit.INTERRUPTED),
    ):
        if isinstance(error, kind):
            return code
    return Exit.FAULT


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command, ending with an exit code and a message in place of a traceback.

    Reads the command's own ``debug`` (show the traceback) and ``as_json`` (the error as JSON on stdout) arguments.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except KeyboardInterrupt as stopped:
            say("Stopped.")
            raise typer.Exit(Exit.INTERRUPTED) from stopped
        except Exception as error:  # noqa: BLE001 - the outermost edge: no traceback reaches a person who did not ask
            fail(error, debug=bool(kwargs.get("debug")), as_json=bool(kwargs.get("as_json")))

    return run


def fail(error: Exception, *, debug: bool, as_json: bool) -> NoReturn:
    """Tells a person what went wrong and ends the program with the code of the error."""
    code = code_of(error)
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if code is Exit.FAULT:
        say(f"A fault in Accord itself: {type(error).__name__}: {_first_line(error)}")
        say("Run the same command with --debug and report what it prints.")
    else:
        say(f"Error: {error}")
    if as_json:
        said = error.as_dict() if isinstance(error, AccordError) else {"message": f"{type(error).__name__}: {error}"}
        emit({"error": {"code": int(code), **said}})
    raise typer.Exit(code) from error


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "no message"
