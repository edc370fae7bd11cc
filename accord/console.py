"""What a person sees: results on stdout, everything else on stderr, bars only where somebody watches."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from training.progress import Step, silent

_PAGE = 120  # characters of a line where no terminal says


def emit(result: Any) -> None:
    """One JSON document on stdout, for machines. Dates are ISO 8601, missing numbers are null."""
    sys.stdout.write(json.dumps(plain(result), ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line for a person on stderr, taken literally."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def show(result: Any) -> None:
    """A result for a person on stdout: text with rich markup, or a rich table. A file gets wide lines."""
    console = Console(highlight=False, soft_wrap=isinstance(result, str))
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PAGE
    console.print(result)


@contextmanager
def steps(*, quiet: bool) -> Iterator[Step]:
    """Draws a bar on stderr while the block runs; draws nothing when quiet or when nobody watches."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """One bar for the whole, named by the stage the work is in."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0)

    def __call__(self, stage: str, done: float) -> None:
        self._progress.update(self._task, description=stage, completed=done)


def plain(value: Any) -> Any:
    """Only what JSON knows: nested containers, text, finite numbers, booleans and null."""
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
