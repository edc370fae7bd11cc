"""Why leads were rejected, lost or left without decision, as sales would code it.

A reason is drawn by weights that follow the lead's true weaknesses: who cannot be called is not reached, whoever
studies does not decide, and a lead whose first call came late was lost because we were slow. So what a report finds
to have told so beforehand can be held against what really did. The draws are a stream of their own: nothing else
depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crm.history import Milestone
from crm.simulation.activities import KINDS, Activities
from crm.simulation.clock import NEVER, Clock, Seconds
from crm.simulation.company import COUNTRIES, EMAILS, INDUSTRIES, SOURCES, TITLES
from crm.simulation.funnel import Course
from crm.simulation.world import Accounts, Codes, Leads

Truth = NDArray[np.bool_]

USUAL: Mapping[Milestone, Mapping[str, float]] = {
    Milestone.REJECTED: {
        "not_reached": 1.0,
        "no_need": 1.2,
        "no_budget": 0.8,
        "no_authority": 0.4,
        "too_early": 1.0,
        "not_our_market": 0.3,
        "wrong_details": 0.4,
        "already_known": 0.2,
        "other": 0.6,
    },
    Milestone.LOST: {
        "price": 1.2,
        "competitor": 1.0,
        "product": 0.6,
        "delivery": 0.4,
        "service": 0.15,
        "too_slow": 0.2,
        "other": 0.5,
    },
    Milestone.NO_DECISION: {"no_budget": 0.8, "postponed": 1.0, "silence": 1.2, "other": 0.4},
}
"""Weights of the reasons for a lead without weaknesses; these are the codes of `models.loop.DEFAULT_REASONS`."""

WEAKNESSES: Mapping[Milestone, tuple[tuple[str, str, float], ...]] = {
    Milestone.REJECTED: (
        ("no phone", "not_reached", 5.0),
        ("bought from social networks", "no_need", 3.0),
        ("small", "no_budget", 4.0),
        ("specialist", "no_authority", 5.0),
        ("student", "no_authority", 40.0),
        ("public", "not_our_market", 25.0),
        ("far away", "not_our_market", 12.0),
        ("free e-mail", "wrong_details", 6.0),
        ("colleague before", "already_known", 4.0),
    ),
    Milestone.LOST: (
        ("small", "price", 2.5),
        ("large", "competitor", 2.5),
        ("software", "product", 4.0),
        ("late call", "too_slow", 9.0),
        ("ticket before", "service", 25.0),
    ),
    Milestone.NO_DECISION: (("small", "no_budget", 3.0), ("free e-mail", "silence", 2.0)),
}
"""What multiplies the weight of which reason, and by how much."""

SMALL, LARGE = 30, 400  # employees
LATE = 7.0  # working days from the hand-off to the first call


def draw(
    clock: Clock, accounts: Accounts, leads: Leads, course: Course, done: Activities, rng: np.random.Generator
) -> Mapping[Milestone, NDArray[np.object_]]:
    """A coded reason for each lead and ending, were it to end so: the same whenever the export is made."""
    weak = _weaknesses(clock, accounts, leads, course, done)
    out = {}
    for milestone, usual in USUAL.items():
        codes = list(usual)
        weight = np.tile(np.array(list(usual.values())), (len(leads), 1))
        for weakness, code, times in WEAKNESSES[milestone]:
            weight[:, codes.index(code)] *= np.where(weak[weakness], times, 1.0)
        until = np.cumsum(weight, axis=1)
        u = rng.random(len(leads)) * until[:, -1]
        out[milestone] = np.array(codes, dtype=object)[(u[:, None] >= until[:, :-1]).sum(axis=1)]
    return out


def _weaknesses(
    clock: Clock, accounts: Accounts, leads: Leads, course: Course, done: Activities
) -> Mapping[str, Truth]:
    there = leads.account >= 0
    employees = np.where(there, accounts.employees[leads.account], np.nan)
    industry = np.where(there, accounts.industry[leads.account], -1)
    waited = clock.worked(_first_call(course, done)) - clock.worked(np.minimum(course.handed_off, NEVER))
    return {
        "no phone": ~leads.phone,
        "bought from social networks": leads.source == list(SOURCES).index("paid_social"),
        "small": employees < SMALL,
        "large": employees > LARGE,
        "specialist": leads.title == list(TITLES).index("specialist"),
        "student": leads.title == list(TITLES).index("student"),
        "public": np.isin(industry, [list(INDUSTRIES).index(name) for name in ("education", "public_sector")]),
        "software": industry == list(INDUSTRIES).index("software"),
        "far away": np.isin(leads.country, [list(COUNTRIES).index(name) for name in ("US", "MA")]),
        "free e-mail": leads.email == list(EMAILS).index("free"),
        "colleague before": _nth_of_account(leads) > 0,
        "late call": waited > LATE,
        "ticket before": _ticket_before(leads, course.lost, done),
    }


def _first_call(course: Course, done: Activities) -> Seconds:
    """The first call or meeting from the hand-off on; the end of the lead where there was none."""
    ours = done.by_owner & (done.when >= course.handed_off[done.lead])
    first = np.minimum(course.final, NEVER)
    np.minimum.at(first, done.lead[ours], done.when[ours])
    return np.asarray(first)


def _nth_of_account(leads: Leads) -> Codes:
    """How many leads of the account came before; leads are in order of creation."""
    order = np.argsort(leads.account, kind="stable")
    account = leads.account[order]
    nth = np.arange(len(order)) - np.searchsorted(account, account)
    out = np.zeros(len(order), dtype="int64")
    out[order] = np.where(account >= 0, nth, 0)
    return out


def _ticket_before(leads: Leads, at: Seconds, done: Activities) -> Truth:
    """Whether the lead, or another of its account, had sent a ticket before."""
    group = np.where(leads.account >= 0, leads.account, len(leads) + np.arange(len(leads)))
    tickets = done.kind == KINDS.index("ticket")
    first = np.full(int(group.max(initial=0)) + 1, NEVER)
    np.minimum.at(first, group[done.lead[tickets]], done.when[tickets])
    return np.asarray(first[group] < at)
