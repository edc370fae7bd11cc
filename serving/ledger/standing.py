"""Which signatures count now: a sheet comes into force when both teams have signed it, and replaces all before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.agreement import Signature
from models.sheet import ROLES


@dataclass(frozen=True, slots=True)
class Standing:
    """``in_force``: the sheet that both teams signed last. ``signatures``: those that count, by sheet, in their order.

    The keys are hashes of sheets, in the order in which each got its latest signature.
    """

    in_force: str | None
    signatures: Mapping[str, tuple[Signature, ...]]


def standing(given: Iterable[Signature]) -> Standing:
    """What counts of the signatures ``given``, in the order they were given.

    When a sheet has both teams' signatures it comes into force. From then on no signature given before under any other
    sheet counts: who has agreed on something new has left what was agreed before, and half an agreement is none.
    Going back to an earlier sheet is therefore signed again, by both.
    """
    in_force: str | None = None
    counted: dict[str, tuple[Signature, ...]] = {}
    for signature in given:
        sheet = signature.sheet_hash
        counted[sheet] = (*counted.pop(sheet, ()), signature)
        if sheet != in_force and {each.role for each in counted[sheet]} == set(ROLES):
            in_force = sheet
            counted = {sheet: counted[sheet]}
    return Standing(in_force, counted)
