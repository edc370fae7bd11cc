"""The negotiation for the terminal, with rich."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from models.definition import Language
from training.negotiation.offers import Negotiation
from training.negotiation.words import Cell, Words

WIDTH = 100
"""Characters of a line of text."""


def render(negotiation: Negotiation, language: Language) -> RenderableType:
    """The rows, the row that fits marked, and what the grades come to."""
    words = Words(negotiation, language)
    parts: list[RenderableType] = [Text(words.title, style="bold"), _passage(words.opening), Text("")]
    parts.append(_table(words.headings, words.rows()))
    if answer := words.answer():
        parts += [Text(""), _passage(answer, "bold")]
    parts += [Text(f"\n{words.grades_title}", style="bold"), Text("")]
    parts.append(_table(words.grade_headings, ((False, cells) for cells in words.grade_rows())))
    parts += [Text(""), _passage(words.note, "dim")]
    return Group(*parts)


def _passage(text: str, style: str = "") -> Text:
    """Wrapped here, because rich breaks lines at spaces that must not break."""
    return Text(textwrap.fill(text, WIDTH), style=style)


def _table(headings: Sequence[str], rows: Iterable[tuple[bool, tuple[Cell, ...]]]) -> RenderableType:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    for fits, cells in rows:
        told = [Text(value).append(f"\n{within}" if within else "", style="dim not bold") for value, within in cells]
        table.add_row(Text("→" if fits else ""), *told, style="bold" if fits else "")
    return Padding(table, (0, 0, 0, 1))
