"""How many of the leads handed over had a score when they were, and one that rests on enough."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from training.review.handed import Handed
from training.snapshots import PROMPT


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the ``leads`` handed over while the ledger kept scores, since ``since``: how many were scored in time.

    ``before``: scored up to the hand-off, or within a day of it; ``later``: only after that; ``never``: not at all.
    ``enough``: share of those scored in time whose score rests on enough information, NaN where none was.
    """

    since: pd.Timestamp | None
    leads: int
    before: int
    later: int
    never: int
    enough: float

    @property
    def share(self) -> float:
        """The share scored in time; NaN where nothing was handed over."""
        return self.before / self.leads if self.leads else float("nan")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "since": None if self.since is None else self.since.isoformat(), "share": self.share}


def coverage(handed: Handed) -> Coverage:
    """The coverage of the leads handed over since the ledger's first score; of none where it has no scores.

    Leads of the last day before the export are left out: their time to be scored is not over.
    """
    scores = handed.scores
    if scores.empty:
        return Coverage(None, 0, 0, 0, 0, float("nan"))
    since = max(scores["given_at"].min(), handed.since)
    leads = handed.leads[handed.leads["handed_off_at"].between(since, handed.until - PROMPT).to_numpy()]
    first = scores.groupby("lead_id")["given_at"].min().reindex(leads["lead_id"].to_numpy())
    late = first.reset_index(drop=True) - leads["handed_off_at"].reset_index(drop=True)
    scored = first.notna().to_numpy()
    in_time = scored & (late <= PROMPT).to_numpy()
    return Coverage(
        since=since,
        leads=len(leads),
        before=int(in_time.sum()),
        later=int((scored & ~in_time).sum()),
        never=int((~scored).sum()),
        enough=_enough(scores, leads["lead_id"].to_numpy()[in_time]),
    )


def _enough(scores: pd.DataFrame, leads: np.ndarray) -> float:
    if "enough_information" not in scores or not len(leads):
        return float("nan")
    first = scores.sort_values("given_at").drop_duplicates("lead_id").set_index("lead_id")
    return float(first["enough_information"].reindex(leads).astype("float64").mean())
