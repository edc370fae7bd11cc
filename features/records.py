"""From a request to columns of facts: the same columns as of a history, for a few leads and in microseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import TypeVar

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import Field, Kind
from features.columns import MOMENTS, NUMBERS, Columns, Overwritten, readable
from features.instants import NAT, Floats, Ints, micros_of
from features.timeline import Timeline

C = TypeVar("C", bound=Columns)
Value = float | int | str | None
Activity = tuple[str, int, float | None, str | None]

_MOMENT = {name: i for i, name in enumerate(MOMENTS)}
_AT = itemgetter(1)


class Record(msgspec.Struct, frozen=True):
    """What one lead's request holds, checked and typed. Instants are microseconds since 1970 UTC.

    ``attributes`` by field name (``account.<name>`` for the account's): numbers, booleans as 1.0 and 0.0, dates as
    microseconds, words; unknown names are ignored. ``activities`` are ``(kind, at, value, actor)``, ``milestones``
    ``(milestone, at)``, both in any order; those after ``as_of`` change nothing. ``colleagues`` are the other leads of
    the account; without them the buying group is what a lead without an account has. ``changes`` are
    ``(field, old, changed_at)``: values that were overwritten, for those who know them.
    """

    lead_id: str
    created_at: int | None = None
    attributes: Mapping[str, Value] = {}
    activities: Sequence[Activity] = ()
    milestones: Sequence[tuple[str, int]] = ()
    colleagues: Sequence[Record] = ()
    changes: Sequence[tuple[str, Value, int]] = ()


def columns_of(records: Sequence[Record], fields: Sequence[Field], of: type[C]) -> C:
    """The columns of these records, in their order, followed by their colleagues'."""
    numbers, words = readable(fields)
    everyone = [*records, *chain.from_iterable(record.colleagues for record in records)]
    vocabularies: list[dict[str, int]] = [{} for _ in words]
    spelled = [(f.name, _absent(f), vocabulary) for f, vocabulary in zip(words, vocabularies, strict=True)]
    counted = [(f.name, _absent(f)) for f in numbers]
    codes = [
        [*(_code(vocabulary, _told(r, name, absent)) for name, absent, vocabulary in spelled), 0] for r in everyone
    ]
    overwritten = _overwritten(everyone, numbers, words, vocabularies)
    activities, kind, kinds = _activities(everyone)
    account, accounts = _groups(records)
    return of(
        lead_ids=[record.lead_id for record in everyone],
        number_names=tuple(f.name for f in numbers),
        numbers=np.array([[*(_told(r, *column) for column in counted), None] for r in everyone], np.float64),
        word_names=tuple(f.name for f in words),
        codes=np.array(codes, np.int32),
        words=tuple(list(vocabulary) for vocabulary in vocabularies),
        moments=np.array([_moments(record) for record in everyone], np.int64),
        activities=activities,
        kind=kind,
        kinds=kinds,
        account=account,
        accounts=accounts,
        overwritten=overwritten,
    )


@cache
def _absent(field: Field) -> frozenset[Value]:
    """The values of a request that stand for missing: the export's words, numbers, or dates in microseconds."""
    if field.kind is Kind.DATE:
        return frozenset(micros_of(pd.Timestamp(day, tz="UTC")) for day in field.missing)
    return frozenset(float(value) if field.kind in NUMBERS else value for value in field.missing)


def _told(record: Record, name: str, absent: frozenset[Value]) -> Value:
    value = record.attributes.get(name)
    return None if value in absent else value


def _code(vocabulary: dict[str, int], word: Value) -> int:
    return 0 if word is None else vocabulary.setdefault(str(word), len(vocabulary) + 1)


def _moments(record: Record) -> list[int]:
    moments = [NAT] * len(MOMENTS)
    if record.created_at is not None:
        moments[0] = record.created_at
    for milestone, at in record.milestones:
        place = _MOMENT[milestone]
        if moments[place] == NAT or at < moments[place]:
            moments[place] = at
    return moments


def _activities(everyone: Sequence[Record]) -> tuple[Timeline, NDArray[np.int32], tuple[str, ...]]:
    names: dict[str, int] = {}
    kind: list[int] = []
    at: list[int] = []
    first = [0]
    for record in everyone:
        for activity in sorted(record.activities, key=_AT):
            kind.append(names.setdefault(activity[0], len(names)))
            at.append(activity[1])
        first.append(len(at))
    return Timeline(np.array(first, np.int64), np.array(at, np.int64)), np.array(kind, np.int32), tuple(names)


def _groups(records: Sequence[Record]) -> tuple[Ints, int]:
    """Each record with colleagues is a buying group of its own, whoever else is in the request."""
    accounts = sum(1 for record in records if record.colleagues)
    account, behind, number = [], [], 0
    for record in records:
        account.append(number if record.colleagues else accounts)
        behind += [number] * len(record.colleagues)
        number += bool(record.colleagues)
    return np.array(account + behind, np.int64), accounts


def _overwritten(
    everyone: Sequence[Record], numbers: Sequence[Field], words: Sequence[Field], vocabularies: Sequence[dict[str, int]]
) -> dict[str, Overwritten]:
    if not any(record.changes for record in everyone):
        return {}
    vocabulary_of = {f.name: vocabulary for f, vocabulary in zip(words, vocabularies, strict=True)}
    known = {f.name for f in (*numbers, *words) if not f.of_account}
    rows: dict[str, list[tuple[int, int, Value]]] = {}
    for row, record in enumerate(everyone):
        for name, old, at in record.changes:
            if name in known:
                rows.setdefault(name, []).append((row, at, old))
    return {name: _old_values(events, vocabulary_of.get(name), len(everyone)) for name, events in rows.items()}


def _old_values(events: Sequence[tuple[int, int, Value]], vocabulary: dict[str, int] | None, leads: int) -> Overwritten:
    owner = np.array([event[0] for event in events], np.int64)
    at = np.array([event[1] for event in events], np.int64)
    timeline, order = Timeline.sorted(owner, at, leads)
    old: Floats | NDArray[np.int32]
    if vocabulary is None:
        old = np.array([event[2] for event in events], np.float64)
    else:
        old = np.array([_code(vocabulary, event[2]) for event in events], np.int32)
    return Overwritten(timeline, old[order])
