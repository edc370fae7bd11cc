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
from training.snapshots import worked_by

COLUMNS = ("lead_id", "given_at", "as_of", "explored")
"""What is read of the scores given: one row a score, times UTC; ``explored`` True, False, or missing where the grade
takes no part in the draw. ``definition``, the version that each was given by, may be there too; without it all were
given by the present one."""

_TAKES_NO_PART, _NOT_DRAWN, _DRAWN = 0, 1, 2


@dataclass(frozen=True)
class Drawn:
    """The scores given while low grades were drawn by lot, and the share that the present definition draws.

    Leads are drawn by the definition in service, which may be another than the present one: it drew another share, or
    the present one has stopped drawing. What was left unworked then says nothing for all that.
    """

    scores: pd.DataFrame
    version: str
    share: float | None

    @classmethod
    def of(cls, definition: Definition, scores: pd.DataFrame | None) -> Drawn | None:
        """``None`` where no score given took part in a draw."""
        if scores is None or not scores["explored"].notna().any():
            return None
        by = scores["definition"].fillna(definition.version) if "definition" in scores else definition.version
        ordered = scores.loc[:, list(COLUMNS)].assign(definition=by)
        ordered = ordered.sort_values(["as_of", "given_at"], kind="stable", ignore_index=True)
        drawn = ordered["explored"].astype("boolean").astype("Int64") + _NOT_DRAWN
        ordered["part"] = drawn.fillna(_TAKES_NO_PART).astype("int64")
        ordered["drawing"] = ordered["part"].groupby(ordered["definition"]).transform("max") > _TAKES_NO_PART
        return cls(ordered, definition.version, definition.exploration.share if definition.exploration else None)

    def weights(self, history: History, snapshots: pd.DataFrame) -> Vector:
        """How much each snapshot (``lead_id, as_of, landmark``) counts for, by the scores known in this history: [n].

        By the score it was worked by (`worked_by`) a lead takes part in the draw or not. If it does, its snapshots
        count for ``1 / share`` where it was drawn and for nothing where it was not, until a definition that draws gives
        it a grade that takes no part: from then on it is worked like all of that grade. All others count for 1. The
        share of another definition than the present one is that of its leads that were drawn.
        """
        known = self.scores[(self.scores["given_at"] <= history.exported_at).to_numpy()]
        rows = snapshots[["lead_id"]].assign(row=np.arange(len(snapshots)), looked_at=snapshots["as_of"])
        rows["start"] = snapshots["as_of"] - pd.to_timedelta(snapshots["landmark"], unit="D")
        columns = ["lead_id", "as_of", "given_at", "part", "definition", "drawing"]
        theirs = rows.merge(known[columns], on="lead_id")
        first = worked_by(theirs, "row").set_index("row")
        since = theirs["as_of"].between(theirs["start"], theirs["looked_at"])
        above = since & (theirs["part"] == _TAKES_NO_PART) & theirs["drawing"]
        out = np.ones(len(snapshots))
        out[first.index[first["part"] == _NOT_DRAWN]] = 0.0
        drawn = first[first["part"] == _DRAWN]
        out[drawn.index] = 1.0 / drawn["definition"].map(self._shares(known)).to_numpy(dtype="float64")
        out[theirs.loc[above, "row"].unique()] = 1.0
        return out

    def _shares(self, known: pd.DataFrame) -> pd.Series:
        """The share of low grades that each definition drew."""
        took_part = known[(known["part"] != _TAKES_NO_PART).to_numpy()].drop_duplicates(["lead_id", "definition"])
        shares = (took_part["part"] == _DRAWN).groupby(took_part["definition"]).mean()
        if self.share is not None:
            shares[self.version] = self.share
        return shares
