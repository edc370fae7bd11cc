"""Arrivals: every lead once, as it was when it was handed over. Grades are promised on them, and rules tried.

An arrival is a lead's first snapshot: its hand-off (its creation, where hand-offs are not recorded). Decision 9 says
why promises are about that instant and not about later looks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm.history import History, Milestone
from features.facts import Facts
from features.instants import micros
from models.scorer import Scorer
from training.censoring import weights
from training.folds import heads_of
from training.labels import HeadName, Horizons, label
from training.snapshots import take

FORWARD_COLUMNS = (
    *("lead_id", "account_id", "as_of", "date", "p_accept", "p_close"),
    *("y_accept", "weight_accept", "y_close", "weight_close", "amount"),
)
"""Columns of `forward`."""

RECENT_COLUMNS = ("lead_id", "account_id", "as_of", "p_accept", "p_close", "score", "grade")
"""Columns of `recent`."""

WEEK = pd.Timedelta(days=7)


def forward(table: pd.DataFrame, history: History, definition: Horizons) -> pd.DataFrame:
    """The arrivals among the forward rows of a backtest (`Backtest.table`), one a lead, in the order of their time.

    ``date``: the as-of date of the scorer that spoke; ``p_accept, p_close``: what it said (NaN where there is no accept
    head, or nothing was left to accept); ``y_<head>``: 1, 0, or NaN where not settled or not asked;
    ``weight_<head>``: the censoring weight, 0 there, so that weighted means are those of all arrivals; ``amount``: of
    the win, NaN where there is none. In a flat history every lead is an arrival, and the weights are 1.
    """
    first = table[(table["landmark"] == table["landmark"].min()).to_numpy()]
    key = ["lead_id", "as_of", "date"]
    rows = first[key].drop_duplicates().sort_values(["as_of", "lead_id"], ignore_index=True)
    for head in HeadName:
        mine = first.loc[(first["head"] == head).to_numpy(), ["lead_id", "as_of", "chosen"]]
        told = mine.rename(columns={"chosen": f"p_{head}"})
        rows = rows.merge(told, on=["lead_id", "as_of"], how="left", validate="one_to_one")
    for head in HeadName:
        rows[f"y_{head}"], rows[f"weight_{head}"] = _answers(history, rows, head, definition)
    return _of_leads(rows, history)[list(FORWARD_COLUMNS)]


def recent(scorer: Scorer, history: History, weeks: float) -> pd.DataFrame:
    """The arrivals of the last ``weeks`` before the export as this scorer sees them: what comes in a week, by grade.

    All leads, in a flat history. In the order of their time; columns `RECENT_COLUMNS`.
    """
    rows = take(history, (0,))
    if history.timed:
        rows = rows[(rows["as_of"] > history.exported_at - weeks * WEEK).to_numpy()]
    rows = rows.sort_values(["as_of", "lead_id"], ignore_index=True)
    facts = Facts.of_history(history, scorer.fields)
    scores = scorer.score(facts, facts.rows(rows["lead_id"]), micros(rows["as_of"]), reasons=0)
    told = {"p_accept": scores.p_accept, "p_close": scores.p_close, "score": scores.score, "grade": scores.grade}
    return _of_leads(rows.assign(**told), history)[list(RECENT_COLUMNS)]


def _answers(
    history: History, rows: pd.DataFrame, head: HeadName, definition: Horizons
) -> tuple[np.ndarray, np.ndarray]:
    if head not in heads_of(history):
        return np.full(len(rows), np.nan), np.zeros(len(rows))
    labels = label(history, rows, head, definition)
    return labels["y"].to_numpy(), weights(labels)


def _of_leads(rows: pd.DataFrame, history: History) -> pd.DataFrame:
    """With the account of each lead, and the amount of its win."""
    leads = history.leads.set_index("lead_id")["account_id"]
    won = history.milestones[(history.milestones["milestone"] == Milestone.WON).to_numpy()]
    amount = won.drop_duplicates("lead_id").set_index("lead_id")["amount"]
    ids = rows["lead_id"].to_numpy()
    return rows.assign(account_id=leads.reindex(ids).to_numpy(), amount=amount.reindex(ids).to_numpy())
