"""From a history to columns of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm.errors import AccordError
from crm.history import Field, History, Kind
from crm.past import as_kind
from features.columns import MOMENTS, Columns, Overwritten, readable
from features.instants import END, NAT, Floats, Ints, micros
from features.timeline import Timeline

C = TypeVar("C", bound=Columns)


def columns_of(history: History, fields: Sequence[Field], of: type[C]) -> C:
    """The columns of all leads, in the order of the leads table. Rows without a time are not known to have happened."""
    numbers, words = readable(fields)
    leads = _text(history.leads["lead_id"]).combine_chunks()
    places = _Places(history)
    codes, vocabularies = _codes(places, words)
    activities, kind, kinds = _activities(history, leads)
    account, accounts = _groups(history)
    return of(
        lead_ids=history.leads["lead_id"],
        number_names=tuple(f.name for f in numbers),
        numbers=_numbers(places, numbers),
        word_names=tuple(f.name for f in words),
        codes=codes,
        words=vocabularies,
        moments=_moments(history, leads),
        activities=activities,
        kind=kind,
        kinds=kinds,
        account=account,
        accounts=accounts,
        overwritten=_overwritten(
            history, leads, numbers, dict(zip((f.name for f in words), vocabularies, strict=True))
        ),
    )


def _row_of(leads: pa.Array, lead_ids: pd.Series) -> Ints:
    """The row of each lead. Raises `AccordError` for one that is not there: `crm.contracts` sets such rows aside."""
    found = pc.index_in(_text(lead_ids), value_set=leads)
    if found.null_count:
        stray = lead_ids[found.is_null().to_numpy()].iloc[0]
        raise AccordError("A row belongs to a lead that is not in the history.", got=stray, expected="a known lead_id")
    rows: Ints = found.to_numpy().astype(np.int64)
    return rows


def _text(words: pd.Series) -> pa.ChunkedArray:
    """A column of words for Arrow, shared where pandas keeps it in Arrow already."""
    text = pa.array(words, pa.large_string())
    return text if isinstance(text, pa.ChunkedArray) else pa.chunked_array([text])


class _Places:
    """Reads a field of leads or of their accounts as a column over leads."""

    def __init__(self, history: History) -> None:
        self._history = history
        known = pd.Index(history.accounts["account_id"])
        self._account: NDArray[np.intp] = known.get_indexer(pd.Index(history.leads["account_id"]))

    def column(self, field: Field) -> pd.Series:
        if not field.of_account:
            return self._history.leads[field.column]
        values = self._history.accounts[field.column]
        if values.empty:
            return values.reindex(range(len(self._account)))
        taken = values.take(np.maximum(self._account, 0)).reset_index(drop=True)
        return taken.where(self._account >= 0)

    def __len__(self) -> int:
        return len(self._account)


def as_numbers(values: pd.Series, kind: Kind) -> Floats:
    """A column of numbers, booleans or dates as floats; dates as whole microseconds; missing is NaN."""
    if kind != Kind.DATE:
        numbers: Floats = values.to_numpy(dtype="float64", na_value=np.nan)
        return numbers
    instants = micros(values)
    return np.where(instants == NAT, np.nan, instants.astype(np.float64))


def _numbers(places: _Places, fields: Sequence[Field]) -> Floats:
    numbers = np.full((len(places), len(fields) + 1), np.nan)
    for i, field in enumerate(fields):
        numbers[:, i] = as_numbers(places.column(field), field.kind)
    return numbers


def _codes(places: _Places, fields: Sequence[Field]) -> tuple[NDArray[np.int32], tuple[list[str], ...]]:
    codes = np.zeros((len(places), len(fields) + 1), np.int32)
    vocabularies = []
    for i, field in enumerate(fields):
        column, values = pd.factorize(places.column(field))
        codes[:, i] = column + 1
        vocabularies.append([str(value) for value in values])
    return codes, tuple(vocabularies)


def _moments(history: History, leads: pa.Array) -> Ints:
    moments = np.full((len(history.leads), len(MOMENTS)), END)
    moments[:, 0] = micros(history.leads["created_at"])
    table = history.milestones[history.milestones["reached_at"].notna().to_numpy()]
    name = pd.Index(MOMENTS).get_indexer(pd.Index(table["milestone"]))
    np.minimum.at(moments, (_row_of(leads, table["lead_id"]), name), micros(table["reached_at"]))
    moments[moments == END] = NAT
    return moments


def _activities(history: History, leads: pa.Array) -> tuple[Timeline, NDArray[np.int32], tuple[str, ...]]:
    table = history.activities
    at = micros(table["occurred_at"])
    if (at == NAT).any():
        table = table[at != NAT]
        at = at[at != NAT]
    kind, kinds = _encoded(table["kind"])
    timeline, order = Timeline.sorted(_row_of(leads, table["lead_id"]), at, len(leads))
    return timeline, kind[order], kinds


def _encoded(words: pd.Series) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    encoded = _text(words).dictionary_encode().unify_dictionaries()
    kinds = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    codes = [chunk.indices.to_numpy().astype(np.int32) for chunk in encoded.chunks]
    return np.concatenate(codes or [np.zeros(0, np.int32)]), tuple(kinds)


def _groups(history: History) -> tuple[Ints, int]:
    """The account of each lead that shares it with another lead."""
    code, accounts = pd.factorize(history.leads["account_id"])
    if not len(accounts):
        return np.zeros(len(code), np.int64), 0
    shared = np.bincount(code[code >= 0], minlength=len(accounts)) > 1
    number = np.append(np.where(shared, np.cumsum(shared) - 1, shared.sum()), shared.sum())  # the last for code -1
    return number[code].astype(np.int64), int(shared.sum())


def _overwritten(
    history: History, leads: pa.Array, numbers: Sequence[Field], vocabularies: dict[str, list[str]]
) -> dict[str, Overwritten]:
    """Old values by field. New words are added to the field's vocabulary, which is ours until now."""
    changes = history.changes[history.changes["changed_at"].notna().to_numpy()]
    kinds: dict[str, Field] = {f.name: f for f in numbers if not f.of_account}
    overwritten = {}
    for name, table in changes.groupby("field", sort=False):
        field = str(name)
        if field not in kinds and field not in vocabularies:
            continue
        timeline, order = Timeline.sorted(_row_of(leads, table["lead_id"]), micros(table["changed_at"]), len(leads))
        old: Any
        if field in kinds:
            old = as_numbers(as_kind(table["old"], kinds[field]), kinds[field].kind)
        else:
            old = _extended(table["old"], vocabularies[field])
        overwritten[field] = Overwritten(timeline, old[order])
    return overwritten


def _extended(words: pd.Series, vocabulary: list[str]) -> NDArray[np.int32]:
    code, values = pd.factorize(words)
    place = {word: i + 1 for i, word in enumerate(vocabulary)}
    for value in values:
        if value not in place:
            vocabulary.append(str(value))
            place[value] = len(vocabulary)
    codes = np.array([place[value] for value in values] + [0], np.int32)
    old: NDArray[np.int32] = codes[code]
    return old
