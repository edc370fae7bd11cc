"""Which answers count in a test of a promise, and when: every account once, and no lead before its time.

A lead is judged when its horizon has passed since its hand-off, whatever was answered and however early: quick answers
are not like slow ones, and counting them as they come would favour whichever is quicker. Leads of one account are not
answered independently, so an account has one say from each start on: the mean of its leads of the first week.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import DAY, micros
from training.forecast import accounts_of
from training.review.handed import BACKTEST
from training.review.wagers import Ints, Stretch

VISIT = 7
"""Days from an account's first lead within which its leads have one say."""


def judged(leads: pd.DataFrame, head: str, days: float, until: pd.Timestamp) -> pd.DataFrame:
    """The leads whose horizon of ``days`` has passed and whose answer is known: columns ``at, account, y``.

    Of a lead accepted before its hand-off nothing was asked: it has no answer.
    """
    over = (leads["handed_off_at"] + pd.Timedelta(days=days) <= until).to_numpy()
    rows = leads[over & leads[f"y_{head}"].notna().to_numpy()]
    return pd.DataFrame(
        {
            "at": micros(rows["handed_off_at"]),
            "account": accounts_of(rows),
            "y": rows[f"y_{head}"].to_numpy(dtype="float64"),
        }
    )


def stretches(rows: pd.DataFrame, starts: Ints, days: float, until: int) -> list[Stretch]:
    """What the doubter of each start sees of `judged` leads."""
    at, account, y = (rows[name].to_numpy() for name in ("at", "account", "y"))
    return [says(at[at > start], account[at > start], y[at > start], days, until) for start in starts]


def says(at: Ints, account: NDArray[np.intp], y: NDArray[np.float64], days: float, until: int) -> Stretch:
    """One answer an account: the mean of its leads of a week, at the instant when the last of them can be judged."""
    if not len(at):
        return Stretch(np.zeros(0, dtype=np.int64), np.zeros(0))
    _, account = np.unique(account, return_inverse=True)
    first = np.full(account.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, account, at)
    inside = at - first[account] <= VISIT * DAY
    value = np.bincount(account[inside], weights=y[inside]) / np.bincount(account[inside])
    enters = first + (VISIT * DAY + round(days * DAY))
    order = np.argsort(enters, kind="stable")
    order = order[enters[order] <= until]
    return Stretch(enters[order], value[order])


def weeks(leads: pd.DataFrame, every: pd.DataFrame, starts: Ints, until: int) -> list[Stretch]:
    """Leads of each whole week from each start on, known when the week is over.

    ``leads`` are those of a grade, ``every`` all that were handed over: a week in which more than `UNGRADED` of them
    have no grade, or one of the backtest's scorers, each of which calls more or fewer leads good, says nothing of how
    many a grade has.
    """
    at, whole = micros(leads["handed_off_at"]), micros(every["handed_off_at"])
    graded = (every["grade"].notna() & (every["given"] != BACKTEST)).to_numpy()
    return [_weeks(at, whole, graded, int(start), until) for start in starts]


UNGRADED = 0.05


def _weeks(at: Ints, whole: Ints, graded: NDArray[np.bool_], start: int, until: int) -> Stretch:
    week = 7 * DAY
    n = max(int((until - start) // week), 0)
    counts, came, known = (
        np.bincount((one[(one > start) & (one <= start + n * week)] - start - 1) // week, minlength=n)
        for one in (at, whole, whole[graded])
    )
    use = known >= (1 - UNGRADED) * came
    ends = start + (np.arange(n, dtype=np.int64) + 1) * week
    return Stretch(ends[use], counts[use].astype("float64"))


def clump(handed: pd.DataFrame, share: float, until: pd.Timestamp) -> float:
    """How many leads of a grade with this ``share`` of all count as one, measured on the year before ``until``.

    From one week to the next, counts of a Poisson number of independent leads differ by twice their mean, squared; by
    more where leads come together. ``handed`` has ``handed_off_at`` and ``account_id``. What accounts make of it stays
    whole in a grade, since an account's leads are graded alike; the rest is thinned with the grade's share.
    """
    week = 7 * DAY
    end = micros(pd.Series([until]))[0]
    at = micros(handed["handed_off_at"])
    ago = (end - at) // week
    known = (ago >= 0) & (ago < min(52, max(int((end - at.min()) // week), 0) if len(at) else 0))
    if not known.any() or known.sum() < 2 * len(np.unique(ago[known])):
        return 1.0
    counts = np.bincount(ago[known])
    moved = float((np.diff(counts) ** 2).mean() / 2 / counts.mean()) if len(counts) > 1 else 1.0
    account = accounts_of(handed)[known]
    sizes = np.unique(np.stack([account, ago[known]]), axis=1, return_counts=True)[1].astype("float64")
    together = float((sizes**2).sum() / sizes.sum())
    return together + share * max(moved - together, 0.0)
