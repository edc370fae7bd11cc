"""Pieces that our terminal pages are made of, with rich."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from training.pages.tables import Table


def head(text: str) -> Text:
    """The head of a part."""
    return Text(f"\n{text}", style="bold")


class Paragraph:
    """Text of some lines that start under each other; rich itself would break a French number at its spaces."""

    def __init__(self, text: str, indent: str = "", style: str = "") -> None:
        self._text, self._indent, self._style = text, indent, style

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        hanging = " " * len(self._indent)
        lines = wrap(self._text, options.max_width, initial_indent=self._indent, subsequent_indent=hanging)
        yield Text("\n".join(lines), style=self._style, no_wrap=True)


def under(text: str, style: str = "", indent: str = "  ") -> Paragraph:
    """Text that stands a little in."""
    return Paragraph(text, indent, style)


def points(sentences: Iterable[str]) -> list[RenderableType]:
    """Sentences under each other."""
    return [under(sentence, indent="  • ") for sentence in sentences]


def grid(table: Table) -> RenderableType:
    """A table; the range of a figure stands under it."""
    made = Grid(box=None, padding=(0, 1), pad_edge=False)
    made.add_column("")
    for head in table.heads:
        made.add_column(head, justify="right")
    for row in table.rows:
        cells = [Text(cell.figure) if not cell.range else _with_range(cell.figure, cell.range) for cell in row.cells]
        made.add_row(Text(row.head), *cells, style="bold" if row.own else "")
    return Padding(made, (1, 0, 0, 2))


def _with_range(figure: str, between: str) -> Text:
    return Text(figure).append(f"\n{between}", style="dim not bold")
