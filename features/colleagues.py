"""The buying group and the account's record: what colleagues did, and what came of them, without the lead itself."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Self

import numpy as np

from features.facts import Facts
from features.groups import Groups
from features.instants import DAY, NAT, Floats, Ints, age
from features.part import Fill, Placed
from features.spec import Family

KNOWN, ACTIVE, ACTIVITIES = "known", "active", "activities"
WON, LOST, SINCE_WON = "won", "lost", "since_won"


class BuyingGroup:
    """Colleagues: known by then (``known``), with activity in a window (``active``), and how much (``activities``).

    A lead without an account, or alone in it, has none: 0.
    """

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed) -> None:
        self._known = [i for i, f in placed if f.measure == KNOWN]
        windows = sorted({int(f.window_days * DAY) for _, f in placed if f.window_days})
        self._windows = np.array([0, *windows], np.int64)
        at = {days: i + 1 for i, days in enumerate(windows)}
        self._active = [(i, at[int((f.window_days or 0) * DAY)]) for i, f in placed if f.measure == ACTIVE]
        self._counts = [(i, at[int((f.window_days or 0) * DAY)]) for i, f in placed if f.measure == ACTIVITIES]

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family == Family.BUYING_GROUP]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        return partial(self._fill, facts)

    def _fill(self, facts: Facts, lead: Ints, as_of: Ints, out: Floats) -> None:
        out[:, [*self._known, *(i for i, _ in (*self._active, *self._counts))]] = 0.0
        grouped = np.flatnonzero(facts.account[lead] < facts.accounts)
        if not len(grouped):
            return
        lead, as_of = lead[grouped], as_of[grouped]
        account, groups = facts.account[lead], facts.groups
        if self._known:
            created = facts.moments[lead, 0]
            own = (created != NAT) & (created <= as_of)
            known = _until(groups.members.first, groups.members.position(account, as_of[:, None]), account)[:, 0] - own
            out[grouped[:, None], self._known] = known[:, None]
        if len(self._windows) > 1:
            self._fill_windows(facts, groups, (grouped, lead, account, as_of), out)

    def _fill_windows(self, facts: Facts, groups: Groups, rows: tuple[Ints, Ints, Ints, Ints], out: Floats) -> None:
        grouped, lead, account, as_of = rows
        instants = as_of[:, None] - self._windows
        own = facts.activities.position(lead, instants)
        own = (own[:, :1] - own) * (facts.moments[lead, :1] <= as_of[:, None])
        left = _until(groups.activities.first, groups.activities.position(account, instants), account)
        now = as_of[:, None]
        for column, i in self._counts:
            counted = groups.counted(int(self._windows[i]))
            came = _until(counted.first, counted.position(account, now), account)[:, 0]
            out[grouped, column] = came - left[:, i] - own[:, i]
        for column, i in self._active:
            active = groups.became_active(int(self._windows[i]))
            came = _until(active.first, active.position(account, now), account)[:, 0]
            out[grouped, column] = came - left[:, i] - (own[:, i] > 0)


class AccountRecord:
    """Colleagues won and otherwise decided (rejected, lost, no decision) by then, and days since the last win."""

    timeless: ClassVar[bool] = False

    def __init__(self, placed: Placed) -> None:
        self._columns = {m: [i for i, f in placed if f.measure == m] for m in (WON, LOST, SINCE_WON)}

    @classmethod
    def of(cls, placed: Placed) -> Self | None:
        """The part for these features, if any is one of its own."""
        mine = [p for p in placed if p[1].family == Family.ACCOUNT_RECORD]
        return cls(mine) if mine else None

    def bind(self, facts: Facts) -> Fill:
        """See `Part.bind`."""
        return partial(self._fill, facts)

    def _fill(self, facts: Facts, lead: Ints, as_of: Ints, out: Floats) -> None:
        out[:, [*self._columns[WON], *self._columns[LOST]]] = 0.0
        grouped = np.flatnonzero(facts.account[lead] < facts.accounts)
        if not len(grouped):
            return
        lead, as_of = lead[grouped], as_of[grouped]
        account, groups = facts.account[lead], facts.groups
        wins, losses = groups.wins, groups.losses
        decided, won = groups.decided[lead], facts.won[lead]
        own_win = won & (decided <= as_of)
        own_loss = ~won & (decided <= as_of)
        last = wins.position(account, as_of[:, None])[:, 0]
        lost = losses.position(account, as_of[:, None])[:, 0]
        count = _until(wins.first, last[:, None], account)[:, 0] - own_win
        out[grouped[:, None], self._columns[WON]] = count[:, None]
        out[grouped[:, None], self._columns[LOST]] = (lost - losses.first[account] - own_loss)[:, None]
        if self._columns[SINCE_WON] and len(wins.at):
            newest = wins.at.take(last - 1, mode="clip")
            before = wins.at.take(last - 2, mode="clip")
            at = np.where(own_win & (newest == decided), before, newest)
            out[grouped[:, None], self._columns[SINCE_WON]] = age(np.where(count > 0, at, NAT), as_of)[:, None]


def _until(first: Ints, position: Ints, owner: Ints) -> Ints:
    """Positions in a timeline as counts of the owner's instants."""
    count: Ints = position - first[owner][:, None]
    return count
