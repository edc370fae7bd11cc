"""A trial for the terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
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
        Text(" ".join(telling.opening())),
    ]
    for voice in telling.heard():
        parts += [_head(voice.title)]
        parts += [_under(say("“%(text)s”", text=voice.says))] if voice.says else []
        parts += [_under(line, style="dim") for line in _outline(voice.rule)]
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


def _under(text: str, style: str = "") -> RenderableType:
    return Padding(Text(text, style=style), (0, 0, 0, 2))


def _outline(condition: Stated, depth: int = 0) -> Iterator[str]:
    yield f"{'  ' * depth}{'– ' if depth else ''}{condition.text}"
    for part in condition.parts:
        yield from _outline(part, depth + 1)


def _points(sentences: Iterable[str]) -> list[RenderableType]:
    return [Padding(Text(f"• {sentence}"), (0, 0, 0, 2)) for sentence in sentences]


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
