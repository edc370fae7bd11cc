"""A trial for the terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from models.definition import Language
from training.pages.terminal import Paragraph, grid, head, points, under
from training.trial.comparisons import against_the_score, agreement, dispute, explained, explained_score
from training.trial.figures import Trial
from training.trial.tables import agreements, contenders, groups
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
        parts += [head(voice.title)]
        parts += [under(say("“%(text)s”", text=voice.says))] if voice.says else []
        parts += _outline(voice.rule)
        parts += [under(voice.volume)]
    parts += [head(say("What each choice would have given")), *points(against_the_score(telling))]
    parts += [grid(contenders(telling)), under(explained_score(telling), style="dim")]
    parts += [head(say("Where the rules disagree")), *points(dispute(telling)), grid(groups(telling))]
    if (agreed := agreements(telling)) is not None:
        parts += [head(say("What sales really accepts")), *points(agreement(telling)), grid(agreed)]
        parts += [under(explained(telling), style="dim")]
    parts += [head(say("Good to know")), *points(telling.notes())]
    return Group(*parts)


def _outline(condition: Stated, depth: int = 1) -> Iterator[Paragraph]:
    yield under(condition.text, "dim", f"{'  ' * depth}{'– ' if depth > 1 else ''}")
    for part in condition.parts:
        yield from _outline(part, depth + 1)
