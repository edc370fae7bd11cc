"""Silent inflation: a best grade that more and more leads get and fewer and fewer of them deserve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.forecast import accounts_of
from training.review.handed import BACKTEST, Handed

FEWEST = 20
"""Leads of the best grade in each half without which nothing is claimed."""

_Z = 1.96

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Heat:
    """The best ``grade`` over time.

    ``months``: one row a month with ``month`` (its first day), ``leads``, ``hot`` (leads of the grade), and of those
    ``judged_accept, accepted, judged_close, closed``. ``share, accept, close``: the figure in the earlier and the later
    half of the period, and whether it moved: -1, 0 or 1 beyond chance (95 %), ``None`` where too little is known.
    """

    grade: str
    months: pd.DataFrame
    share: tuple[float, float, int | None]
    accept: tuple[float, float, int | None]
    close: tuple[float, float, int | None]

    @property
    def inflated(self) -> bool:
        """Whether more leads are called hot, and fewer of them do what hot leads do."""
        return self.share[2] == 1 and -1 in {self.accept[2], self.close[2]}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        halves = {name: list(getattr(self, name)) for name in ("share", "accept", "close")}
        months = self.months.assign(month=self.months["month"].dt.strftime("%Y-%m")).to_dict("records")
        return {"grade": self.grade, "inflated": self.inflated, "halves": halves, "months": months}


def heat(handed: Handed) -> Heat | None:
    """The best grade over time; ``None`` where no lead has a grade.

    Grades that the backtest's scorers gave count only where there are no others: each of them calls more or fewer leads
    good, and beside grades of the service that would look like a change.
    """
    leads = handed.graded
    if leads.empty or handed.scorer is None:
        return None
    served = (leads["given"] != BACKTEST).to_numpy()
    leads = leads[served] if served.any() else leads
    grade = handed.scorer.grading.names[0]
    hot = (leads["grade"] == grade).to_numpy()
    account = accounts_of(leads)
    accept, close = (_judged(leads, handed, head) & hot for head in ("accept", "close"))
    yes = {head: (leads[f"y_{head}"] == 1).to_numpy() for head in ("accept", "close")}
    month = leads["handed_off_at"].dt.tz_convert(None).dt.to_period("M").dt.to_timestamp()
    counted = pd.DataFrame({"month": month.to_numpy(), "leads": 1, "hot": hot, "judged_accept": accept})
    counted = counted.assign(accepted=accept & yes["accept"], judged_close=close, closed=close & yes["close"])
    months = counted.groupby("month", as_index=False).sum()
    at = leads["handed_off_at"].to_numpy()
    everybody = np.ones(len(leads), dtype=bool)
    return Heat(
        grade=grade,
        months=months,
        share=_halves(hot, everybody, at, account),
        accept=_halves(yes["accept"], accept, at, account),
        close=_halves(yes["close"], close, at, account),
    )


def _judged(leads: pd.DataFrame, handed: Handed, head: str) -> np.ndarray:
    """Leads whose horizon has passed, whatever was answered and however early; none where nothing is said of a head."""
    days = handed.definition.accept_days if head == "accept" else handed.definition.close_days
    over = leads["handed_off_at"] + pd.Timedelta(days=days) <= handed.until
    return np.asarray((over & leads[f"y_{head}"].notna() & leads[f"p_{head}"].notna()).to_numpy())


def _halves(yes: Mask, asked: Mask, at: np.ndarray, account: np.ndarray) -> tuple[float, float, int | None]:
    """The share in the earlier and the later half of those asked, and which way it moved beyond chance."""
    if asked.sum() < 2 * FEWEST:
        return float("nan"), float("nan"), None
    middle = np.sort(at[asked])[asked.sum() // 2]
    shares, variances = [], []
    for mine in (asked & (at < middle), asked & (at >= middle)):
        share = float(yes[mine].mean()) if mine.any() else float("nan")
        _, unit = np.unique(account[mine], return_inverse=True)
        shares.append(share)
        variances.append(float((np.bincount(unit, weights=yes[mine] - share) ** 2).sum()) / max(mine.sum(), 1) ** 2)
    moved = shares[1] - shares[0]
    far = abs(moved) > _Z * np.sqrt(sum(variances)) if sum(variances) > 0 else False
    return shares[0], shares[1], int(np.sign(moved)) if far else 0
