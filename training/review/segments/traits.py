"""What may tell groups of leads apart: tests on what was known of a lead at its hand-off, and where each holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import Field, Kind, Known
from features.facts import Facts
from features.instants import micros
from features.words import DOMAIN, SENIORITY
from models.conditions import Ground
from models.rules import FieldTest, Voice
from models.verdicts import Verdicts
from training.review.handed import Handed

MOST_WORDS = 10
"""Most values of a category that are tried, the commonest."""

CUTS = np.linspace(0.1, 0.9, 9)
_GROUNDLESS = frozenset({Kind.IDENTIFIER, Kind.TEXT, Kind.DATE})


@dataclass(frozen=True)
class Traits:
    """``tests`` and where each holds for the leads asked for: ``holds[n, m]``."""

    tests: tuple[FieldTest, ...]
    holds: NDArray[np.bool_]


def ground_of(handed: Handed) -> Ground | None:
    """What rules may look at: the scorer's fields, which the audit and the definition let pass."""
    if handed.scorer is None:
        return None
    fields = handed.scorer.fields
    return Ground(Facts.of_history(handed.history, fields), fields, handed.scorer.catalog)


def traits_of(ground: Ground, rows: pd.DataFrame) -> Traits:
    """The traits of leads (``lead_id, as_of``): fields of the lead and its account, never who works it."""
    lead = ground.facts.rows(rows["lead_id"])
    tests = [test for field in ground.fields if _usable(field) for test in _tests(field, ground.facts, lead)]
    found = held(ground, rows, tuple(tests))
    count = found.holds.sum(axis=0)
    tells = (count > 0) & (count < len(rows))
    return Traits(tuple(test for test, some in zip(tests, tells, strict=True) if some), found.holds[:, tells])


def held(ground: Ground, rows: pd.DataFrame, tests: tuple[FieldTest, ...]) -> Traits:
    """Where these tests hold for leads (``lead_id, as_of``), as known then."""
    if not tests:
        return Traits((), np.zeros((len(rows), 0), dtype=bool))
    rules = {str(i): Voice(rule=test) for i, test in enumerate(tests)}
    lead, as_of = ground.facts.rows(rows["lead_id"]), micros(rows["as_of"])
    told = Verdicts.of(rules, ("portraits",), ground).told(ground.facts, lead, as_of)
    return Traits(tests, np.stack([told[str(i)] for i in range(len(tests))], axis=1))


def _usable(field: Field) -> bool:
    return not field.actor and field.kind not in _GROUNDLESS and field.known is not Known.AFTER_OUTCOME


def _tests(field: Field, facts: Facts, lead: NDArray[np.int64]) -> Iterator[FieldTest]:
    match field.kind:
        case Kind.BOOLEAN:
            yield FieldTest.model_validate({"field": field.name, "is": True})
        case Kind.NUMBER:
            values = facts.numbers[lead, facts.number_names.index(field.name)]
            values = values[np.isfinite(values)]
            for cut in dict.fromkeys(_plain(v) for v in np.quantile(values, CUTS)) if len(values) else ():
                yield FieldTest.model_validate({"field": field.name, "at_least": cut})
        case Kind.TITLE | Kind.EMAIL:
            for level in SENIORITY if field.kind is Kind.TITLE else DOMAIN:
                yield FieldTest.model_validate({"field": field.name, "is": level})
        case _:
            column = facts.word_names.index(field.name)
            codes = facts.codes[lead, column]
            counts = np.bincount(codes, minlength=len(facts.words[column]) + 1)[1:]
            for code in np.argsort(-counts, kind="stable")[:MOST_WORDS]:
                if counts[code] > 0:
                    yield FieldTest.model_validate({"field": field.name, "is": str(facts.words[column][code])})


def _plain(value: float) -> float:
    """The number to two digits that count: one that people would name."""
    if value == 0:
        return 0.0
    digits = 1 - int(np.floor(np.log10(abs(value))))
    return float(round(value, digits))
