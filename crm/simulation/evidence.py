"""What all that was seen up to an instant says of a lead's hidden interest, by Bayes' rule over its buying group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from crm.simulation import interest as hidden
from crm.simulation.activities import KINDS, Activities
from crm.simulation.clock import Clock, Seconds
from crm.simulation.funnel import Course, Funnel, arrived
from crm.simulation.world import IN_MARKET, Codes, Leads

Log = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Log-likelihoods of everything seen of each lead, ready to be read off at any instant."""

    clock: Clock
    leads: Leads
    funnel: Funnel
    course: Course
    prior: Log  # [2, n, 3]
    pace: Log  # [3]: own activity of all kinds together per working day at age zero
    keys: Seconds  # of own activities, ordered: lead and second in one number
    gathered: Log  # [activities + 1, 3]: cumulated log-likelihood of these activities
    members: Codes  # leads, ordered by buying group
    first: Codes  # [n]: where the lead's group begins in `members`
    size: Codes  # [n]: how many leads its group has

    def belief(self, rows: Codes, at: Seconds) -> Log:
        """Probability of each interest of these leads at these instants, [n, 3], given their whole buying groups."""
        count = self.size[rows]
        asked = np.repeat(np.arange(len(rows)), count)
        nth = np.arange(len(asked)) - np.repeat(np.cumsum(count) - count, count)
        member = self.members[self.first[rows][asked] + nth]
        there = self.leads.created[member] <= at[asked]
        asked, member = asked[there], member[there]
        seen = self.prior[:, member] + self._log_likelihood(member, at[asked])
        own = member == rows[asked]
        colleagues = np.where(own, 0.0, logsumexp(seen, axis=2))
        market = np.stack([np.bincount(asked, weights=c, minlength=len(rows)) for c in colleagues])
        market += np.log([[1 - IN_MARKET], [IN_MARKET]])
        joint = logsumexp(market[:, :, None] + seen[:, own], axis=0)
        return np.asarray(np.exp(joint - logsumexp(joint, axis=1, keepdims=True)))

    def _log_likelihood(self, rows: Codes, at: Seconds) -> Log:
        """Of all that was seen of these leads up to these instants, for each interest: [n, 3], up to a constant."""
        age = self.clock.worked(at) - self.clock.worked(self.leads.created[rows])
        begin = np.searchsorted(self.keys, _key(rows, np.full(len(rows), -1)), side="right")
        end = np.searchsorted(self.keys, _key(rows, at), side="right")
        own = self.gathered[end] - self.gathered[begin] - hidden.exposure(age) * self.pace
        return np.asarray(own + self._of_meetings(rows, at) + self._of_stage(rows, at))

    def _of_meetings(self, rows: Codes, at: Seconds) -> Log:
        begin, end = self.course.accepted[rows], np.minimum(self.course.final[rows], at)
        met = np.where(begin <= at, np.minimum(self.clock.worked(end) - self.clock.worked(begin), hidden.LIFE), 0.0)
        return np.asarray(-hidden.MEETINGS * met[:, None])

    def _of_stage(self, rows: Codes, at: Seconds) -> Log:
        """Of how far the leads have come, and how long they have been there."""
        f, c, slow = self.funnel, self.course, self.funnel.slowness[rows]
        now = self.clock.worked(at)

        def open_(begun: Seconds, chances: dict[str, Log]) -> Log:
            since = now - self.clock.worked(begun[rows])
            gone = [chance[rows] * arrived(name, since, slow)[:, None] for name, chance in chances.items()]
            return np.asarray(1 - np.sum(gone, axis=0))

        def come(when: Seconds) -> NDArray[np.bool_]:
            return np.asarray(when[rows] <= at)[:, None]

        decisions = {"accepted": f.accepted, "rejected": f.rejected}
        endings = {"won": f.won, "lost": f.lost, "no_decision": f.no_decision}
        ending = np.select(
            [come(c.won), come(c.lost), come(c.no_decision)],
            [f.won[rows], f.lost[rows], f.no_decision[rows]],
            open_(c.accepted, endings),
        )
        decision = np.select(
            [come(c.accepted), come(c.rejected), come(c.handed_off)],
            [
                f.accepted[rows] * ending,
                f.rejected[rows],
                open_(c.handed_off, decisions),
            ],
            1.0,
        )
        return np.asarray(np.log(decision))


def gather(
    clock: Clock, leads: Leads, funnel: Funnel, course: Course, activities: Activities, volume: float
) -> Evidence:
    """Prepares the evidence of a whole company: one pass over the activities, cumulated."""
    rates = hidden.rates(volume)
    lead, at, kind = activities.lead[activities.own], activities.when[activities.own], activities.kind[activities.own]
    by_kind = np.log(np.stack([rates.get(name, hidden.MEETINGS) for name in KINDS]))
    age = clock.worked(at) - clock.worked(leads.created[lead])
    met = kind == KINDS.index("meeting")
    gained = by_kind[kind] + np.where(met[:, None], 0.0, np.log(hidden.pace(age)))
    group = np.where(leads.account >= 0, leads.account, len(leads) + np.arange(len(leads)))
    members = np.argsort(group, kind="stable")
    first = np.searchsorted(group[members], group)
    return Evidence(
        clock=clock,
        leads=leads,
        funnel=funnel,
        course=course,
        prior=hidden.prior(leads),
        pace=np.sum(list(rates.values()), axis=0),
        keys=_key(lead, at),
        gathered=np.concatenate([np.zeros((1, 3)), np.cumsum(gained, axis=0)]),
        members=members,
        first=first,
        size=np.searchsorted(group[members], group, side="right") - first,
    )


def _key(lead: Codes, at: Seconds) -> Seconds:
    """Lead and second in one number that orders by both (a second is below 2**40)."""
    return np.asarray(lead.astype("int64") << 40) + np.minimum(at, (1 << 40) - 2) + 1
