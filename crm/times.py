"""Times as people write them, read as instants in UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm.history import TIME

_ZONED = r"(?:[zZ]|UTC|GMT|[+-]\d{2}:?\d{2}|:\d{2}[+-]\d{2})$"
_ISO = r"^\d{4}-?\d{2}-?\d{2}"
_CLOCK = r"(?P<clock>[T ,]+\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>\.\d+)?)?(?P<noon> ?[AaPp][Mm])?)?"
_PARTS = rf"^(?P<one>\d{{1,2}})(?P<sign>[/.\-])(?P<two>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}|\d{{2}}){_CLOCK}$"
_NUMBERS = ("unix_seconds", "unix_milliseconds", "excel")
_SAMPLE = 20_000
_EARLIEST, _LATEST = pd.Timestamp("1800-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
_EXCEL_EPOCH = pd.Timestamp("1899-12-30", tz="UTC")


@dataclass(frozen=True)
class Times:
    """Instants, and the values that could not be read as one (as masks over the same rows)."""

    instants: pd.Series  # TIME, on the index of what was read
    unreadable: np.ndarray
    ambiguous: np.ndarray  # on the clock twice, or never, when it was put forward or back
    zoned: bool  # the values say their zone themselves
    notes: tuple[str, ...] = ()


def read_times(raw: pd.Series, time_zone: str, *, form: str | None = None, day_first: bool | None = None) -> Times:
    """The instants in ``raw``: text, numbers or datetimes; missing stays missing.

    ``form`` is a strptime pattern or one of iso, unix_seconds, unix_milliseconds, excel; without it ISO 8601 is tried
    first, then day-month-year and month-day-year with ``/``, ``.`` or ``-``. ``day_first`` decides between the two;
    without it the data decides (a 25 in one place settles it), and if it cannot the note says what was assumed. Times
    that name no zone are on the clock of ``time_zone``. Numbers without ``form`` are unix seconds, or milliseconds when
    they are that large. Times before 1800 or after 2200 are unreadable: nobody meant them.
    """
    notes: list[str] = []
    nobody = np.zeros(len(raw), dtype=bool)
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        times, ambiguous, zoned = raw.dt.tz_convert("UTC"), nobody, True
    elif pd.api.types.is_datetime64_any_dtype(raw.dtype):
        times, ambiguous, zoned = *_on_clock(raw, time_zone), False
    elif form in _NUMBERS or _is_number(raw):
        times, ambiguous, zoned = _from_numbers(raw, form), nobody, True
    else:
        text = raw.astype("str")
        pattern = form or guess_form(text, day_first, notes)
        times, ambiguous, zoned = _from_text(text, pattern, time_zone)
    instants = times.astype(TIME)
    instants = instants.where(instants.between(_EARLIEST, _LATEST))
    unreadable = raw.notna().to_numpy() & instants.isna().to_numpy() & ~ambiguous
    return Times(instants, unreadable, ambiguous, zoned, tuple(notes))


def guess_form(text: pd.Series, day_first: bool | None = None, notes: list[str] | None = None) -> str:
    """``iso`` or the strptime pattern that fits most of these texts.

    >>> guess_form(pd.Series(["03/04/2026 10:00", "25/12/2025 09:30"]))
    '%d/%m/%Y %H:%M'
    """
    sample = _sampled(text).drop_duplicates()
    if sample.empty or sample.str.match(_ISO).mean() > 0.5:  # noqa: PLR2004 - most of them
        return "iso"
    parts = sample.str.extract(_PARTS)
    parts = parts[parts["one"].notna()]
    if parts.empty:
        return "iso"
    sign = str(parts["sign"].mode()[0])
    first, note = _which_first(parts, sign, day_first)
    if note and notes is not None:
        notes.append(note)
    return _date_form(parts, sign, first) + _clock_form(parts)


def has_zones(text: pd.Series) -> bool:
    """Whether these texts name their own time zones."""
    sample = _sampled(text)
    return bool(len(sample)) and bool(sample.str.contains(_ZONED, regex=True).mean() > 0.5)  # noqa: PLR2004


def _sampled(values: pd.Series) -> pd.Series:
    # evenly, because exports are sorted by time and the first rows may all be of one day
    return values.iloc[:: max(1, len(values) // _SAMPLE)].dropna()


def _which_first(parts: pd.DataFrame, sign: str, day_first: bool | None) -> tuple[bool, str | None]:
    if day_first is not None:
        return day_first, None
    one, two = parts["one"].astype(int), parts["two"].astype(int)
    over = 12
    if (one > over).sum() != (two > over).sum():
        return bool((one > over).sum() > (two > over).sum()), None
    assumed = sign != "/"
    said = "day" if assumed else "month"
    return assumed, f"No date settles whether the day or the month comes first; read as {said} first. Set day_first."


def _date_form(parts: pd.DataFrame, sign: str, day_first: bool) -> str:
    year = "%Y" if parts["year"].str.len().median() > 2 else "%y"  # noqa: PLR2004 - digits of a year
    return sign.join(["%d", "%m", year] if day_first else ["%m", "%d", year])


def _clock_form(parts: pd.DataFrame) -> str:
    clocks = parts[parts["clock"].notna()]
    if clocks.empty:
        return ""
    noon = clocks["noon"].notna().mean() > 0.5  # noqa: PLR2004
    form = str(clocks["clock"].str.extract(r"^([T ,]+)")[0].mode()[0]) + ("%I" if noon else "%H") + ":%M"
    if clocks["seconds"].notna().mean() > 0.5:  # noqa: PLR2004
        form += ":%S" + (".%f" if clocks["fraction"].notna().mean() > 0.5 else "")  # noqa: PLR2004
    if noon:
        form += (" " if clocks["noon"].str.startswith(" ").mean() > 0.5 else "") + "%p"  # noqa: PLR2004
    return form


def _from_text(text: pd.Series, form: str, time_zone: str) -> tuple[pd.Series, np.ndarray, bool]:
    nobody = np.zeros(len(text), dtype=bool)
    if form != "iso":
        if "%z" in form:
            return pd.to_datetime(text, format=form, errors="coerce", utc=True), nobody, True
        return *_on_clock(pd.to_datetime(text, format=form, errors="coerce"), time_zone), False
    zoned = has_zones(text)
    fast = _cast(text, zoned=zoned)
    if fast is not None:
        return (fast, nobody, True) if zoned else (*_on_clock(fast, time_zone), False)
    own = text.str.contains(_ZONED, regex=True).fillna(value=False).to_numpy(dtype=bool)
    named = pd.to_datetime(text.where(own), format="ISO8601", errors="coerce", utc=True)
    naive, ambiguous = _on_clock(pd.to_datetime(text.where(~own), format="ISO8601", errors="coerce"), time_zone)
    return named.where(own, naive), ambiguous, zoned


def _cast(text: pd.Series, *, zoned: bool) -> pd.Series | None:
    """Arrow's cast: an order of magnitude faster, all or nothing."""
    try:
        cast = pc.cast(pa.array(text, pa.string(), from_pandas=True), pa.timestamp("us", "UTC" if zoned else None))
    except pa.ArrowInvalid:
        return None
    return pd.Series(cast.to_pandas().to_numpy(), index=text.index, dtype=TIME if zoned else "datetime64[us]")


def _on_clock(naive: pd.Series, time_zone: str) -> tuple[pd.Series, np.ndarray]:
    times = naive.dt.tz_localize(time_zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    return times, (naive.notna() & times.isna()).to_numpy()


def _is_number(raw: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(raw.dtype):
        return True
    sample = _sampled(raw).astype("str")
    return bool(len(sample)) and bool(sample.str.fullmatch(r"\d{9,14}(\.\d+)?").all())


def _from_numbers(raw: pd.Series, form: str | None) -> pd.Series:
    number = pd.to_numeric(raw, errors="coerce").astype("float64")
    if form == "excel":
        return pd.to_datetime((number * 86_400e6).round(), unit="us", utc=True, errors="coerce") + (
            _EXCEL_EPOCH - pd.Timestamp(0, tz="UTC")
        )
    milliseconds = form == "unix_milliseconds" or (form is None and number.abs().median() > 1e11)  # noqa: PLR2004
    micros = (number * (1e3 if milliseconds else 1e6)).round()
    return pd.to_datetime(micros, unit="us", utc=True, errors="coerce")
