"""What becomes of a lead: handed off, accepted or rejected, then won, lost or left without decision; and when.

At each of the two decisions an outcome is drawn (one of them is "never": sales say nothing), then its time from the
decision's start by a Weibull distribution in working days. Outcomes have different paces, so who is still open says
something of how it will end, which is what makes naive close rates biased. `Funnel` holds the law of every lead for
each hidden interest; `draw` draws from it, `crm.simulation.truth` computes with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from crm.simulation.clock import Clock, Seconds
from crm.simulation.company import (
    ACCEPT_DRIFT,
    CLOSE_DRIFT,
    COUNTRIES,
    EMAILS,
    INDUSTRIES,
    SOURCES,
    TITLES,
    WEBINAR_DRIFT,
    Company,
)
from crm.simulation.world import Accounts, Leads, Numbers, effects

HANDED_SHARE, HANDED_LAG = 0.93, 3.0  # share ever handed to sales; mean lag in working days (exponential)
SILENT = 0.08  # share of handed-off leads of which sales never say anything
ENDLESS = 0.05  # share of accepted leads that are never decided
DECISION = {"accepted": (1.1, 9.0), "rejected": (1.0, 18.0)}  # Weibull shape and scale in working days
ENDING = {"won": (1.5, 80.0), "lost": (1.3, 55.0), "no_decision": (1.6, 120.0)}
_SHARPNESS = 1.3  # how much sales' decision follows what is known of the lead
_INTEREST_ACCEPT = np.array([-1.4, 0.2, 2.0])
_INTEREST_WIN = np.array([-1.4, -0.2, 1.2])
_ACCEPT_LEVEL, _WIN_LEVEL, _LOST_LEVEL = -0.45, -0.55, -0.6


@dataclass(frozen=True)
class Funnel:
    """The law of every lead: chances of each outcome by interest, [n, 3] each, and how slow its decisions are, [n]."""

    accepted: NDArray[np.float64]
    rejected: NDArray[np.float64]
    won: NDArray[np.float64]
    lost: NDArray[np.float64]
    no_decision: NDArray[np.float64]
    slowness: Numbers  # multiplies all scales of time


@dataclass(frozen=True)
class Course:
    """What really became of every lead, as calendar seconds; NEVER where it does not come."""

    handed_off: Seconds
    accepted: Seconds
    rejected: Seconds
    won: Seconds
    lost: Seconds
    no_decision: Seconds

    @property
    def final(self) -> Seconds:
        """When the lead was decided."""
        return np.asarray(np.minimum.reduce([self.rejected, self.won, self.lost, self.no_decision]))


def law(company: Company, accounts: Accounts, leads: Leads, leniency: Numbers) -> Funnel:
    """The law of every lead, from what is known of it at creation and its owner's leniency."""
    drift = company.drift * (leads.age - 0.5)
    size = _size(accounts, leads)
    accept = _ACCEPT_LEVEL + company.accept_level + ACCEPT_DRIFT * drift + leniency[leads.owner]
    accept = accept + _SHARPNESS * _fit(company, accounts, leads, size)
    win = _WIN_LEVEL + company.close_level + CLOSE_DRIFT * drift + _potential(accounts, leads, size)
    taken = (1 - SILENT) * expit(accept[:, None] + _INTEREST_ACCEPT)
    flat = np.zeros((len(leads), 3))
    endings = np.stack([win[:, None] + _INTEREST_WIN, flat + _LOST_LEVEL, flat])
    won, lost, undecided = (1 - ENDLESS) * softmax(endings, axis=0)
    return Funnel(taken, 1 - SILENT - taken, won, lost, undecided, slowness=company.pace * np.exp(0.12 * size))


def _fit(company: Company, accounts: Accounts, leads: Leads, size: Numbers) -> Numbers:
    """How well a lead fits what sales look for, in log-odds; the size of a company counts more with senior people."""
    senior = leads.title <= list(TITLES).index("director")
    webinar = leads.source == list(SOURCES).index("webinar")
    words = np.tanh(np.nan_to_num(leads.message_length) / 120)
    return np.asarray(
        effects(SOURCES, 2)[leads.source]
        + effects(TITLES, 1)[leads.title]
        + effects(EMAILS, 1)[leads.email]
        + effects(COUNTRIES, 1)[leads.country]
        + _of_account(leads, effects(INDUSTRIES, 1)[accounts.industry])
        + np.where(senior, 0.5, 0.3) * size
        + 0.5 * leads.phone
        + np.where(np.isnan(leads.message_length), -0.2, 0.5 * words)
        + np.where(webinar, WEBINAR_DRIFT, 0.0) * company.drift * leads.age
    )


def _potential(accounts: Accounts, leads: Leads, size: Numbers) -> Numbers:
    """What makes an accepted lead buy, in log-odds."""
    people = effects(TITLES, 2)[leads.title] + effects(EMAILS, 2)[leads.email]
    return np.asarray(people + _of_account(leads, effects(INDUSTRIES, 2)[accounts.industry]) + 0.1 * size)


def draw(funnel: Funnel, leads: Leads, interest: NDArray[np.int64], clock: Clock, rng: np.random.Generator) -> Course:
    """What becomes of every lead, on and on, past any export."""
    n, row = len(leads), np.arange(len(leads))
    lag = np.where(rng.random(n) < HANDED_SHARE, rng.exponential(HANDED_LAG, n), np.inf)
    handed = clock.after(leads.created, lag)
    decided = _times(rng, [funnel.accepted[row, interest], funnel.rejected[row, interest]], DECISION, funnel.slowness)
    accepted, rejected = (clock.after(handed, days) for days in decided)
    endings = [chance[row, interest] for chance in (funnel.won, funnel.lost, funnel.no_decision)]
    won, lost, undecided = (clock.after(accepted, t) for t in _times(rng, endings, ENDING, funnel.slowness))
    return Course(handed, accepted, rejected, won, lost, undecided)


def arrived(outcome: str, days: Numbers, slowness: Numbers) -> Numbers:
    """The share of this outcome that has come within `days` working days of its decision's start."""
    shape, scale = {**DECISION, **ENDING}[outcome]
    return np.asarray(-np.expm1(-((np.maximum(days, 0.0) / (scale * slowness)) ** shape)))


def when(outcome: str, share: Numbers, slowness: Numbers) -> Numbers:
    """Working days by which this share of the outcome has come; the inverse of `arrived`."""
    shape, scale = {**DECISION, **ENDING}[outcome]
    return np.asarray(scale * slowness * (-np.log1p(-share)) ** (1 / shape))


def _times(
    rng: np.random.Generator, chances: list[Numbers], law: dict[str, tuple[float, float]], slow: Numbers
) -> list[Numbers]:
    """Working days until each outcome, infinite for all but the one drawn."""
    which = (rng.random(len(slow)) > np.cumsum(chances, axis=0)).sum(axis=0)
    u = rng.random(len(slow))
    return [np.where(which == i, when(name, u, slow), np.inf) for i, name in enumerate(law)]


def _size(accounts: Accounts, leads: Leads) -> Numbers:
    """Log-size of the company as the CRM knows it, centred; 0 where it is not known."""
    log = np.clip(np.log(accounts.employees) - 4.4, -3.0, 3.5)
    return _of_account(leads, np.nan_to_num(log))


def _of_account(leads: Leads, values: Numbers) -> Numbers:
    return np.where(leads.account >= 0, values[leads.account], 0.0)
