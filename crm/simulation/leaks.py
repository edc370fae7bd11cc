"""Fields that make a score a lie, planted where the export would show them. What they are called tells nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd

from crm.history import Field, Kind
from crm.simulation.clock import DAY, NEVER, Seconds
from crm.simulation.funnel import Course
from crm.simulation.world import Leads


class Leak(StrEnum):
    """What is wrong with a planted field."""

    PRESENCE = "presence tells the outcome"
    FILLED_LATER = "filled in after acceptance"
    OVERWRITTEN = "overwritten after the outcome"
    NEAR_PERFECT = "nearly tells the outcome"
    IDENTIFIER = "identifier"
    PLACEHOLDER = "words that mean missing"
    CONSTANT = "always the same"
    TWIN = "copy of another field"
    PERSONAL = "personal or protected"


@dataclass
class Planted:
    """Columns of the leads table, their fields and kinds of leak, and changes as the CRM recorded them."""

    columns: dict[str, pd.Series] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)
    leaks: dict[str, Leak] = field(default_factory=dict)
    changes: list[pd.DataFrame] = field(default_factory=list)

    def add(self, name: str, kind: Kind, leak: Leak, values: pd.Series) -> None:
        """Adds one column."""
        self.columns[name] = values.astype("str") if kind is not Kind.NUMBER else values.astype("float64")
        self.fields.append(Field(name, kind))
        self.leaks[name] = leak


def plant(leads: Leads, course: Course, exported: int, rng: np.random.Generator) -> Planted:
    """Plants one field of each kind of leak, as they stand `exported` seconds after the start.

    Draws are the same for every export, so a later export only adds what was written in between.
    """
    n = len(leads)
    planted = Planted()
    _filled_later(planted, course, exported, rng)
    _presence(planted, course, exported, rng)
    _overwritten(planted, leads, course, exported, rng)
    _near_perfect(planted, course, exported, rng)
    code = rng.permutation(9 * n)[:n] + 100_000
    planted.add("row_number", Kind.NUMBER, Leak.IDENTIFIER, pd.Series(np.arange(n) * 3.0 + 500_000))
    planted.add("web_key", Kind.CATEGORY, Leak.IDENTIFIER, "k" + pd.Series(code).astype("str"))
    topics = np.array(["Select", "-", "transport", "storage", "customs"], dtype=object)
    planted.add(
        "topic", Kind.CATEGORY, Leak.PLACEHOLDER, pd.Series(rng.choice(topics, n, p=[0.35, 0.1, 0.25, 0.2, 0.1]))
    )
    planted.add("currency", Kind.CATEGORY, Leak.CONSTANT, pd.Series(["EUR"] * n))
    planted.add("channel_code", Kind.CATEGORY, Leak.TWIN, "C" + pd.Series(leads.source).astype("str"))
    planted.add(
        "salutation", Kind.CATEGORY, Leak.PERSONAL, pd.Series(rng.choice(np.array(["Ms", "Mr"], dtype=object), n))
    )
    return planted


def _filled_later(planted: Planted, course: Course, exported: int, rng: np.random.Generator) -> None:
    """Sales fill the buyer's role in the days after they accept, and hardly ever before."""
    n = len(course.handed_off)
    accepted = course.accepted + rng.integers(0, 6 * DAY, n)
    by_hand = np.where(rng.random(n) < 0.03, course.handed_off, NEVER)
    written = np.minimum(np.where(rng.random(n) < 0.9, accepted, NEVER), by_hand)
    roles = pd.Series(rng.choice(np.array(["decides", "advises", "uses"], dtype=object), n))
    planted.add("buyer_role", Kind.CATEGORY, Leak.FILLED_LATER, roles.where(written <= exported))


def _presence(planted: Planted, course: Course, exported: int, rng: np.random.Generator) -> None:
    """A closing note is dated when the lead is won or lost, else empty: its presence tells that it was accepted."""
    n = len(course.handed_off)
    written = np.where(rng.random(n) < 0.95, np.minimum(course.won, course.lost), NEVER)
    number = pd.Series(np.round(np.exp(rng.normal(2.0, 0.4, n)), 1))
    planted.add("rebate_asked", Kind.NUMBER, Leak.PRESENCE, number.where(written <= exported))


def _overwritten(planted: Planted, leads: Leads, course: Course, exported: int, rng: np.random.Generator) -> None:
    """A rating set at random on arrival is overwritten within days of the outcome; the CRM records the change."""
    n = len(leads)
    old = rng.choice(np.array(["low", "medium", "high"], dtype=object), n)
    told = np.select([course.won < NEVER, course.accepted < NEVER], ["high", "medium"], "low").astype(object)
    written: Seconds = np.where(rng.random(n) < 0.8, course.final + rng.integers(60, 3 * DAY, n), NEVER)
    changed = (written <= exported) & (old != told)
    planted.add("rating", Kind.CATEGORY, Leak.OVERWRITTEN, pd.Series(np.where(changed, told, old)))
    row = np.flatnonzero(changed)
    planted.changes.append(
        pd.DataFrame({"row": row, "field": "rating", "old": old[row], "new": told[row], "at": written[row]})
    )


def _near_perfect(planted: Planted, course: Course, exported: int, rng: np.random.Generator) -> None:
    """A price list that sales pick at the end of the conversation: one of its values is nearly only for the won."""
    n = len(course.handed_off)
    before = rng.choice(np.array(["L1", "L2", "L3", "L4"], dtype=object), n)
    won = (course.won <= exported) & (rng.random(n) < 0.97)
    mistaken = rng.random(n) < 0.002
    planted.add("price_list", Kind.CATEGORY, Leak.NEAR_PERFECT, pd.Series(np.where(won | mistaken, "L9", before)))
