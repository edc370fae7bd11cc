"""For which leads named rules hold, read off the same features as the score.

A rule becomes columns of a small catalog, computed by `features.compute.matrix` and compared with what the rule holds.
So a rule knows of a lead what the score knows, and no more: nothing after the instant, nothing that was overwritten
later. Nothing that a file holds is ever run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.catalog import Catalog, Feature
from features.compute import matrix
from features.facts import Facts
from features.instants import Ints
from models.conditions import Ground, Look, Truth, look, problems
from models.rule_errors import RuleError, Steps
from models.rules import AllOf, AnyOf, Not, Rule, Test, Voice

Rules = Mapping[str, Voice]


@dataclass(frozen=True)
class Looks:
    """Tests made ready once, for any number of leads: what each looks at, as one column of a small catalog.

    Nothing in it changes; several threads may ask it at once.
    """

    looks: Mapping[Test, Look]
    columns: Mapping[Feature, int]
    catalog: Catalog

    @classmethod
    def of(cls, looks: Mapping[Test, Look], ground: Ground) -> Looks:
        """The tests with what each looks at on this ground (`models.conditions.look`)."""
        columns: dict[Feature, int] = {}
        for found in looks.values():
            columns.setdefault(found.feature, len(columns))
        catalog = Catalog(tuple(replace(f, name=str(i)) for f, i in columns.items()), ground.catalog.rates)
        return cls(looks, columns, catalog)

    def told(self, facts: Facts, lead: Ints, as_of: Ints) -> dict[Test, Truth]:
        """For each test, whether it holds for the lead ``lead[i]`` as known at ``as_of[i]``: bool[n]."""
        x = matrix(self.catalog, facts, lead, as_of)
        return {test: found.holds(test, x[:, self.columns[found.feature]]) for test, found in self.looks.items()}


@dataclass(frozen=True)
class Verdicts:
    """Named rules made ready once, for any number of leads."""

    rules: Mapping[str, Rule]
    tests: Looks

    @classmethod
    def of(cls, rules: Rules, place: Steps, ground: Ground) -> Verdicts:
        """The rules at ``place``, on this ground. Raises `RuleError` where one looks at what is not there."""
        looks = {test: look(test, ground, steps) for _, steps, test in placed(rules, place)}
        return cls({name: voice.rule for name, voice in rules.items()}, Looks.of(looks, ground))

    def told(self, facts: Facts, lead: Ints, as_of: Ints) -> dict[str, Truth]:
        """For each rule, whether it holds for the lead ``lead[i]`` as known at ``as_of[i]``: bool[n]."""
        answers = self.tests.told(facts, lead, as_of)
        return {name: _holds(rule, answers) for name, rule in self.rules.items()}


def wrong(rules: Rules, place: Steps, ground: Ground) -> list[RuleError]:
    """Every condition that makes no sense on this ground, in the order of the file."""
    return [problem for _, steps, test in placed(rules, place) for problem in problems(test, ground, steps)]


def placed(rules: Rules, place: Steps) -> Iterator[tuple[str, Steps, Test]]:
    """Every test with the name of its rule and its place in the file."""
    for name, voice in rules.items():
        for steps, test in _walked(voice.rule, (*place, name, "rule")):
            yield name, steps, test


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
