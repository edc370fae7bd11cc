"""The feature matrix: the one implementation, called with a million snapshots in training and with one in serving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from features.catalog import Catalog
from features.facts import Facts
from features.instants import END, NAT, Floats, Ints
from features.part import Fill

_ROWS = 1 << 15  # snapshots in a block
_EVENTS = 1 << 20  # activities that a block may span, unless one lead alone has more
_GAP = 1 << 12  # activities of leads not asked for that a block may span between two leads


def matrix(catalog: Catalog, facts: Facts, lead: Ints, as_of: Ints) -> Floats:
    """The features of each snapshot: float64[n, k], one row per ``(lead[i], as_of[i])``, columns as in the catalog.

    ``lead`` are row numbers in ``facts``, ``as_of`` instants in microseconds. What happened at or before ``as_of`` is
    known, what happened later changes nothing. Categories are codes of their levels, missing is NaN. ``as_of`` may be
    `NAT` where a history has no times: attributes are then as they stand, whatever needs a time is missing. No row
    depends on another one, nor on how many there are, to the last bit.
    """
    lead, as_of = np.asarray(lead, np.int64), np.asarray(as_of, np.int64)
    out = np.full((len(lead), len(catalog.features)), np.nan)
    undated = as_of == NAT
    if undated.any():
        _fill(_bound(catalog, facts, timeless=True), facts, lead, np.where(undated, END, as_of), out, undated)
    if not undated.all():
        _fill(_bound(catalog, facts, timeless=False), facts, lead, as_of, out, ~undated)
    return out


def _bound(catalog: Catalog, facts: Facts, *, timeless: bool) -> list[Fill]:
    return [part.bind(facts) for part in catalog.parts if part.timeless or not timeless]


def _fill(fills: Sequence[Fill], facts: Facts, lead: Ints, as_of: Ints, out: Floats, mask: Ints) -> None:
    if len(lead) == 1:
        for fill in fills:
            fill(lead, as_of, out)
        return
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(lead[rows], kind="stable")]
    for block in _blocks(facts, lead[rows]):
        mine = rows[block]
        part = np.full((len(mine), out.shape[1]), np.nan)
        for fill in fills:
            fill(lead[mine], as_of[mine], part)
        out[mine] = part


def _blocks(facts: Facts, lead: Ints) -> Iterator[slice]:
    """Cuts snapshots sorted by lead into blocks whose leads' activities lie close together."""
    begin, end = facts.activities.first[lead], facts.activities.first[lead + 1]
    far = begin[1:] - end[:-1] > _GAP
    full = begin[1:] // _EVENTS != begin[:-1] // _EVENTS
    cuts = np.flatnonzero(far | full) + 1
    cuts = np.union1d(cuts, np.arange(0, len(lead), _ROWS))
    for start, stop in zip(cuts, [*cuts[1:], len(lead)], strict=True):
        yield slice(int(start), int(stop))
