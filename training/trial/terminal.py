"""A trial for the terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from models.definition import Language
from training.trial.comparisons import against_the_score, agreement, dispute, explained, explained_score
from training.trial.figures import Trial
from training.trial.tables import Table, agreements, contenders, groups
from training.trial.words import Stated, Telling


def render(trial: Trial, language: Language) -> RenderableType:
    """The trial as something rich can print; what people wrote is taken literally."""
    telling = Telling(trial, language)
    say = telling.speaker.say
    parts: list[RenderableType] = [
        Text(say("%(name)s: the two rules on trial", name=trial.name), style="bold"),
        Paragraph(" ".join(telling.opening())),
    ]
    for voice in telling.heard():
        parts += [_head(voice.title)]
        parts += [_under(say("“%(text)s”", text=voice.says))] if voice.says else []
        parts += _outline(voice.rule)
        parts += [_under(voice.volume)]
    parts += [_head(say("What each choice would have given")), *_points(against_the_score(telling))]
    parts += [_grid(contenders(telling)), _under(explained_score(telling), style="dim")]
    parts += [_head(say("Where the rules disagree")), *_points(dispute(telling)), _grid(groups(telling))]
    if (agreed := agreements(telling)) is not None:
        parts += [_head(say("What sales really accepts")), *_points(agreement(telling)), _grid(agreed)]
        parts += [_under(explained(telling), style="dim")]
    parts += [_head(say("Good to know")), *_points(telling.notes())]
    return Group(*parts)


def _head(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


class Paragraph:
    """Text of some lines that start under each other; rich itself would break a French number at its spaces."""

    def __init__(self, text: str, indent: str = "", style: str = "") -> None:
        self._text, self._indent, self._style = text, indent, style

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        hanging = " " * len(self._indent)
        lines = wrap(self._text, options.max_width, initial_indent=self._indent, subsequent_indent=hanging)
        yield Text("\n".join(lines), style=self._style, no_wrap=True)


def _under(text: str, style: str = "", indent: str = "  ") -> Paragraph:
    return Paragraph(text, indent, style)


def _outline(condition: Stated, depth: int = 1) -> Iterator[Paragraph]:
    yield _under(condition.text, "dim", f"{'  ' * depth}{'– ' if depth > 1 else ''}")
    for part in condition.parts:
        yield from _outline(part, depth + 1)


def _points(sentences: Iterable[str]) -> list[RenderableType]:
    return [_under(sentence, indent="  • ") for sentence in sentences]


def _grid(table: Table) -> RenderableType:
    grid = Grid(box=None, padding=(0, 1), pad_edge=False)
    grid.add_column("")
    for head in table.heads:
        grid.add_column(head, justify="right")
    for row in table.rows:
        cells = [Text(cell.figure) if not cell.range else _with_range(cell.figure, cell.range) for cell in row.cells]
        grid.add_row(Text(row.head), *cells, style="bold" if row.own else "")
    return Padding(grid, (1, 0, 0, 2))


def _with_range(figure: str, between: str) -> Text:
    return Text(figure).append(f"\n{between}", style="dim not bold")
