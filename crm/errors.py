"""The one shape of every error we raise for people: what is wrong, where, what was found, what to do."""

from __future__ import annotations

from typing import Any

_LONGEST = 200


class AccordError(Exception):
    """What went wrong, for a person who can mend it. ``str()`` gives one or two lines, the second says what to do.

    >>> print(AccordError("This is no time.", where="accord.yaml: history.exported_at", got="soon",
    ...                   expected="a date such as 2026-01-31", remedy="Write the day of the export."))
    accord.yaml: history.exported_at: This is no time. Got 'soon'; expected a date such as 2026-01-31.
    Write the day of the export.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        got: Any = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.got = got
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        first = f"{self.where}: {self.message}" if self.where else self.message
        facts = []
        if self.got is not None:
            facts.append(f"got {_short(self.got)}")
        if self.expected is not None:
            facts.append(f"expected {self.expected}")
        if facts:
            said = "; ".join(facts)
            first = f"{first} {said[0].upper()}{said[1:]}."
        return "\n".join(" ".join(line.split()) for line in (first, self.remedy) if line)

    def as_dict(self) -> dict[str, str | None]:
        """The same as plain text fields, for ``--json`` and for problem documents."""
        return {
            "message": self.message,
            "where": self.where,
            "got": None if self.got is None else _short(self.got),
            "expected": self.expected,
            "remedy": self.remedy,
        }


class UnavailableError(AccordError):
    """Something outside this process cannot be reached now: a database, a registry, a port. Trying again may help."""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
