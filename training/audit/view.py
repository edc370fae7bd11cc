"""What the checks look at: the history's fields and outcomes laid out once, one entry a lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crm.history import Field, History, Kind, Known
from training.audit.columns import Column, column_of
from training.audit.order import Order, order_of
from training.audit.settings import AuditSettings
from training.audit.statistics import Flags, Floats, Strength, folds_of, strength
from training.funnel import DAY, NEVER, Funnel, flags, funnel, microseconds
from training.labels import Horizons


@dataclass(frozen=True)
class Outcome:
    """One outcome of each lead: ``y`` is 1 or 0, and counts only where ``known``."""

    name: str  # "won" or "accepted", as it is said in evidence
    y: Floats
    known: Flags

    @property
    def base(self) -> float:
        """The rate among the leads whose outcome is known."""
        return float(self.y[self.known].mean()) if self.known.any() else float("nan")


@dataclass(frozen=True)
class View:
    """The history as the checks read it. Arrays are in the order of ``history.leads``.

    ``columns`` are the fields that could become features: all but those declared identifiers or known after the
    outcome. ``steps`` is None in a flat history. ``taken_out`` are the fields that earlier checks took out, and
    ``strengths`` what each field alone says about each outcome with both classes, by (outcome, field).
    """

    history: History
    horizons: Horizons
    settings: AuditSettings
    columns: tuple[Column, ...]
    outcomes: tuple[Outcome, ...]
    order: Order
    steps: Funnel | None
    strengths: Mapping[tuple[str, str], Strength]
    quarantine: pd.DataFrame | None = None
    placeholders: pd.DataFrame | None = None
    taken_out: frozenset[str] = field(default_factory=frozenset)

    @property
    def size(self) -> int:
        """The number of leads."""
        return len(self.history.leads)

    @property
    def candidates(self) -> tuple[Column, ...]:
        """The columns that no earlier check took out."""
        return tuple(c for c in self.columns if c.name not in self.taken_out)

    def alpha(self, looks: int) -> float:
        """The significance of one of ``looks`` questions, so that the whole check keeps its own (Bonferroni)."""
        return self.settings.significance / max(1, looks)


def view_of(
    history: History,
    horizons: Horizons,
    settings: AuditSettings,
    *,
    quarantine: pd.DataFrame | None = None,
    placeholders: pd.DataFrame | None = None,
) -> View:
    """Lay the history out for the checks."""
    steps = funnel(history) if history.timed else None
    columns = tuple(column_of(f, _values(history, f)) for f in history.fields if _could_be_a_feature(f, history))
    outcomes = _outcomes(history, steps, horizons)
    return View(
        history=history,
        horizons=horizons,
        settings=settings,
        columns=columns,
        outcomes=outcomes,
        order=order_of(history),
        steps=steps,
        strengths=_strengths(history, columns, outcomes),
        quarantine=quarantine,
        placeholders=placeholders,
    )


def _could_be_a_feature(field: Field, history: History) -> bool:
    if field.kind is Kind.IDENTIFIER or field.known is Known.AFTER_OUTCOME:
        return False
    return field.column in (history.accounts if field.of_account else history.leads).columns


def _values(history: History, field: Field) -> pd.Series:
    if not field.of_account:
        return history.leads[field.name].reset_index(drop=True)
    by_account = history.accounts.set_index("account_id")[field.column]
    return by_account.reindex(history.leads["account_id"]).reset_index(drop=True)


def _outcomes(history: History, steps: Funnel | None, horizons: Horizons) -> tuple[Outcome, ...]:
    if steps is None:
        accepted, won = flags(history)
        known = np.ones(len(won), dtype=bool)
        named = [("won", won, known), ("accepted", accepted, known)]
    else:
        age = microseconds(history.exported_at) - steps.created
        final = steps.final != NEVER
        accepted = steps.accepted != NEVER
        named = [
            ("won", steps.won, final | (age >= horizons.close_days * DAY)),
            ("accepted", accepted, accepted | final | (age >= horizons.accept_days * DAY)),
        ]
    if not history.tracks_acceptance:
        named.pop()
    return tuple(Outcome(name, y.astype("float64"), known) for name, y, known in named)


def _strengths(
    history: History, columns: tuple[Column, ...], outcomes: tuple[Outcome, ...]
) -> dict[tuple[str, str], Strength]:
    folds = folds_of(history.leads["lead_id"], history.leads["account_id"])
    found = {}
    for outcome in outcomes:
        known = outcome.known
        if not 0 < outcome.y[known].sum() < known.sum():
            continue
        for column in columns:
            codes = column.codes[known]
            found[outcome.name, column.name] = strength(codes, outcome.y[known], folds[known])
    return found
