"""The parameters of a query, read strictly: what is unknown, doubled or of the wrong kind is refused and named."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar, overload

from starlette.datastructures import QueryParams

from models.definition import LANGUAGES, Language
from serving.problems import Kind, Problem

T = TypeVar("T", bound=str)
_SHOWN = 80
_LONGEST = 2_000
_DAY_DIGITS = 10
_MANY = 20
_REMEDY = "Correct it or leave it out; /openapi.json has all parameters."


def refused(field: str, got: Any, expected: str, remedy: str = _REMEDY) -> Problem:
    """The problem of one parameter: which, what it held, what belongs there, what to do."""
    told = json.dumps(got, ensure_ascii=False)
    shown = told if len(told) <= _SHOWN else told[: _SHOWN - 1] + "…"
    more = {"field": field, "got": shown, "expected": expected, "remedy": remedy}
    return Problem(Kind.INVALID, f"The parameter {field[:_SHOWN]} is not as the contract has it.", more=more)


class Parameters:
    """The parameters of one request. ``known``: what may be there; ``many``: what may be there several times.

    Every method raises `Problem` (422) for what makes no sense.
    """

    def __init__(self, query: QueryParams, known: Collection[str], many: Collection[str] = ()) -> None:
        self._given: dict[str, list[str]] = {}
        for name, value in query.multi_items():
            if name not in known:
                raise refused(
                    name, value, f"one of {', '.join(sorted(known))}", "Leave it out, or write it as it is here."
                )
            if "\0" in value or len(value) > _LONGEST:
                raise refused(name, value, f"at most {_LONGEST} characters, none of them NUL")
            self._given.setdefault(name, []).append(value)
            if len(self._given[name]) > 1 and name not in many:
                raise refused(name, self._given[name], "this parameter once")

    def text(self, name: str) -> str | None:
        """A text as it is; ``None`` where it is absent. Raises where it is empty."""
        value = self._given.get(name, [None])[0]
        if value == "":
            raise refused(name, value, "a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Each value of a parameter that may be there several times."""
        if "" in (values := tuple(self._given.get(name, ()))):
            raise refused(name, "", "a text")
        if len(values) > _MANY:
            raise refused(name, len(values), f"this parameter at most {_MANY} times")
        return values

    def choice(self, name: str, options: Mapping[str, T] | Collection[T], default: T) -> T:
        """One of these words."""
        value = self.text(name)
        if value is None:
            return default
        chosen = next((option for option in options if option == value), None)
        if chosen is None:
            raise refused(name, value, f"one of {', '.join(options)}")
        return chosen  # type: ignore[return-value]  # a key of the options is one of their words

    @property
    def language(self) -> Language:
        """``language``, English where it is absent."""
        return self.choice("language", LANGUAGES, "en")

    @overload
    def integer(self, name: str, low: int, high: int) -> int | None: ...

    @overload
    def integer(self, name: str, low: int, high: int, default: int) -> int: ...

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int | None:
        """A whole number within these bounds."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(high)) and low <= int(value) <= high):
            raise refused(name, value, f"a whole number from {low} to {high}")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """``true`` or ``false``."""
        value = self.text(name)
        if value is None:
            return None
        if value not in {"true", "false"}:
            raise refused(name, value, "true or false")
        return value == "true"

    def instant(self, name: str, *, ends: bool = False) -> datetime | None:
        """A time with its zone, or a day: its beginning in UTC, or where ``ends`` its last microsecond."""
        value = self.text(name)
        if value is None:
            return None
        try:
            if len(value) <= _DAY_DIGITS:
                day = datetime.combine(date.fromisoformat(value), time(), UTC)
                return day + timedelta(days=1, microseconds=-1) if ends else day
            told = datetime.fromisoformat(value)
            if told.tzinfo is not None:
                return told.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise refused(
            name,
            value,
            "a day such as 2026-03-02, or a time with its zone such as 2026-03-02T10:11:00Z",
            "Write it so; a + in an address is written %2B.",
        )
