"""Challenger and champion on the same forward rows: what each would have said before the outcome was known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import Field, History
from features.facts import Facts
from features.instants import micros
from models.scorer import Scorer
from training.dossier import FORWARD_COLUMNS
from training.gates import PAIRS
from training.labels import HeadName

_ROW = ["head", "lead_id", "as_of"]


@dataclass(frozen=True, slots=True)
class Champion:
    """The scorer in service, its version in the registry, and the instant up to which it has seen the history."""

    scorer: Scorer
    version: str
    exported_at: pd.Timestamp


def forward_rows(table: pd.DataFrame, history: History, champion: Champion | None) -> pd.DataFrame:
    """The settled forward rows of a backtest (`training.backtest.Backtest.table`), columns `FORWARD_COLUMNS`.

    The champion is asked about the rows after its own export: it cannot have learned from those. Where there is no
    champion, or the row is older, ``p_champion`` is NaN.
    """
    rows = table[table["weight"] > 0].rename(columns={"chosen": "p"}).reset_index(drop=True)
    rows = rows.assign(head=rows["head"].astype("str"), p_champion=np.nan)
    if champion is not None and history.timed:
        later = (rows["as_of"] >= champion.exported_at).to_numpy()
        rows.loc[later, "p_champion"] = _asked(champion.scorer, history, rows[later])
    return rows[list(FORWARD_COLUMNS)]


def pairs(challenger: pd.DataFrame, champion: pd.DataFrame, *, asked: bool) -> pd.DataFrame:
    """The challenger's forward rows on which the champion spoke as well, columns `training.gates.PAIRS`.

    ``champion`` are its own forward rows, from when it was trained: a row counts where both backtests hold it.
    ``asked`` says that the challenger's ``p_champion`` is of this champion; it comes before what the champion's
    backtest said. Outcome and weight are the challenger's, which saw the later export.
    """
    own = challenger.merge(
        champion[[*_ROW, "p"]].rename(columns={"p": "champion"}), on=_ROW, how="left", validate="one_to_one"
    )
    if asked:
        own["champion"] = own["p_champion"].where(own["p_champion"].notna(), own["champion"])
    spoken = own[own["champion"].notna()].rename(columns={"p": "challenger"})
    return spoken[list(PAIRS)].reset_index(drop=True)


def _asked(scorer: Scorer, history: History, rows: pd.DataFrame) -> np.ndarray:
    fields = [field for field in scorer.fields if _is_in(field, history)]
    facts = Facts.of_history(history, fields)
    scores = scorer.score(facts, facts.rows(rows["lead_id"]), micros(rows["as_of"]), reasons=0)
    said: np.ndarray = np.where(rows["head"] == str(HeadName.ACCEPT), scores.p_accept, scores.p_close)
    return said


def _is_in(field: Field, history: History) -> bool:
    return field.column in (history.accounts if field.of_account else history.leads)
