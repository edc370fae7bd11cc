"""Objections and erasures as the contract has them, and what it takes for one to be done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from crm.errors import UnavailableError
from serving.contract import Text
from serving.desk import Barred, Caller, Desk
from serving.ledger.erasure import erase, object_to
from serving.ledger.scrub import scrub
from serving.problems import Kind, Problem

FLUSH_SECONDS = 2.0
"""How long an erasure waits for rows on their way to the ledger; what comes later is dropped on arrival."""

RETRY_SECONDS = 10


class Objection(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose person objects to being profiled."""

    lead_id: Text
    language: Literal["en", "fr"] = "en"


class ObjectionReply(Struct, frozen=True):
    """What was done: ``recorded``; ``known`` where it was before; ``kept`` on disk until the ledger is back.

    In every case the lead is not scored any more.
    """

    status: Literal["recorded", "known", "kept"]
    text: str


class ErasureReply(Struct, frozen=True):
    """What was done: ``erased``; ``known`` where it was before; ``kept`` on disk until the ledger is back.

    ``rows``: how many rows of the ledger went, by table; none where it is ``kept``. ``files_clean``: whether the
    database's files hold nothing of it any more, so far as the database can tell; ``False`` where somebody was reading
    for too long: the next erasure tries again, so may you.
    """

    status: Literal["erased", "known", "kept"]
    rows: dict[str, Annotated[int, Meta(ge=0)]]
    files_clean: bool
    text: str


_OBJECTED = {
    "en": "Thank you, it is noted for good: neither this service nor the next training profiles this person any more.",
    "fr": (
        "Merci, c’est noté pour toujours : cette personne n’est plus profilée, ni par ce service "
        "ni par le prochain entraînement."
    ),
}
_ERASED = (
    "The lead is erased: the ledger holds nothing of it but a hash that says so, it gets no score, and the next "
    "training leaves it out. Erase it in the CRM, in its exports and in backups too."
)
_KEPT = "The lead gets no score from now on. The ledger does not answer now: this is kept on disk, and done when it is."
_KEPT_IN_FRENCH = (
    "Cette personne n’est plus profilée dès maintenant. Le registre ne répond pas : c’est conservé sur disque, "
    "et inscrit à son retour."
)


def objected(desk: Desk, objection: Objection, caller: Caller, at: datetime) -> tuple[int, ObjectionReply]:
    """Records an objection; gives the status and the reply. Waits for the database: call it aside.

    Raises `Problem` where neither the ledger nor the disk takes it.
    """
    ledger, _ = desk.books()
    heard = _bar(desk, objection.lead_id, "objected")
    language = objection.language
    try:
        with ledger.writing() as connection:
            new = object_to(connection, objection.lead_id, at, caller.id)
    except UnavailableError:
        _keep(desk, "objections", {"lead_id": objection.lead_id, "recorded_at": at, "caller": caller.id}, heard=heard)
        return 202, ObjectionReply("kept", _KEPT_IN_FRENCH if language == "fr" else _KEPT)
    reply = ObjectionReply("recorded" if new else "known", _OBJECTED[language])
    return 201 if new else 200, reply


def erased(desk: Desk, lead_id: str, caller: Caller, at: datetime) -> tuple[int, ErasureReply]:
    """Erases a lead; gives the status and the reply. Waits for the database: call it aside.

    Raises `Problem` where neither the ledger nor the disk takes it.
    """
    ledger, recorder = desk.books()
    heard = _bar(desk, lead_id, "erased")
    recorder.flush(FLUSH_SECONDS if recorder.up else 0.0)
    try:
        with ledger.writing() as connection:
            rows, new = erase(connection, lead_id, at, caller.id)
        recorder.flush(FLUSH_SECONDS)  # what came since is dropped
        recorder.forget()
        clean = scrub(ledger)
    except UnavailableError:
        _keep(desk, "erasures", {"lead_id": lead_id, "erased_at": at, "caller": caller.id}, heard=heard)
        return 202, ErasureReply("kept", {}, files_clean=False, text=_KEPT)
    return 200, ErasureReply("erased" if new else "known", dict(rows), files_clean=clean, text=_ERASED)


def _bar(desk: Desk, lead_id: str, why: Barred) -> bool:
    """Bars a lead in this process at once; the others hear of it within a second, from the ledger or from the disk.

    Gives whether they hear of it from the disk, which is all that they have while the ledger is down. A roster that
    never reached the ledger lets nobody be scored: there is nothing to bar yet.
    """
    if desk.roster is None or desk.roster.asks is None:
        return True
    try:
        desk.roster.bar(lead_id, why)
    except UnavailableError:
        return False
    return True


def _keep(desk: Desk, table: str, row: dict[str, Any], *, heard: bool) -> None:
    """Keeps a row on disk until the ledger is back.

    Raises `Problem` where the disk does not take it, or did not take what the other workers and the next start must
    hear: they would go on scoring the lead.
    """
    _, recorder = desk.books()
    if not (recorder.write(table, [row], sure=True) and heard):
        detail = "Neither the ledger nor this machine's disk takes anything now: it is not recorded. Send it again."
        raise Problem(Kind.LEDGER_DOWN, detail, headers={"Retry-After": str(RETRY_SECONDS)})
