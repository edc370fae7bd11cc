"""Tables of figures, for the terminal and for pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and the range beside it."""

    figure: str
    range: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its head; ``own`` are those to look at first."""

    head: str
    cells: tuple[Cell, ...]
    own: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
