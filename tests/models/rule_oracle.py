"""Rules read one lead at a time, as slowly and plainly as possible: what the evaluation of voices is held to."""

from __future__ import annotations

import math
import operator
from typing import Any

from crm.history import Kind
from features.catalog import Catalog
from features.instants import DAY
from features.words import domain_type, seniority
from tests.features import oracle

COMPARE = {"at_least": operator.ge, "at_most": operator.le, "above": operator.gt, "below": operator.lt}


def holds(rule: dict[str, Any], catalog: Catalog, world: oracle.Plain, lead_id: str, as_of: int) -> bool:
    """Whether a rule, as the file has it, holds for a lead at an instant."""

    def ask(part: dict[str, Any]) -> bool:
        return holds(part, catalog, world, lead_id, as_of)

    if "all" in rule:
        return all(ask(part) for part in rule["all"])
    if "any" in rule:
        return any(ask(part) for part in rule["any"])
    if "not" in rule:
        return not ask(rule["not"])
    found = looked_up(rule, catalog, world, lead_id, as_of)
    return all(passes(word, found, asked) for word, asked in rule.items() if word not in {*THINGS, "within_days"})


THINGS = ("field", "activity", "feature")


def passes(word: str, found: Any, asked: Any) -> bool:
    if word == "known":
        return (found is not None) == asked
    if found is None:
        return False
    if word == "is":
        return bool(found == asked)
    return found in asked if word == "in" else bool(COMPARE[word](found, asked))


def looked_up(rule: dict[str, Any], catalog: Catalog, world: oracle.Plain, lead_id: str, as_of: int) -> Any:
    """What a test looks at: a number, a word, true or false; ``None`` where it is missing."""
    if "activity" in rule:
        kind = None if rule["activity"] == "any" else rule["activity"]
        return oracle.within(world, lead_id, kind, as_of - int(rule.get("within_days", 3650) * DAY), as_of)
    if "feature" in rule:
        feature = next(f for f in catalog.features if f.name == rule["feature"])
        value = oracle.value(feature, catalog, world, lead_id, as_of)
        if math.isnan(value):
            return None
        return feature.levels[int(value)] if feature.levels else value
    name = rule["field"]
    handed_off = oracle.first(world, lead_id, "handed_off")
    if name == "budget" and (handed_off is None or handed_off > as_of):
        return None  # known from the hand-off on
    found = oracle.as_known(world, name, lead_id, as_of)
    if found is None:
        return None
    reduced = {Kind.TITLE: seniority, Kind.EMAIL: domain_type, Kind.BOOLEAN: bool}
    return reduced.get(world.kinds[name], lambda value: value)(found)
