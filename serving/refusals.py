"""Words for what is wrong with one lead: which field, what it held, what belongs there, what to do about it."""

from __future__ import annotations

import re

import msgspec

from crm.history import Kind, Milestone

NOTHING = "nothing"

_LONGEST = 80
_TIME = "a time with its zone, such as 2026-03-02T10:11:00Z"
_TIME_REMEDY = "Add the zone: Z for UTC, or an offset such as +01:00."
_TEXT_REMEDY = "Send it as text, in quotes."
_ABSENT_REMEDY = "Send null or leave it out if it is not known."

_WANTED = {
    "": ("an object", "Send the lead as an object with at least a lead_id."),
    "lead_id": ("text that is not empty", "Send the lead's key as text, in quotes."),
    "name": ("text of at most 200 characters, or null", "Send the name as short text, or leave it out."),
    "owner": ("text of at most 200 characters, or null", "Send the owner as short text, or leave it out."),
    "created_at": (_TIME, _TIME_REMEDY),
    "as_of": (f"{_TIME}, or null for now", _TIME_REMEDY),
    "attributes": ("an object of attributes by name", "Send attributes as an object, or leave it out."),
    "account": ("an object of the account's attributes by name", "Send the account as an object, or leave it out."),
    "colleagues": ("a list of leads of the same account", "Send each with its lead_id, activities and milestones."),
    "activities": ("a list of activities", "Send each activity as an object with kind and occurred_at."),
    "milestones": ("a list of milestones", "Send each milestone as an object with milestone and reached_at."),
    "kind": ("text that is not empty", "Send the activity's kind, as named in the history, as text."),
    "occurred_at": (_TIME, _TIME_REMEDY),
    "value": ("a finite number or null", "Send the value as a number without quotes, or leave it out."),
    "actor": ("text or null", _TEXT_REMEDY),
    "milestone": (f"one of {', '.join(Milestone)}", "Use the funnel's words for the milestone."),
    "reached_at": (_TIME, _TIME_REMEDY),
}
_WANTED_OF_KIND = {
    Kind.NUMBER: ("a finite number or null", f"Send it as a number without quotes. {_ABSENT_REMEDY}"),
    Kind.BOOLEAN: ("true, false or null", f"Send true or false without quotes. {_ABSENT_REMEDY}"),
    Kind.DATE: (f"{_TIME}, or null", f"{_TIME_REMEDY} {_ABSENT_REMEDY}"),
}
_BARRED = {
    "erased": (
        "a lead that was erased here",
        "Nothing is kept of it and it gets no score. Take it out of the list you score.",
    ),
    "objected": (
        "a lead whose person objected to being profiled",
        "It gets no score, now or later. Work it without one, and take it out of the list you score.",
    ),
}
_WANTED_OF_TEXT = ("text or null", f"{_TEXT_REMEDY} {_ABSENT_REMEDY}")

_AT = re.compile(r" - at `\$(?P<path>.*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_STEP = re.compile(r"\[(?P<index>\d+)\]|(?P<name>\w+)")


class Refusal(Exception):  # noqa: N818 - not a failure of ours: the lead is refused
    """One lead gets no score. ``kind`` is its word in the metrics."""

    def __init__(self, field: str, *, got: str, expected: str, remedy: str, kind: str = "type") -> None:
        super().__init__(kind)
        self.field = field
        self.got = got
        self.expected = expected
        self.remedy = remedy
        self.kind = kind


def refusal(field: str, raw: bytes, error: msgspec.ValidationError, kind: Kind | None = None) -> Refusal:
    """What to tell of a part of a lead that is not what belongs there.

    Args:
        field: where the part stands in the lead, such as ``attributes.employees``; empty for the lead itself.
        raw: the part as it came.
        error: what msgspec found, with its path below the part.
        kind: the attribute's kind, where the part is an attribute.
    """
    path = place(error)
    where = ".".join(part for part in (field, path) if part).replace(".[", "[")
    missing = _MISSING.search(str(error))
    if missing:
        return absent(f"{where}.{missing['name']}")
    expected, remedy = _wanted(where) if kind is None else _WANTED_OF_KIND.get(kind, _WANTED_OF_TEXT)
    return Refusal(where, got=_held(raw, path), expected=expected, remedy=remedy)


def absent(field: str) -> Refusal:
    """What to tell of a part that must be there and is not."""
    expected, remedy = _wanted(field)
    return Refusal(field, got=NOTHING, expected=expected, remedy=remedy, kind="missing")


def unfit(field: str, raw: bytes, expected: str) -> Refusal:
    """What to tell of a text that cannot be kept."""
    return Refusal(field, got=_held(raw, ""), expected=expected, remedy="Send another text.")


def barred(why: str) -> Refusal:
    """What to tell of a lead that is never to be scored: ``erased`` or ``objected``."""
    reason, remedy = _BARRED[why]
    return Refusal("lead_id", got=reason, expected="a lead that may be profiled", remedy=remedy, kind=why)


def too_deep() -> Refusal:
    """What to tell of a lead whose nesting no parser follows to its end."""
    return Refusal(
        "",
        got="hundreds of values inside one another",
        expected="a lead as in /openapi.json, which is a few levels deep",
        remedy="Send attributes as plain values.",
    )


def place(error: msgspec.ValidationError) -> str:
    """Where msgspec found something wrong, as a path such as ``leads[3].lead_id``; empty for the whole."""
    found = _AT.search(str(error))
    return found["path"].removeprefix(".") if found else ""


def _wanted(where: str) -> tuple[str, str]:
    name = re.sub(r"\[\d+\]", "", where).rpartition(".")[2]
    if where.endswith("]"):
        return "an object", f"Send each of the {name} as an object."
    return _WANTED[name]


def _held(raw: bytes, path: str) -> str:
    """The JSON text at the path, cut to a length fit for a reply."""
    try:
        value = msgspec.json.decode(raw)
        for step in _STEP.finditer(path):
            value = value[step["name"]] if step["name"] else value[int(step["index"])]
        text = msgspec.json.encode(value).decode()
    except (msgspec.DecodeError, LookupError, TypeError):
        # A number beyond any range, or a key given twice, whose second value hides the one found wrong.
        text = bytes(raw).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
