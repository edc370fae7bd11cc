"""Guards: how much a few accounts carry, who is lenient, and which protected attributes were refused, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm.history import History, Milestone
from crm.past import known_at
from training import arrivals
from training.accounts import LARGEST, accounts_of, capped, largest, names_of
from training.audit import Audit, Finding, Severity
from training.audit.checks import personal, tells_protected
from training.backtest import Backtest
from training.fit import Trained
from training.folds import days_of, heads_of
from training.labels import HeadName, Horizons, label
from training.leniency import Leniency, leniency
from training.metrics import NAMES, Ranked
from training.settings import Settings
from training.snapshots import take
from training.without import left_out

Figures = Mapping[str, float | None]
"""AUC, log-loss and intercept of forward rows, and the ``leads`` they rest on; ``None`` where they say nothing."""

_TOLD = ("auc", "log_loss", "intercept")


@dataclass(frozen=True, slots=True)
class Carried:
    """What the ``largest`` accounts by leads carry together, as shares of all: null where there is nothing to share."""

    largest: int
    leads: float | None
    accepted: float | None
    won: float | None
    revenue: float | None
    learned: Mapping[str, float]  # of the training weight of each head, as capped


@dataclass(frozen=True, slots=True)
class Large:
    """An account above the cap: what it would carry of a head's training weight, and what it does."""

    account: str
    head: str
    uncapped: float
    capped: float


@dataclass(frozen=True, slots=True)
class Apart:
    """What a score says of the leads of all other accounts, at the newest date of the backtest.

    ``served``: the score as it was; ``without``: had it never seen the largest; ``apart``: the mean difference of the
    two probabilities, both ways.
    """

    served: Figures
    without: Figures
    apart: float


@dataclass(frozen=True, slots=True)
class Accounts:
    """How much the largest accounts carry and how the score does without them.

    ``cap``: the share of the training weight beyond which an account would dictate; ``forward[head]``: figures of all
    forward rows under 0, and of those of all but the largest so many; ``refitted[head]``.
    """

    accounts: int
    cap: float
    carried: tuple[Carried, ...]
    above: tuple[Large, ...]
    forward: Mapping[str, Mapping[int, Figures]]
    refitted: Mapping[str, Apart]


@dataclass(frozen=True, slots=True)
class Protected:
    """A field that describes people or their protected traits: refused, or kept with its reason."""

    field: str
    found: str
    reason: str | None


@dataclass(frozen=True)
class Guards:
    """All guards. ``accounts`` is ``None`` where leads belong to none, ``leniency`` where nobody is told apart.

    ``habits_away``: persons' habits were trained out of acceptance.
    """

    accounts: Accounts | None
    leniency: Leniency | None
    protected: tuple[Protected, ...]
    habits_away: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "accounts": None if self.accounts is None else asdict(self.accounts),
            "leniency": None if self.leniency is None else self.leniency.to_json(),
            "protected": [asdict(field) for field in self.protected],
            "habits_away": self.habits_away,
        }


def guards(
    history: History, trained: Trained, definition: Horizons, settings: Settings, audit: Audit | None = None
) -> Guards:
    """The guards of a training run. ``history`` is what it learned from, ``audit`` what was found in it before."""
    accepts, tested = HeadName.ACCEPT in heads_of(history), trained.backtest
    return Guards(
        accounts=_accounts(history, tested, definition, settings),
        leniency=leniency(history, arrivals.forward(tested.table, history, definition)) if accepts else None,
        protected=() if audit is None else tuple(_protected(audit)),
        habits_away=trained.habits_away,
    )


def _protected(audit: Audit) -> list[Protected]:
    codes = {personal.CHECK.code, tells_protected.CHECK.code}
    of_people = [f for f in audit.findings if f.code in codes and f.severity is Severity.BLOCK]
    return [Protected(str(f.field), _what(f), f.kept) for f in of_people]


def _what(finding: Finding) -> str:
    tells = finding.numbers.get("tells")
    return f"tells {tells}" if tells else str(finding.numbers["found"])


def _accounts(history: History, tested: Backtest, definition: Horizons, settings: Settings) -> Accounts | None:
    table, order = tested.table, largest(history, LARGEST[-1])
    if not order:
        return None
    snapshots = take(history, days_of(settings, definition))
    account = accounts_of(history, snapshots["lead_id"])
    names = names_of(history)
    before, after = {}, {}
    for head in heads_of(history):
        asked = np.where(label(history, snapshots, head, definition)["asked"], snapshots["weight"], 0.0)
        held = capped(asked, account, settings.account_share)
        before[str(head)], after[str(head)] = (_shares(weight, account, names) for weight in (asked, held))
    own = history.leads.set_index("lead_id")["account_id"]
    gone = left_out(known_at(history, tested.dates[-2])) if tested.dates else ()
    return Accounts(
        accounts=len(names),
        cap=settings.account_share,
        carried=tuple(_carried(history, own, order[:count], after) for count in LARGEST if count <= len(order)),
        above=tuple(
            Large(str(name), head, float(share), float(after[head][name]))
            for head, shares in before.items()
            for name, share in shares.sort_values(ascending=False).items()
            if after[head][name] < share * (1 - 1e-9)
        ),
        forward={str(head): _forward(table, own, str(head), order) for head in heads_of(history)},
        refitted={str(head): found for head in heads_of(history) if (found := _apart(table, str(head), own, gone))},
    )


def _shares(weight: np.ndarray, account: np.ndarray, names: list[str]) -> pd.Series:
    known = account >= 0
    carried = np.bincount(account[known], weights=weight[known], minlength=len(names))[: len(names)]
    return pd.Series(carried / max(weight.sum(), np.finfo(float).tiny), index=names)


def _carried(history: History, own: pd.Series, order: tuple[str, ...], learned: Mapping[str, pd.Series]) -> Carried:
    reached = history.milestones.drop_duplicates(["lead_id", "milestone"])

    def share(name: Milestone, *, worth: bool = False) -> float | None:
        rows = reached[(reached["milestone"] == name).to_numpy()]
        part = rows["amount"].fillna(0.0).to_numpy() if worth else np.ones(len(rows))
        theirs = own.reindex(rows["lead_id"]).isin(order).to_numpy()
        return float(part[theirs].sum() / part.sum()) if part.sum() > 0 else None

    return Carried(
        largest=len(order),
        leads=float(own.isin(order).mean()),
        accepted=share(Milestone.ACCEPTED),
        won=share(Milestone.WON),
        revenue=share(Milestone.WON, worth=True),
        learned={head: float(shares.reindex(list(order)).sum()) for head, shares in learned.items()},
    )


def _forward(table: pd.DataFrame, own: pd.Series, head: str, order: tuple[str, ...]) -> Mapping[int, Figures]:
    rows = table[(table["head"] == head).to_numpy()]
    account = own.reindex(rows["lead_id"])
    left = {count: ~account.isin(order[:count]).to_numpy() for count in (0, *LARGEST) if count <= len(order)}
    return {count: _figures(rows[keep], "chosen") for count, keep in left.items()}


def _apart(table: pd.DataFrame, head: str, own: pd.Series, gone: tuple[str, ...]) -> Apart | None:
    rows = table[(table["head"] == head).to_numpy() & table["without_largest"].notna().to_numpy()]
    others = rows[~own.reindex(rows["lead_id"]).isin(gone).to_numpy()]
    if others.empty:
        return None
    apart = float((others["chosen"] - others["without_largest"]).abs().mean())
    return Apart(_figures(others, "chosen"), _figures(others, "without_largest"), apart)


def _figures(rows: pd.DataFrame, method: str) -> Figures:
    judged = rows[(rows["weight"] > 0).to_numpy() & rows["y"].notna().to_numpy()]
    found = Ranked.of(judged["y"].to_numpy(), judged[method].to_numpy()).metrics(judged["weight"].to_numpy())
    told = {name: float(found[NAMES.index(name)]) for name in _TOLD}
    return {name: value if np.isfinite(value) else None for name, value in told.items()} | {
        "leads": float(judged["lead_id"].nunique())
    }
