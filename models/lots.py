"""The draw by lot: which leads of low grades are worked all the same. No state: a lead's lot never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from models.loop import Exploration

_RANGE = 2**64


def drawn(exploration: Exploration | None, leads: Iterable[tuple[str, str]]) -> list[bool | None]:
    """For each ``(lead_id, grade)`` whether it is drawn; ``None`` where its grade takes no part.

    The lot is a hash of the lead's key and the word of the draw, so it depends on nothing that is known of the lead,
    and the same lead has the same lot each time it is scored.

    >>> drawn(Exploration(share=0.5, grades=("D",)), [("l1", "D"), ("l3", "D"), ("l4", "A")])
    [True, False, None]
    """
    if exploration is None:
        return [None for _ in leads]
    return [
        lot(lead_id, exploration.draw) < exploration.share if grade in exploration.grades else None
        for lead_id, grade in leads
    ]


def lot(lead_id: str, draw: str) -> float:
    """The lead's lot in this draw, uniform in [0, 1)."""
    digest = hashlib.sha256(f"{draw}\0{lead_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _RANGE
