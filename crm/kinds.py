"""What an undeclared column is, from its values alone, with the reason in words."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from crm.history import Kind
from crm.times import guess_form, read_times
from crm.values import FALSE, TRUE, as_number, as_text

_SAMPLE = 50_000
_NEARLY_ALL = 0.95
_MANY = 50
_LONG_TEXT = 60
_CHANCE = 7  # e⁻⁷: one column in a thousand
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_DATE = r"^\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}"
_TITLE = (
    r"(?i)\b(?:chief|c[efimt]o|cmo|coo|vp|vice president|president|director|directeur|directrice|head of|manager|"
    r"responsable|engineer|ing[ée]nieur|owner|founder|g[ée]rant|buyer|acheteur|analyst|assistant|consultant|leiter|"
    r"gesch[äa]ftsf[üu]hrer|intern|stagiaire|student|officer|lead|specialist|coordinator|administrator)\b"
)


class Guess(NamedTuple):
    """A kind and why."""

    kind: Kind
    why: str


def kind_of(values: pd.Series, decimal: str = ".") -> Guess:
    """The kind of a column without placeholders, and a sentence of evidence.

    Rows are sampled evenly when there are more than fifty thousand. A column with one value per row is an identifier
    when the values are whole numbers in sequence or codes without spaces; free text is told by its length.
    """
    given = values.dropna()
    if given.empty:
        return Guess(Kind.CATEGORY, "It holds no values.")
    given = given.iloc[:: max(1, len(given) // _SAMPLE)]
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        return Guess(Kind.DATE, "The export stores it as a time.")
    distinct = given.nunique()
    if pd.api.types.is_bool_dtype(given.dtype):
        return Guess(Kind.BOOLEAN, "The export stores it as yes or no.")
    if pd.api.types.is_numeric_dtype(given.dtype):
        return _of_numbers(given.astype("float64"), distinct)
    return _of_text(as_text(given), distinct, decimal)


def _of_text(text: pd.Series, distinct: int, decimal: str) -> Guess:
    folded = set(text.str.casefold().head(1000).unique())
    if distinct <= 2 and folded <= TRUE | FALSE and not folded <= {"x"}:  # noqa: PLR2004 - yes and no
        return Guess(Kind.BOOLEAN, f"Its values are {' and '.join(sorted(text.unique()))}.")
    number, bad = as_number(text, decimal)
    if bad.mean() <= 1 - _NEARLY_ALL and not _coded(text):
        return _of_numbers(number.dropna(), distinct)
    if text.str.match(_DATE).mean() >= _NEARLY_ALL:
        form = guess_form(text)
        if not read_times(text, "UTC", form=form).unreadable.mean() > 1 - _NEARLY_ALL:
            return Guess(Kind.DATE, f"Its values are dates, such as {text.iloc[0]}.")
    if text.str.match(_EMAIL).mean() >= _NEARLY_ALL:
        return Guess(Kind.EMAIL, "Its values are e-mail addresses.")
    return _of_words(text, distinct)


def _of_words(text: pd.Series, distinct: int) -> Guess:
    rows, spaced = len(text), text.str.contains(" ").mean()
    length = text.str.len().mean()
    titled = text.drop_duplicates().str.contains(_TITLE, regex=True).mean()
    if distinct > 10 and titled > 0.6 and length < _LONG_TEXT:  # noqa: PLR2004 - most of several titles
        return Guess(Kind.TITLE, f"{titled:.0%} of its {distinct} distinct values name a job.")
    if length > _LONG_TEXT and distinct > min(_MANY, rows / 2):
        return Guess(Kind.TEXT, f"Its values are long ({length:.0f} characters) and mostly different.")
    if distinct > _MANY and distinct > 0.9 * rows:
        if spaced < 0.05:  # noqa: PLR2004 - codes have no spaces
            return Guess(Kind.IDENTIFIER, f"Almost every row has its own value ({distinct:,} in {rows:,}).")
        return Guess(Kind.TEXT, f"Almost every row has its own words ({distinct:,} in {rows:,}).")
    different = "distinct value" if distinct == 1 else "distinct values"
    return Guess(Kind.CATEGORY, f"{distinct:,} {different} in {rows:,} rows.")


def _of_numbers(number: pd.Series, distinct: int) -> Guess:
    rows = len(number)
    whole = bool((number == number.round()).all())
    if whole and rows > _MANY and distinct == rows and _numbered(number):
        return Guess(Kind.IDENTIFIER, f"Every row has its own whole number ({number.min():.0f} to {number.max():.0f}).")
    if whole and distinct == 2 and set(number.unique()) == {0.0, 1.0}:  # noqa: PLR2004 - yes and no
        return Guess(Kind.BOOLEAN, "Its values are 0 and 1.")
    return Guess(Kind.NUMBER, f"Its values are numbers from {number.min():g} to {number.max():g}.")


def _numbered(number: pd.Series) -> bool:
    """Whether numbers that are all different were given out: in the order of rows, or too many to differ by chance.

    Of n numbers drawn from a span s, about n²/2s pairs are equal, and none with probability e to the minus that.
    """
    span = float(number.max() - number.min()) + 1
    in_order = bool(number.is_monotonic_increasing or number.is_monotonic_decreasing)
    return in_order or len(number) ** 2 / (2 * span) > _CHANCE


def _coded(text: pd.Series) -> bool:
    """Digits that are a code: leading zeros (``007``), as in post codes and phone numbers."""
    return bool(text.str.match(r"^0\d").mean() > 0.02)  # noqa: PLR2004 - a few suffice
