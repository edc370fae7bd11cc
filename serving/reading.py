"""From a request's bytes to checked leads: what is wrong with one lead is that lead's error and no other's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from serving.contract import LANGUAGES, Envelope, LeadError
from serving.lead import Attribute, ReadLead, decoded, lead_id_of, read_lead
from serving.problems import Kind as ProblemKind
from serving.problems import Problem
from serving.refusals import Refusal, place, too_deep
from serving.refusals import barred as never

_ENVELOPE = Decoder(Envelope)
_PARTS = Decoder(dict[str, Raw])
_SHORTEST_LEAD = 2  # bytes, with its comma
_EXPECTED = {
    "": "an object of leads and, if wanted, language, reasons and story",
    "leads": "a list of leads",
    "language": f"one of {', '.join(LANGUAGES)}",
    "reasons": "a whole number from 0 to 10",
    "story": "true or false",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """A request as read: leads in order, those refused, and what the caller wants to hear."""

    language: str
    reasons: int
    leads: list[ReadLead] = field(default_factory=list)
    errors: list[LeadError] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # the kind of each error, for the metrics
    story: bool = False


def open_envelope(body: bytes, max_leads: int) -> Envelope:
    """The request around its leads, these still unread.

    Raises:
        Problem: the whole request cannot be used.
    """
    try:
        body.decode()  # the parser does not look into what it skips
        if len(body) > _SHORTEST_LEAD * max_leads:
            _refuse_too_many(body, max_leads)
        return _ENVELOPE.decode(body)
    except msgspec.ValidationError as error:
        expected = _EXPECTED.get(place(error), _EXPECTED[""])
        raise Problem(ProblemKind.INVALID, f"{error}.", more={"expected": expected}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        remedy = "Send UTF-8 JSON. Numbers that are NaN or infinite have no JSON form: send null."
        raise Problem(ProblemKind.MALFORMED, f"{error}.", more={"remedy": remedy}) from None
    except RecursionError:
        raise Problem(ProblemKind.MALFORMED, "The body is nested too deeply.") from None


def _refuse_too_many(body: bytes, max_leads: int) -> None:
    """Stops at the first lead too many: millions of empty ones must not become millions of objects."""
    try:
        _counting(max_leads).decode(body)
    except msgspec.ValidationError as error:
        if "at most length" in str(error):
            raise Problem(
                ProblemKind.INVALID,
                f"The request holds too many leads: at most {max_leads} are taken at once.",
                more={"limit": max_leads, "remedy": "Send several requests, or use `accord score` for bulk."},
            ) from None


@lru_cache(maxsize=4)
def _counting(max_leads: int) -> Decoder[msgspec.Struct]:
    """Reads a request whose ``leads`` are no more than so many, and nothing else of it."""
    places = [(f"lead_{i}", Raw, Raw(b"null")) for i in range(max_leads)]
    leads = msgspec.defstruct("Leads", places, array_like=True, forbid_unknown_fields=True)
    return Decoder(msgspec.defstruct("Counted", [("leads", leads)]))


def read(
    envelope: Envelope, known: Mapping[str, Attribute], now: int, barred: Callable[[str], str | None] = lambda _: None
) -> Batch:
    """Checks a request's leads one by one.

    Args:
        envelope: from `open_envelope`.
        known: the attributes that count and what they are, from `serving.lead.attributes_of`.
        now: microseconds since 1970 UTC; stands in for an absent ``as_of``.
        barred: why a lead is never to be scored (``erased``, ``objected``), ``None`` where it may be.
    """
    batch = Batch(envelope.language, int(envelope.reasons), story=envelope.story)
    for index, raw in enumerate(envelope.leads):
        lead_id = None
        try:
            parts = decoded(_PARTS, raw, "")
            lead_id = lead_id_of(parts)
            why = barred(lead_id)
            if why is not None:
                raise never(why)
            batch.leads.append(read_lead(lead_id, parts, known, now))
        except Refusal as no:
            _refuse(batch, index, lead_id, no)
        except RecursionError:  # shallow enough for the envelope, which may be read with more room on the stack
            _refuse(batch, index, lead_id, too_deep())
    return batch


def _refuse(batch: Batch, index: int, lead_id: str | None, no: Refusal) -> None:
    batch.errors.append(LeadError(index, lead_id, no.field, no.got, no.expected, no.remedy))
    batch.refused.append(no.kind)
