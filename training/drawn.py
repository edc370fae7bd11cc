"""Labels that the score did not choose: leads left unworked for their low grade say nothing of what they were worth.

Where low grades are worked only if drawn by lot, a lead that was not drawn is never accepted, and learning from it as
from a failure would make the score right by its own doing. So its snapshots count for nothing, and each drawn lead
stands for ``1 / share`` of its kind: the draw knows nothing of the lead, so what is learned of low grades is what would
have been learned had all been worked (Horvitz & Thompson 1952, J. Am. Stat. Assoc. 47:663). Decision 20 says what is
assumed, and why leads that sales took up without being drawn do not count either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm.history import History
from models.arrays import Vector
from models.definition import Definition
from training.snapshots import PROMPT

COLUMNS = ("lead_id", "given_at", "as_of", "explored")
"""What is read of the scores given: one row a score, times UTC; ``explored`` True, False, or missing where the grade
takes no part in the draw."""

_TAKES_NO_PART, _NOT_DRAWN, _DRAWN = 0, 1, 2


@dataclass(frozen=True)
class Drawn:
    """The scores given while low grades were drawn by lot, and the share that was drawn."""

    scores: pd.DataFrame
    share: float

    @classmethod
    def of(cls, definition: Definition, scores: pd.DataFrame | None) -> Drawn | None:
        """``None`` where the definition explores nothing, or no score given took part in a draw."""
        if definition.exploration is None or scores is None or not scores["explored"].notna().any():
            return None
        ordered = scores.loc[:, list(COLUMNS)].sort_values(["as_of", "given_at"], kind="stable", ignore_index=True)
        drawn = ordered["explored"].astype("boolean").astype("Int64") + _NOT_DRAWN
        return cls(ordered.assign(part=drawn.fillna(_TAKES_NO_PART).astype("int64")), definition.exploration.share)

    def weights(self, history: History, snapshots: pd.DataFrame) -> Vector:
        """How much each snapshot (``lead_id, as_of, landmark``) counts for, by the scores known in this history: [n].

        By the first score given promptly after its hand-off a lead takes part in the draw or not. If it does, its
        snapshots count for ``1 / share`` where it was drawn and for nothing where it was not, until it is given a grade
        that takes no part: from then on it is worked like all of that grade. All others count for 1.
        """
        known = self.scores[(self.scores["given_at"] <= history.exported_at).to_numpy()]
        rows = snapshots[["lead_id", "as_of"]].assign(row=np.arange(len(snapshots)))
        rows["start"] = snapshots["as_of"] - pd.to_timedelta(snapshots["landmark"], unit="D")
        columns = ["lead_id", "as_of", "given_at", "part"]
        theirs = rows.merge(known[columns], on="lead_id", suffixes=("", "_given"))
        theirs = theirs[(theirs["as_of_given"] >= theirs["start"]).to_numpy()]
        prompt = theirs[["as_of_given", "given_at"]].max(axis=1) <= theirs["start"] + PROMPT
        first = theirs[prompt.to_numpy()].drop_duplicates("row").set_index("row")["part"]
        worked = theirs[(theirs["part"] == _TAKES_NO_PART) & (theirs["as_of_given"] <= theirs["as_of"])]["row"]
        out = np.ones(len(snapshots))
        out[first.index[first == _NOT_DRAWN]] = 0.0
        out[first.index[first == _DRAWN]] = 1.0 / self.share
        out[worked.unique()] = 1.0
        return out
