"""Words and numbers that stand for "missing": recognised by column, made missing, and reported with counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm.history import Kind

WORDS = frozenset(
    {
        "", "select", "please select", "select one", "choose", "please choose", "unknown", "unspecified", "undefined",
        "n/a", "n.a.", "n.a", "n\\a", "na", "#n/a", "#na", "nan", "<na>", "none", "null", "(null)", "nil", "nat",
        "not available", "not applicable", "not specified", "not provided", "not set", "no data", "missing", "blank",
        "empty", "tbd", "tba", "-", "--", "---", "\u2013", "\u2014", "_", ".", "..", "...", "?", "??", "???", "xxx",
        "(blank)", "(none)", "[not provided]", "inconnu", "inconnue", "non renseigné", "non renseignée", "non précisé",
        "sélectionner", "aucun", "aucune", "néant", "unbekannt", "keine angabe", "k.a.", "k. a.", "desconocido",
        "sin datos", "sconosciuto", "onbekend", "desconhecido", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01",
        "0001-01-01 00:00:00", "9999-12-31", "9999-12-31 00:00:00", "9999-12-31 23:59:59", "31/12/9999",
    }
)  # fmt: skip
"""Compared after trimming, dropping ``-<[( … )]>-`` around the word, and without regard to case."""

_FRAME = " \t-<>[]().…:*"
_SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0)
_SENTINEL_DATES = tuple(pd.Timestamp(day, tz="UTC") for day in ("1899-12-30", "1900-01-01", "1970-01-01"))
_FEWEST = 5
_GAP = 3.0
_FOLD = 2.0

COLUMNS = {"table": "str", "column": "str", "value": "str", "rows": "int64"}


@dataclass(frozen=True)
class Found:
    """A value of a column that stands for missing, and how many rows had it."""

    table: str
    column: str
    value: str
    rows: int


def words_in(values: pd.Series, also: Iterable[str] = (), keep: Collection[str] = ()) -> list[str]:
    """The distinct texts of ``values`` that mean "missing", as they are written there.

    >>> words_in(pd.Series(["Select", "-- None --", "Paris", "N/A", None], dtype="str"))
    ['Select', '-- None --', 'N/A']
    """
    words = WORDS | {word.strip().casefold() for word in also}
    kept = {word.strip().casefold() for word in keep}
    distinct = pc.unique(pa.array(values, pa.large_string(), from_pandas=True)).drop_null()
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(distinct))
    plain = pc.utf8_trim(folded, _FRAME)
    known = pa.array(sorted(words), pa.large_string())
    meant = pc.or_(pc.is_in(folded, known), pc.is_in(plain, known))
    return [value for value in distinct.filter(meant).to_pylist() if value.strip().casefold() not in kept]


def stands_for_missing(word: str) -> bool:
    """The same of one word, as a request holds it.

    >>> [stands_for_missing(word) for word in ("Select", "-- None --", "", "Paris")]
    [True, True, True, False]
    """
    folded = word.strip().casefold()
    return folded in WORDS or folded.strip(_FRAME) in WORDS


def sentinel_numbers(values: pd.Series) -> list[float]:
    """Numbers such as 999 or -1 that stand for missing, only where they stand out from the rest of the column.

    A sentinel lies at the column's edge, comes at least five times, more than twice as often as the typical value there
    is, and either the rest are all on the other side of zero or the nearest other value is less than a third of it. A
    column whose visitors made 1, 2, … 98, 99, 100 visits has none.
    """
    counted = values.dropna().value_counts()
    return [s for s in _SENTINELS if s in counted.index and _stands_out(s, counted)]


def sentinel_dates(values: pd.Series) -> list[pd.Timestamp]:
    """Dates such as 1900-01-01 that stand for missing: years away from all others, or more than once and apart."""
    counted = values.dropna().value_counts()
    found = []
    for day in _SENTINEL_DATES:
        others = counted.index[counted.index != day]
        if day not in counted.index or others.empty:
            continue
        apart = min(abs(others.min() - day), abs(others.max() - day)) > pd.Timedelta(days=3650)
        if apart and (others.min() > day or others.max() < day):
            found.append(day)
    return found


def clean(
    table: pd.DataFrame, name: str, *, also: Iterable[str] = (), keep: dict[str, tuple[str, ...]] | None = None
) -> tuple[pd.DataFrame, list[Found]]:
    """The table with the placeholders of its text columns made missing, and what was found (empty text is not told)."""
    found: list[Found] = []
    cleaned: dict[str, pd.Series] = {}
    for column in table.columns:
        values = table[column]
        if not isinstance(values.dtype, pd.StringDtype):
            continue
        words = words_in(values, also, (keep or {}).get(column, ()))
        if words:
            cleaned[column] = values.mask(values.isin(words))
            found += _counted(name, column, values, [word for word in words if word.strip()])
    return (table.assign(**cleaned) if cleaned else table), found


def clean_typed(values: pd.Series, kind: Kind, table: str, column: str) -> tuple[pd.Series, list[Found]]:
    """A column of numbers or dates with its sentinels made missing, and what was found."""
    sentinels: list[float] | list[pd.Timestamp] = []
    if kind is Kind.NUMBER:
        sentinels = sentinel_numbers(values)
    elif kind is Kind.DATE:
        sentinels = sentinel_dates(values)
    if not sentinels:
        return values, []
    return values.mask(values.isin(sentinels)), _counted(table, column, values, sentinels)


def of_column(column: str, kind: Kind, words: Iterable[Found], sentinels: Iterable[Found]) -> tuple[str, ...]:
    """What stands for missing in one column: a number's or date's sentinels, the words of any other.

    ``words`` are those of all columns, ``sentinels`` the column's own.
    """
    if kind in (Kind.NUMBER, Kind.DATE):
        return tuple(sorted(f.value for f in sentinels))
    return tuple(sorted({f.value for f in words if f.column == column}))


def report(found: Iterable[Found]) -> pd.DataFrame:
    """What was found, as a table: ``table, column, value, rows``."""
    rows = [(f.table, f.column, f.value, f.rows) for f in found]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _counted(table: str, column: str, values: pd.Series, words: Collection[object]) -> list[Found]:
    counted = values[values.isin(list(words))].value_counts()
    return [Found(table, column, _written(value), int(rows)) for value, rows in counted.items()]


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value.date()) if isinstance(value, pd.Timestamp) else str(value)


def _stands_out(sentinel: float, counted: pd.Series) -> bool:
    others = counted[counted.index != sentinel]
    rows = counted[sentinel]
    if others.empty or rows < _FEWEST or (len(others) > 1 and rows < _FOLD * float(np.median(others))):
        return False
    if sentinel < 0:
        return bool(others.index.min() >= 0)
    return bool(others.index.max() * _GAP < sentinel)
