"""The hidden interest of a lead, and what activity tells of it.

Each lead is one of three: cold, curious or buying. Which one is hidden; it sets the pace of the lead's activity and
the odds of its outcome, and nothing else links the two. Activity after an instant therefore depends on the outcome
only through interest, and the probability of an outcome given all that was seen is a finite mixture, known exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from crm.simulation.company import SOURCES
from crm.simulation.world import Leads, Numbers, effects

INTERESTS = ("cold", "curious", "buying")
LIFE = 365.0
"""Working days after which a lead's own activity ends."""

OWN_KINDS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {  # expected number in a lead's life, by interest
        "page_view": (0.5, 2.4, 8.0),  # visits, each of about 2.5 pages
        "pricing_view": (0.05, 0.5, 3.0),
        "email_open": (1.5, 3.5, 6.0),
        "email_click": (0.1, 0.8, 2.5),
        "form": (0.1, 0.5, 1.8),
        "webinar": (0.08, 0.4, 0.5),
        "ticket": (0.05, 0.05, 0.05),
    }
)
MEETINGS = np.array([0.015, 0.03, 0.06])
"""Meetings per working day between acceptance and the decision, by interest."""

_FADE = np.array([8.0, 16.0, 30.0])  # working days over which a lead's own activity fades, by interest
_FLOOR = 0.03  # what remains of it
_PRIOR = np.array([[0.9, 0.3, -1.2], [-0.3, 0.2, 0.9]])  # log-odds by account: not in the market, in the market


def prior(leads: Leads) -> NDArray[np.float64]:
    """Log-probability of each interest given the lead's source: [2, n, 3], out of and in the market."""
    lift = effects(SOURCES, 3)[leads.source]
    scores = _PRIOR[:, None, :] + lift[None, :, None] * np.array([-0.5, 0.0, 1.0])
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=2, keepdims=True)))


def draw(leads: Leads, rng: np.random.Generator) -> NDArray[np.int64]:
    """The interest of each lead."""
    chance = np.exp(prior(leads)[leads.in_market.astype("int64"), np.arange(len(leads))])
    return np.asarray((rng.random(len(leads))[:, None] > np.cumsum(chance, axis=1)[:, :-1]).sum(axis=1))


def rates(volume: float) -> dict[str, Numbers]:
    """Own activity of each kind per working day at age zero: kind → [3]."""
    whole = exposure(np.array([LIFE]))[0]
    return {kind: volume * np.array(expected) / whole for kind, expected in OWN_KINDS.items()}


def pace(age: Numbers) -> NDArray[np.float64]:
    """Pace of a lead's own activity at this age in working days, against age zero: [n, 3]."""
    return np.asarray(np.exp(-age[:, None] / _FADE) + _FLOOR)


def exposure(age: Numbers) -> NDArray[np.float64]:
    """The pace integrated from creation to this age: [n, 3]."""
    until = np.clip(age, 0.0, LIFE)[:, None]
    return np.asarray(-_FADE * np.expm1(-until / _FADE) + _FLOOR * until)


def ages(interest: NDArray[np.int64], rng: np.random.Generator) -> Numbers:
    """One age of activity for each entry of `interest`, drawn by the pace."""
    fade = _FADE[interest]
    fading = -fade * np.expm1(-LIFE / fade)
    early = rng.random(len(interest)) < fading / (fading + _FLOOR * LIFE)
    u = rng.random(len(interest))
    return np.where(early, -fade * np.log1p(u * np.expm1(-LIFE / fade)), u * LIFE)
