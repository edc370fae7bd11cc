"""Feedback as the contract has it: what a report may hold, and how one is read. A bad one spoils no other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

from crm.history import Milestone
from models.definition import Definition
from models.fates import told
from models.said import Language
from serving.contract import LeadError, Text, Time
from serving.lead import CLOCKS_APART, NUL, decoded, lead_id_of, microseconds
from serving.ledger.feedback import Recorded
from serving.refusals import NOTHING, Refusal, barred, too_deep, unfit

Outcome = Literal["accepted", "rejected", "won", "lost", "no_decision"]
Short = Annotated[str, Meta(min_length=1, max_length=200)]
Amount = Annotated[float, Meta(ge=0)]
Comment = Annotated[str, Meta(max_length=2_000)]
ReportId = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Report(Struct, frozen=True):
    """What sales, or a tool, reports of a lead. Other keys are refused: a misspelt reason must not be lost."""

    lead_id: Text
    outcome: Outcome
    occurred_at: Time
    actor: Annotated[Short | None, Meta(description="Who decided.")] = None
    amount: Annotated[Amount | None, Meta(description="Of a win.")] = None
    reason: Annotated[
        str | None, Meta(description="One of the definition's codes; asked for with rejected, lost and no_decision.")
    ] = None
    comment: Annotated[Comment | None, Meta(description="In free words.")] = None
    corrects: Annotated[ReportId | None, Meta(description="The id of the report that this one takes the place of.")] = (
        None
    )


class FeedbackEnvelope(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request."""

    reports: list[Raw]
    language: Literal["en", "fr"] = "en"


class ReportStands(Struct, frozen=True):
    """How a lead stands."""

    outcome: Outcome
    occurred_at: datetime


class ReportReply(Struct, frozen=True):
    """What became of a report.

    ``status``: ``recorded``; ``known`` where this very report was there already; ``kept`` on disk until the ledger is
    back, which then judges it. ``fate``: whether it ``counts``, is a ``repeat``, or was ``overruled`` or ``corrected``.
    """

    index: Annotated[int, Meta(ge=0, description="The report's place in the request, from 0.")]
    lead_id: str
    id: ReportId
    status: Literal["recorded", "known", "kept"]
    fate: Literal["counts", "repeat", "overruled", "corrected"] | None
    stands: ReportStands | None
    text: str


class FeedbackReply(Struct, frozen=True):
    """What became of the reports, in their order, without those named in ``errors``."""

    reports: list[ReportReply]
    errors: list[LeadError]


@dataclass(frozen=True)
class ReadReports:
    """The reports of a request as rows of ``feedback`` with their places, and the errors of the others."""

    language: Language
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    errors: list[LeadError] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # the kind of each error, for the metrics


_PARTS = Decoder(dict[str, Raw])
_KEYS = Report.__struct_fields__
_DECODERS: Mapping[str, Decoder[Any]] = {
    "outcome": Decoder(Outcome),
    "occurred_at": Decoder(Time),
    "actor": Decoder(Short | None),
    "amount": Decoder(float | None),
    "reason": Decoder(str | None),
    "comment": Decoder(Comment | None),
    "corrects": Decoder(ReportId | None),
}
_REASONED = frozenset({Milestone.REJECTED, Milestone.LOST, Milestone.NO_DECISION})


def read_reports(
    envelope: FeedbackEnvelope, definition: Definition, now: datetime, caller: str, request_id: str
) -> ReadReports:
    """Checks the reports of a request one by one; ``definition`` lists the reasons."""
    batch = ReadReports(envelope.language)
    shared = {
        "received_at": now,
        "definition_version": definition.version,
        "caller": caller,
        "request_id": request_id,
    }
    for index, raw in enumerate(envelope.reports):
        lead_id = None
        try:
            parts = decoded(_PARTS, raw, "")
            lead_id = lead_id_of(parts)
            said = _read(lead_id, parts, definition, now)
            batch.rows.append((index, {"id": identity(said), **said, **shared}))
        except Refusal as no:
            _refuse(batch, index, lead_id, no)
        except RecursionError:
            _refuse(batch, index, lead_id, too_deep())
    return batch


def _refuse(batch: ReadReports, index: int, lead_id: str | None, no: Refusal) -> None:
    batch.errors.append(LeadError(index, lead_id, no.field, no.got, no.expected, no.remedy))
    batch.refused.append(no.kind)


def refuse_erased(batch: ReadReports, erased: frozenset[str]) -> None:
    """Makes errors of the reports on erased leads: nothing of them is taken in again."""
    theirs = [(index, row["lead_id"]) for index, row in batch.rows if row["lead_id"] in erased]
    batch.rows[:] = [(index, row) for index, row in batch.rows if row["lead_id"] not in erased]
    for index, lead_id in theirs:
        _refuse(batch, index, lead_id, barred("erased"))
    batch.errors.sort(key=lambda error: error.index)


def identity(said: Mapping[str, Any]) -> str:
    """The id of a report: a hash of all that it says, so that the same report is one row however often it comes."""
    told_ = {**said, "occurred_at": microseconds(said["occurred_at"])}
    return hashlib.sha256(msgspec.json.encode(told_, order="sorted")).hexdigest()


def replied(batch: ReadReports, recorded: Recorded | None) -> FeedbackReply:
    """The reply to reports that the ledger has judged; ``None`` where they are kept until it is back."""
    first: set[str] = set()
    replies = []
    for index, row in batch.rows:
        again = row["id"] in first
        first.add(row["id"])
        replies.append(_reply(index, row, recorded, batch.language, again=again))
    return FeedbackReply(replies, batch.errors)


def _reply(
    index: int, row: Mapping[str, Any], recorded: Recorded | None, language: Language, *, again: bool
) -> ReportReply:
    standing = None if recorded is None else recorded.standings.get(row["lead_id"])
    if recorded is None or standing is None:
        return ReportReply(index, row["lead_id"], row["id"], "kept", None, None, _KEPT[language])
    last = standing.last
    return ReportReply(
        index=index,
        lead_id=row["lead_id"],
        id=row["id"],
        status="recorded" if row["id"] in recorded.new and not again else "known",
        fate=standing.fates[row["id"]].value,
        stands=None if last is None else ReportStands(last.outcome.value, last.occurred_at),  # type: ignore[arg-type]  # of REPORTED
        text=told(standing, row["id"], language),
    )


_KEPT = {
    "en": "It is kept on disk: the ledger does not answer now, and will judge it when it is back.",
    "fr": "Il est conservé sur disque : le registre ne répond pas, et le jugera à son retour.",
}


def _read(lead_id: str, parts: Mapping[str, Raw], definition: Definition, now: datetime) -> dict[str, Any]:
    unknown = next((key for key in parts if key not in _KEYS), None)
    if unknown is not None:
        raise Refusal(
            unknown, got="a key", expected=f"one of {', '.join(_KEYS)}", remedy="Correct or leave out this key."
        )
    for key in ("outcome", "occurred_at"):
        if key not in parts:
            raise Refusal(key, got=NOTHING, expected=_EXPECTED[key], remedy="Add it.", kind="missing")
    said = {key: _part(key, parts) for key in _DECODERS}
    said["occurred_at"] = _in_time(said["occurred_at"], now)
    said["outcome"] = str(said["outcome"])
    _amount(said)
    _reason(said, definition)
    return {"lead_id": lead_id, **said}


_EXPECTED = {
    "outcome": "one of accepted, rejected, won, lost, no_decision",
    "occurred_at": "a time with its zone, such as 2026-03-02T10:11:00Z",
    "actor": "text of at most 200 characters, or null",
    "amount": "a number, or null",
    "reason": "a code as text, or null",
    "comment": "text of at most 2000 characters, or null",
    "corrects": "the id of a report, 64 hexadecimal digits, or null",
}


def _part(key: str, parts: Mapping[str, Raw]) -> Any:
    raw = parts.get(key)
    if raw is None:
        return None
    try:
        value = _DECODERS[key].decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError):
        got = bytes(raw).decode(errors="replace")[:80]
        raise Refusal(key, got=got, expected=_EXPECTED[key], remedy="Correct this field.") from None
    if isinstance(value, str) and NUL in value:
        raise unfit(key, raw, "text without the character NUL, or null")
    return value


def _in_time(at: datetime, now: datetime) -> datetime:
    if microseconds(at) > microseconds(now) + CLOCKS_APART:
        raise Refusal(
            "occurred_at",
            got=at.isoformat(),
            expected="an instant that is not in the future",
            remedy="Report what has happened, when it has happened.",
            kind="time",
        )
    return at.astimezone(UTC)


def _amount(said: Mapping[str, Any]) -> None:
    amount = said["amount"]
    if amount is None:
        return
    if said["outcome"] != Milestone.WON:
        raise Refusal("amount", got=str(amount), expected="nothing, as nothing was won", remedy="Leave it out.")
    if not 0 <= amount < float("inf"):
        raise Refusal("amount", got=str(amount), expected="a number that is not negative", remedy="Correct the amount.")


def _reason(said: Mapping[str, Any], definition: Definition) -> None:
    outcome, reason = said["outcome"], said["reason"]
    codes = definition.listed_reasons.of(outcome)
    if outcome not in _REASONED:
        if reason is not None:
            raise Refusal("reason", got=str(reason)[:80], expected=f"no reason with {outcome}", remedy="Leave it out.")
    elif reason not in codes:
        raise Refusal(
            "reason",
            got=NOTHING if reason is None else str(reason)[:80],
            expected=f"one of {', '.join(codes)}",
            remedy="Give the code that fits best; say more in `comment`. The definition lists the codes.",
            kind="missing" if reason is None else "reason",
        )
