"""A report as parts, said once: the page, the terminal and JSON are made from the same words, tables and plots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from models.definition import Language
from training.pages import page
from training.pages.tables import Table
from training.pages.terminal import Paragraph, grid, head, points, under


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as SVG, and what it shows in words for those who cannot see it."""

    svg: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a report, in the order in which it is read: sentences, plots, tables, notes on how to read them.

    ``alarm`` marks a part that asks for action.
    """

    title: str
    sentences: tuple[str, ...] = ()
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A report in one language. ``name`` is its word in files and commands; ``figures`` are its values for machines."""

    name: str
    title: str
    opening: tuple[str, ...]
    parts: tuple[Part, ...]
    closing: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


def html(document: Document, language: Language) -> str:
    """The report as one page; everything from the data is escaped."""
    return page("document", language, document=document)


def terminal(document: Document) -> RenderableType:
    """The report as something rich can print: all but the plots; what people wrote is taken literally."""
    lines: list[RenderableType] = [Text(document.title, style="bold"), Paragraph(" ".join(document.opening))]
    for part in document.parts:
        lines += [head(part.title), *points(part.sentences)]
        lines += [grid(table) for table in part.tables]
        lines += [under(note, style="dim") for note in part.notes]
    lines += [Text(""), *(under(sentence, style="dim") for sentence in document.closing)]
    return Group(*lines)


def as_dict(document: Document, language: Language) -> dict[str, Any]:
    """The report as values that JSON knows: its figures, and its sentences in this language."""
    said = [{"title": part.title, "alarm": part.alarm, "sentences": list(part.sentences)} for part in document.parts]
    return {**document.figures, "report": document.name, "language": language, "title": document.title, "said": said}
