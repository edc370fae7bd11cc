"""Columns of an export as text, numbers or booleans: what cannot be read is missing and told, never guessed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0", "on", "x", "oui", "ja", "si", "sí", "vrai", "wahr"})
FALSE = frozenset({"false", "f", "no", "n", "0", "0.0", "off", "non", "nein", "faux", "falsch"})


def as_text(values: pd.Series) -> pd.Series:
    """As a ``str`` column. Whole floats lose their ``.0``, so that keys agree; booleans are true and false.

    >>> as_text(pd.Series([1.0, 25.0, None])).tolist()
    ['1', '25', nan]
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.map({True: "true", False: "false"}, na_action="ignore").astype("str")
    if pd.api.types.is_float_dtype(values.dtype):
        given = values.dropna()
        whole = bool(len(given)) and bool(np.isfinite(given).all() and (given == given.round()).all())
        return (values.astype("Int64") if whole else values).astype("str")
    return values.astype("str")


def as_number(values: pd.Series, decimal: str = ".") -> tuple[pd.Series, np.ndarray]:
    """As float64, and where a value was given that is no finite number.

    Spaces within numbers and a trailing ``%`` are read over; with ``decimal=","`` points separate thousands, otherwise
    commas do (only in front of three digits, so that ``1,5`` stays unreadable).

    >>> as_number(pd.Series(["1,200.50", "12 %", "many", None], dtype="str"))[0].tolist()
    [1200.5, 12.0, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        number = values.astype("float64")
    else:
        text = as_text(values)
        number = pd.to_numeric(text, errors="coerce").astype("float64")
        hard = (text.notna() & number.isna()).to_numpy()
        if hard.any() or decimal == ",":
            number = _read_hard(text, number, hard, decimal)
    number = number.where(np.isfinite(number))
    return number, (values.notna() & number.isna()).to_numpy(dtype=bool)


def as_boolean(values: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """As 1.0, 0.0 or NaN, and where a value was given that is neither yes nor no (in six languages).

    >>> as_boolean(pd.Series(["Yes", "no", "perhaps"], dtype="str"))[0].tolist()
    [1.0, 0.0, nan]
    """
    folded = as_text(values).str.strip().str.casefold()
    told = np.select([folded.isin(TRUE), folded.isin(FALSE)], [1.0, 0.0], default=np.nan)
    answer = pd.Series(told, index=values.index)
    return answer, (values.notna() & answer.isna()).to_numpy(dtype=bool)


def among(values: pd.Series, allowed: pd.Series) -> pd.Series:
    """`pandas.Series.isin` for long text columns, without a Python object per value."""
    texts = pa.large_string()
    inside = pc.is_in(pa.array(values, texts, from_pandas=True), pa.array(allowed, texts, from_pandas=True).drop_null())
    return pd.Series(inside.to_numpy(zero_copy_only=False), index=values.index)


def alike(values: pd.Series, words: Iterable[str]) -> dict[str, str]:
    """The distinct texts of ``values`` that are one of ``words`` but for case, each with that word.

    YAML's ``true`` is ``True`` in one export and ``TRUE`` in the next.

    >>> alike(pd.Series(["True", "FALSE", "perhaps"], dtype="str"), ["true", "false"])
    {'True': 'true', 'FALSE': 'false'}
    """
    folded = {word.casefold(): word for word in words}
    distinct = values.dropna().unique()
    return {value: folded[value.casefold()] for value in distinct if value.casefold() in folded}


def _read_hard(text: pd.Series, number: pd.Series, hard: np.ndarray, decimal: str) -> pd.Series:
    if decimal == ",":
        plain = text.str.replace(r"[.\s]", "", regex=True).str.replace(",", ".")
        return pd.to_numeric(plain.str.rstrip("% "), errors="coerce").astype("float64")
    plain = text[hard].str.replace(r",(?=\d{3}(?:\D|$))|\s", "", regex=True).str.rstrip("%")
    read = pd.to_numeric(plain, errors="coerce").astype("float64")
    return number.where(~hard, read.reindex(number.index))
