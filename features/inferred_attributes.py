"""Features that the attributes of a history allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crm.history import Field, Kind
from features.columns import readable
from features.facts import Facts
from features.spec import OTHER, Availability, Family, Feature, FeatureKind
from features.words import DOMAIN, SENIORITY, domain_type, seniority

_REDUCED: dict[Kind, tuple[Family, str, Callable[[str], str], tuple[str, ...]]] = {
    Kind.TITLE: (Family.SENIORITY, "seniority", seniority, SENIORITY),
    Kind.EMAIL: (Family.DOMAIN, "domain_type", domain_type, DOMAIN),
}


def attribute_features(
    fields: Sequence[Field],
    facts: Facts,
    available: Mapping[str, tuple[Availability, str]],
    support: int,
    most_levels: int,
) -> Iterator[Feature]:
    """One or two features a field, in the order of the fields. ``available`` holds availability and reason by field."""
    numbers, words = readable(fields)
    usable = {field.name for field in (*numbers, *words)}
    for field in fields:
        if field.name not in usable:
            continue
        at, why = available[field.name]
        for name, kind, family, levels, measure in _of_field(field, facts, support, most_levels):
            yield Feature(
                name, kind, family, field.name, field=field.name, levels=levels, measure=measure, available=at, why=why
            )


_Spec = tuple[str, FeatureKind, Family, tuple[str, ...] | None, str | None]


def _of_field(field: Field, facts: Facts, support: int, most_levels: int) -> Iterator[_Spec]:
    number, category = FeatureKind.NUMBER, FeatureKind.CATEGORY
    match field.kind:
        case Kind.NUMBER | Kind.BOOLEAN if _varies(facts, field.name):
            yield field.name, number, Family.ATTRIBUTE, None, None
        case Kind.DATE if facts_timed(facts) and _varies(facts, field.name):
            yield f"{field.name}_age_days", number, Family.AGE, None, None
        case Kind.CATEGORY:
            levels = _levels(_support(facts, field.name, str), support, most_levels)
            if levels:
                yield field.name, category, Family.ATTRIBUTE, levels, None
        case Kind.TITLE | Kind.EMAIL:
            family, suffix, reduce, order = _REDUCED[field.kind]
            found = _support(facts, field.name, reduce)
            if len([level for level in found if found[level] >= support]) > 1:
                levels = (*(level for level in order if found.get(level, 0) >= support), OTHER)
                yield f"{field.name}_{suffix}", category, family, levels, None
        case Kind.TEXT:
            given = facts.codes[:, facts.word_names.index(field.name)] > 0
            if support <= given.sum() <= len(given) - support:
                yield f"{field.name}_given", number, Family.PRESENCE, None, None
            if given.sum() >= support and len(facts.words[facts.word_names.index(field.name)]) > 1:
                yield f"{field.name}_length", number, Family.PRESENCE, None, "length"
        case _:
            pass


def facts_timed(facts: Facts) -> bool:
    """Whether any lead has a creation or milestone with a time, so that ages mean something."""
    return bool((facts.moments > np.iinfo(np.int64).min).any())


def _varies(facts: Facts, name: str) -> bool:
    values = facts.numbers[:, facts.number_names.index(name)]
    seen = values[~np.isnan(values)]
    return bool(len(seen)) and (len(seen) < len(values) or bool((seen != seen[0]).any()))


def _support(facts: Facts, name: str, reduce: Callable[[str], str]) -> dict[str, int]:
    """Leads by value now, and overwritten values, which snapshots of the past show."""
    column = facts.word_names.index(name)
    words = facts.words[column]
    count: NDArray[np.int64] = np.bincount(facts.codes[:, column], minlength=len(words) + 1)
    if name in facts.overwritten:
        count = count + np.bincount(facts.overwritten[name].old.astype(np.int64), minlength=len(words) + 1)
    found: dict[str, int] = {}
    for word, leads in zip(words, count[1:].tolist(), strict=True):
        level = reduce(word)
        found[level] = found.get(level, 0) + leads
    return found


def _levels(found: Mapping[str, int], support: int, most: int) -> tuple[str, ...]:
    """The frequent values, the most frequent first, and `OTHER`; none where there would be nothing to tell apart."""
    frequent = [value for value in sorted(found, key=lambda v: (-found[v], v)) if found[value] >= support][:most]
    return (*frequent, OTHER) if frequent and len(found) > 1 else ()
