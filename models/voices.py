"""The voices: for which leads each team's rule holds, read off the same features as the score.

A rule becomes columns of a small catalog, computed by `features.compute.matrix` and compared with what the rule holds.
So a rule knows of a lead what the score knows, and no more: nothing after the instant, nothing that was overwritten
later. Nothing that a file holds is ever run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from crm.history import Kind
from features.catalog import Catalog, Feature
from features.compute import matrix
from features.instants import Ints
from models.conditions import Ground, Look, Truth, look, problems
from models.rule_errors import Steps, VoicesError, path_of
from models.rules import AllOf, AnyOf, FieldTest, Not, Rule, Test, Voices

PLACE: Steps = ("definition", "voices")
"""Where voices stand in the file."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A word in a rule that no lead of the history ever had: right for tomorrow, or misspelt."""

    team: str
    where: str
    field: str
    word: str
    near: str | None


def check(voices: Voices, ground: Ground) -> None:
    """Raises `VoicesError` with every condition that makes no sense on this ground."""
    found = [problem for _, steps, test in _placed(voices) for problem in problems(test, ground, steps)]
    if found:
        raise VoicesError(found)


def verdicts(voices: Voices, ground: Ground, lead: Ints, as_of: Ints) -> Mapping[str, Truth]:
    """For each team, whether its rule holds for the lead ``lead[i]`` as known at ``as_of[i]``: bool[n].

    ``lead`` are rows of ``ground.facts``, ``as_of`` instants in microseconds, `NAT` where a history has no times: then
    whatever needs a time is not known. Raises `VoicesError` as `check` does.
    """
    check(voices, ground)
    found = answers({test: look(test, ground, steps) for _, steps, test in _placed(voices)}, ground, lead, as_of)
    return {team: _holds(voice.rule, found) for team, voice in voices.named.items()}


def answers(looks: Mapping[Test, Look], ground: Ground, lead: Ints, as_of: Ints) -> Mapping[Test, Truth]:
    """For each test, with what it looks at, whether it holds for the lead ``lead[i]`` as known at ``as_of[i]``."""
    columns: dict[Feature, int] = {}
    for found in looks.values():
        columns.setdefault(found.feature, len(columns))
    catalog = Catalog(tuple(replace(f, name=str(i)) for f, i in columns.items()), ground.catalog.rates)
    x = matrix(catalog, ground.facts, lead, as_of)
    return {test: found.holds(test, x[:, columns[found.feature]]) for test, found in looks.items()}


def unseen(voices: Voices, ground: Ground) -> tuple[Unseen, ...]:
    """The words of categories that the rules name and that no lead of these facts ever had."""
    facts, out = ground.facts, []
    for team, steps, test in _placed(voices):
        if not isinstance(test, FieldTest) or ground.by_name[test.field].kind is not Kind.CATEGORY:
            continue
        known = facts.words[facts.word_names.index(test.field)]
        for word in (test.equals, *(test.among or ())):
            if word is not None and word not in known:
                near = difflib.get_close_matches(str(word), list(known), n=1)
                out.append(Unseen(team, path_of(steps), test.field, str(word), near[0] if near else None))
    return tuple(out)


def _holds(rule: Rule, answers: Mapping[Test, Truth]) -> Truth:
    match rule:
        case AllOf():
            return np.asarray(np.all([_holds(part, answers) for part in rule.parts], axis=0))
        case AnyOf():
            return np.asarray(np.any([_holds(part, answers) for part in rule.parts], axis=0))
        case Not():
            return ~_holds(rule.part, answers)
        case _:
            return answers[rule]


def _placed(voices: Voices) -> Iterator[tuple[str, Steps, Test]]:
    """Every test with its team and place."""
    for team, voice in voices.named.items():
        for steps, test in _walked(voice.rule, (*PLACE, team, "rule")):
            yield team, steps, test


def _walked(rule: Rule, steps: Steps) -> Iterator[tuple[Steps, Test]]:
    match rule:
        case AllOf() | AnyOf():
            word = "all" if isinstance(rule, AllOf) else "any"
            for i, part in enumerate(rule.parts):
                yield from _walked(part, (*steps, word, i))
        case Not():
            yield from _walked(rule.part, (*steps, "not"))
        case _:
            yield steps, rule
