"""One lead of a request, from bytes to a checked record; whatever is wrong with it is a `Refusal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from crm.history import FINAL, Field, Kind, Milestone
from crm.placeholders import stands_for_missing
from features.columns import readable
from features.records import Record
from features.spec import Family, Feature
from serving.contract import Activity, Colleague, Lead, Shown, Step, Text, Time
from serving.refusals import Refusal, absent, refusal, unfit

T = TypeVar("T")

CLOCKS_APART = 3_600_000_000
"""Microseconds by which a caller's clock may run ahead of ours."""

LONGEST_KEY = 500
"""Characters of a lead's key: a database's index takes no more."""

NUL = "\0"
"""The one character that no database keeps."""

COLLEAGUES = "colleagues"
"""The one key of an account that is no attribute."""

_OBJECT = Decoder(dict[str, Raw] | None)
_TEXT = Decoder(Text)
_TIME = Decoder(Time | None)
_ACTIVITIES = Decoder(list[Activity] | None)
_STEPS = Decoder(list[Step] | None)
_COLLEAGUES = Decoder(list[Colleague] | None)
_WORDS = Decoder(str | None)
_SHOWN = Decoder(Shown | None)
_ATTRIBUTE: Mapping[Kind, Decoder[float | bool | datetime | str | None]] = {
    Kind.NUMBER: Decoder(float | None),
    Kind.BOOLEAN: Decoder(bool | None),
    Kind.DATE: _TIME,
    Kind.CATEGORY: _WORDS,
    Kind.TITLE: _WORDS,
    Kind.EMAIL: _WORDS,
    Kind.TEXT: _WORDS,
}
_KEYS = frozenset(Lead.__struct_fields__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ReadLead:
    """A lead that can be scored, the instant to score it at (microseconds), and what of it counts for nothing."""

    record: Record
    as_of: int
    ignored_fields: list[str]
    future_activities: int
    name: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an attribute must be. A word for "missing" is read as missing, unless it is one of the ``levels``."""

    kind: Kind
    levels: frozenset[str] = frozenset()


def attributes_of(fields: Iterable[Field], features: Iterable[Feature]) -> dict[str, Attribute]:
    """The attributes that may count, by name: ``fields`` and ``features`` are the scorer's."""
    numbers, words = readable(tuple(fields))
    levels = {f.field: frozenset(f.levels or ()) for f in features if f.family == Family.ATTRIBUTE}
    return {f.name: Attribute(f.kind, levels.get(f.name, frozenset())) for f in (*numbers, *words)}


def lead_id_of(parts: Mapping[str, Raw]) -> str:
    """The lead's key, which names it in its errors too."""
    if "lead_id" not in parts:
        raise absent("lead_id")
    lead_id = decoded(_TEXT, parts["lead_id"], "lead_id")
    if len(lead_id) > LONGEST_KEY or NUL in lead_id:
        raise unfit("lead_id", parts["lead_id"], f"at most {LONGEST_KEY} characters, without the character NUL")
    return lead_id


def microseconds(at: datetime) -> int:
    """Since 1970 UTC, exactly.

    >>> microseconds(datetime(1970, 1, 1, 1, tzinfo=UTC))
    3600000000
    """
    return (at - _EPOCH) // _MICROSECOND


def read_lead(lead_id: str, parts: Mapping[str, Raw], known: Mapping[str, Attribute], now: int) -> ReadLead:
    """Checks the parts of a lead.

    Args:
        lead_id: from `lead_id_of`.
        parts: the lead's values by key, each still unread.
        known: the attributes that count and what they are, from `attributes_of`.
        now: microseconds since 1970 UTC; stands in for an absent ``as_of``.

    Raises:
        Refusal: something in it is not what belongs there.
    """
    ignored = [key for key in parts if key not in _KEYS]
    as_of = _instant(parts, "as_of")
    as_of = now if as_of is None else as_of
    created_at = _instant(parts, "created_at")
    _in_order(parts, as_of, created_at, now)
    attributes: dict[str, float | str | int | None] = {}
    _attributes(_object(parts, "attributes"), "", known, attributes, ignored)
    account = _object(parts, "account")
    colleagues = _part(_COLLEAGUES, account, COLLEAGUES, f"account.{COLLEAGUES}") or ()
    _attributes(account, "account.", known, attributes, ignored)
    activities = _activities(_part(_ACTIVITIES, parts, "activities", "activities"))
    steps = _part(_STEPS, parts, "milestones", "milestones")
    _undecided(steps or (), as_of)
    record = Record(
        lead_id=lead_id,
        created_at=created_at,
        attributes=attributes,
        activities=activities,
        milestones=_milestones(steps),
        colleagues=[_colleague(c) for c in colleagues if c.lead_id != lead_id],
    )
    future = sum(at > as_of for _, at, _, _ in activities)
    return ReadLead(record, as_of, ignored, future, _shown(parts, "name"), _shown(parts, "owner"))


def _in_order(parts: Mapping[str, Raw], as_of: int, created_at: int | None, now: int) -> None:
    if as_of > now + CLOCKS_APART:
        raise Refusal(
            "as_of",
            got=_text(parts["as_of"]),
            expected="an instant that is not in the future",
            remedy="Send null to score as of now.",
            kind="time",
        )
    if created_at is not None and created_at > as_of + CLOCKS_APART:
        raise Refusal(
            "created_at",
            got=_text(parts["created_at"]),
            expected="an instant not after as_of",
            remedy="A lead has no score before it exists: send a later as_of, or the right creation time.",
            kind="time",
        )


def _undecided(steps: Sequence[Step], as_of: int) -> None:
    for place, step in enumerate(steps):
        if step.milestone in FINAL and microseconds(step.reached_at) <= as_of:
            raise Refusal(
                f"milestones[{place}].milestone",
                got=f'"{step.milestone}"',
                expected="a lead that is still open at as_of",
                remedy="A decided lead has no chances to score; to replay the past, send an as_of before the decision.",
                kind="decided",
            )


def _attributes(
    given: Mapping[str, Raw],
    prefix: str,
    known: Mapping[str, Attribute],
    into: dict[str, float | str | int | None],
    ignored: list[str],
) -> None:
    for key, raw in given.items():
        name = f"{prefix}{key}"
        attribute = known.get(name)
        if name == f"account.{COLLEAGUES}":
            continue
        if attribute is None:
            ignored.append(name)
        else:
            into[name] = _value(raw, attribute, name if prefix else f"attributes.{key}")


def _value(raw: Raw, attribute: Attribute, where: str) -> float | str | int | None:
    try:
        value = _ATTRIBUTE[attribute.kind].decode(raw)
    except msgspec.ValidationError as error:
        raise refusal(where, raw, error, attribute.kind) from None
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value not in attribute.levels and stands_for_missing(value):
        return None
    return value


def _colleague(given: Colleague) -> Record:
    return Record(
        lead_id=given.lead_id,
        created_at=None if given.created_at is None else microseconds(given.created_at),
        attributes={},
        activities=_activities(given.activities),
        milestones=_milestones(given.milestones),
        colleagues=(),
    )


def _activities(given: Sequence[Activity] | None) -> list[tuple[str, int, float | None, str | None]]:
    return [(a.kind, microseconds(a.occurred_at), a.value, a.actor) for a in given or ()]


def _milestones(given: Sequence[Step] | None) -> list[tuple[Milestone, int]]:
    return [(s.milestone, microseconds(s.reached_at)) for s in given or ()]


def _shown(parts: Mapping[str, Raw], key: str) -> str | None:
    text = (_part(_SHOWN, parts, key, key) or "").strip()
    if NUL in text:
        raise unfit(key, parts[key], "text without the character NUL, or null")
    return text or None


def _object(parts: Mapping[str, Raw], key: str) -> dict[str, Raw]:
    return _part(_OBJECT, parts, key, key) or {}


def _instant(parts: Mapping[str, Raw], key: str) -> int | None:
    at = _part(_TIME, parts, key, key)
    return None if at is None else microseconds(at)


def _part(decoder: Decoder[T], parts: Mapping[str, Raw], key: str, where: str) -> T | None:
    raw = parts.get(key)
    return None if raw is None else decoded(decoder, raw, where)


def decoded(decoder: Decoder[T], raw: bytes | Raw, where: str) -> T:
    """The part as its type has it. Raises `Refusal` naming ``where`` it stands in the lead."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise refusal(where, raw, error) from None


def _text(raw: Raw) -> str:
    return bytes(raw).decode()
