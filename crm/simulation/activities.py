"""What leads do: visits, e-mails, forms, webinars, calls, meetings, tickets; and machines that click their e-mails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm.simulation import interest as hidden
from crm.simulation.clock import DAY, HOUR, NEVER, Clock, Seconds
from crm.simulation.company import Company
from crm.simulation.funnel import Course
from crm.simulation.world import Codes, Leads, Numbers

KINDS = (*hidden.OWN_KINDS, "call", "meeting")
CALLS = {"handed": 0.12, "accepted": 0.06}  # sales calls per working day while undecided: the same for all interests
TICKETS = 0.02  # support tickets per working day in the year after a win
_MINUTES = {"webinar": 45.0, "call": 6.0, "meeting": 40.0}


@dataclass(frozen=True)
class Activities:
    """One entry an activity, ordered by lead and time.

    `own` marks what interest drives by the law of `crm.simulation.interest`: one entry a visit (not its further pages),
    no machine clicks, no calls, no tickets of customers. These alone carry evidence of interest.
    """

    lead: Codes
    when: Seconds
    kind: Codes
    value: Numbers
    by_owner: NDArray[np.bool_]
    own: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.when)


def draw(
    company: Company, clock: Clock, leads: Leads, interest: Codes, course: Course, rng: np.random.Generator
) -> Activities:
    """Draws the activities of every lead, past any export."""
    parts = [_own(company, clock, leads, interest, kind, rng) for kind in hidden.OWN_KINDS]
    parts.append(_further_pages(parts[0], rng))
    parts += _by_sales(clock, interest, course, rng)
    parts += [_machine(company, leads, rng)]
    lead, at, kind, own = (np.concatenate([part[i] for part in parts]) for i in range(4))
    order = np.lexsort((kind, at, lead))
    lead, at, kind, own = lead[order], at[order], kind[order], own[order].astype(bool)
    return Activities(lead, at, kind, _values(kind, rng), np.isin(kind, [_code("call"), _code("meeting")]), own)


_Part = tuple[Codes, Seconds, Codes, Codes]


def _code(kind: str) -> int:
    return KINDS.index(kind)


def _part(lead: Codes, at: Seconds, kind: str, own: bool) -> _Part:
    n = len(lead)
    return lead, at, np.full(n, _code(kind)), np.full(n, int(own))


def _own(company: Company, clock: Clock, leads: Leads, interest: Codes, kind: str, rng: np.random.Generator) -> _Part:
    expected = company.activity * np.array(hidden.OWN_KINDS[kind])
    lead = np.repeat(np.arange(len(leads)), rng.poisson(expected[interest]))
    return _part(lead, clock.after(leads.created[lead], hidden.ages(interest[lead], rng)), kind, own=True)


def _further_pages(visits: _Part, rng: np.random.Generator) -> _Part:
    """The pages after the first of a visit, half a minute to four minutes apart."""
    more = rng.poisson(1.5, len(visits[0]))
    lead, started = np.repeat(visits[0], more), np.repeat(visits[1], more)
    nth = np.arange(len(lead)) - np.repeat(np.cumsum(more) - more, more) + 1
    return _part(lead, started + nth * rng.integers(30, 240, len(lead)), "page_view", own=False)


def _by_sales(clock: Clock, interest: Codes, course: Course, rng: np.random.Generator) -> list[_Part]:
    """Calls while the lead is with sales, meetings once it is accepted, tickets once it has bought."""
    n, first = len(interest), np.minimum(course.accepted, course.rejected)
    year = clock.after(course.won, np.full(n, hidden.LIFE))
    spans = [
        ("call", course.handed_off, first, np.full(n, CALLS["handed"]), False),
        ("call", course.accepted, course.final, np.full(n, CALLS["accepted"]), False),
        ("meeting", course.accepted, course.final, hidden.MEETINGS[interest], True),
        ("ticket", course.won, year, np.full(n, TICKETS), False),
    ]
    return [_steady(clock, kind, begin, end, rate, own, rng) for kind, begin, end, rate, own in spans]


def _steady(
    clock: Clock, kind: str, begin: Seconds, end: Seconds, rate: Numbers, own: bool, rng: np.random.Generator
) -> _Part:
    """Activity at a constant rate between two instants, at most for a lead's life."""
    length = np.where(begin < NEVER, np.minimum(clock.worked(end) - clock.worked(begin), hidden.LIFE), 0.0)
    lead = np.repeat(np.arange(len(begin)), rng.poisson(rate * length))
    return _part(lead, clock.after(begin[lead], rng.random(len(lead)) * length[lead]), kind, own=own)


def _machine(company: Company, leads: Leads, rng: np.random.Generator) -> _Part:
    """Scanners that open an e-mail in the night and click its links within seconds: bursts of six to twelve clicks."""
    watched = np.flatnonzero(rng.random(len(leads)) < company.bots)
    burst = np.repeat(watched, rng.integers(2, 5, len(watched)))
    night = leads.created[burst] // DAY + rng.integers(1, 40, len(burst))
    begin = night * DAY + rng.integers(1 * HOUR, 4 * HOUR, len(burst))
    clicks = rng.integers(6, 13, len(burst))
    lead = np.repeat(burst, clicks)
    nth = np.arange(len(lead)) - np.repeat(np.cumsum(clicks) - clicks, clicks)
    return _part(lead, np.repeat(begin, clicks) + nth, "email_click", own=False)


def _values(kind: Codes, rng: np.random.Generator) -> Numbers:
    """Seconds on a page, minutes of a talk; NaN for what has no value."""
    spread = np.exp(rng.normal(0.0, 0.5, len(kind)))
    scale = np.array([40.0 if k in ("page_view", "pricing_view") else _MINUTES.get(k, np.nan) for k in KINDS])
    return np.asarray(np.round(scale[kind] * spread, 1))
