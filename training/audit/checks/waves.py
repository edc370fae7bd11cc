"""Filled in waves: a machine filled the field for some stretches of leads and not for those between."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.audit.columns import Column
from training.audit.finding import Check, Finding, NotApplicable, Severity
from training.audit.statistics import Floats
from training.audit.view import View
from training.audit.wording import percent

_STRETCHES = 20
_LEADS_A_STRETCH = 50


def look(view: View) -> list[Finding] | NotApplicable:
    """Follow the filled share along the order of leads and look for a deep valley between two heights."""
    if view.size < _STRETCHES * _LEADS_A_STRETCH:
        return NotApplicable(f"fewer than {_STRETCHES * _LEADS_A_STRETCH:,} leads to follow a field along")
    place = np.argsort(np.argsort(view.order.rank, kind="stable"), kind="stable")
    stretch = place * _STRETCHES // view.size
    found: list[Finding] = []
    told: dict[str, str] = {}  # a field, and the first field of its group that was told about
    for column in view.candidates:
        shares = np.bincount(stretch, weights=column.filled, minlength=_STRETCHES) / np.bincount(stretch)
        depth, bottom = _valley(shares)
        if depth < view.settings.wave_fill:
            continue
        together = _together(view, column)
        found.append(_finding(view, column, shares, bottom, together, told.get(column.name)))
        for name in together:
            told.setdefault(name, column.name)
    return found


def _valley(shares: Floats) -> tuple[float, int]:
    """How far the share falls below the lower of the heights before and after it, and where most."""
    before = np.maximum.accumulate(shares)
    after = np.maximum.accumulate(shares[::-1])[::-1]
    depth = np.minimum(before, after) - shares
    return float(depth.max()), int(depth.argmax())


def _together(view: View, column: Column) -> list[str]:
    """The other fields that are filled or empty where this one is."""
    share = view.settings.same_pattern_share
    return [c.name for c in view.columns if c is not column and (c.filled == column.filled).mean() >= share]


def _finding(view: View, column: Column, shares: Floats, bottom: int, together: list[str], as_: str | None) -> Finding:
    first, last = int(shares[: bottom + 1].argmax()), bottom + int(shares[bottom:].argmax())
    words = (
        f"Along {view.order.words}, it is filled for {percent(shares[first])} of one stretch of leads, then for "
        f"{percent(shares[bottom])}, then again for {percent(shares[last])}"
    )
    if as_ is not None:
        words += f": wherever `{as_}` is."
    elif together:
        words += f". Filled or empty together with it: {', '.join(f'`{n}`' for n in together)}."
    else:
        words += "."
    question = (
        f"What process fills `{column.name}`: does it run before a lead is handed to sales, for every lead, and does "
        "it leave the value alone afterwards? A score computed in batches knows what happened until then."
    )
    if as_ is not None:
        question = f"The same as for `{as_}`: what process fills it, and when?"
    facts: dict[str, Any] = {
        "along": view.order.words,
        "filled_by_stretch": [round(float(s), 4) for s in shares],
        "together": together,
    }
    return CHECK.finding(Severity.ASK, column.name, words, question=question, **facts)


CHECK = Check(
    code="filled-in-waves",
    title="Filled for some stretches of leads and not for those between",
    explanation="What a lead tells us is filled lead by lead. A field that is filled for one stretch of leads, empty "
    "for the next and filled again was computed by a process that ran now and then, possibly after the outcome.",
    look=look,
)
