"""Facts: what is known about any number of leads. Both the history and a request become this.

Nothing here is a feature yet, nothing depends on a catalog, and the two ways in give arrays of the same meaning, so
that everything after them exists once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.history import FINAL, Field, History, Milestone
from features import exported, records
from features.columns import MOMENTS, Columns
from features.groups import Groups
from features.instants import END, NAT, Ints
from features.recording import record_of
from features.records import Record

__all__ = ["Facts", "Record", "record_of"]

_FINALS = [MOMENTS.index(milestone) for milestone in Milestone if milestone in FINAL]


@dataclass(frozen=True)
class Facts(Columns):
    """`Columns` with what follows from them."""

    @classmethod
    def of_history(cls, history: History, fields: Sequence[Field]) -> Self:
        """The facts of all leads of a history, in the order of its leads table."""
        return exported.columns_of(history, fields, cls)

    @classmethod
    def of_records(cls, records_: Sequence[Record], fields: Sequence[Field]) -> Self:
        """The facts of these records, in their order; rows after them are their colleagues."""
        return records.columns_of(records_, fields, cls)

    def rows(self, lead_ids: pd.Series) -> Ints:
        """The leads' row numbers, for `features.compute.matrix`. Raises `KeyError` for leads that are not here."""
        rows = self._index.get_indexer(pd.Index(lead_ids))
        if (rows < 0).any():
            raise KeyError(str(lead_ids[rows < 0].iloc[0]))
        return np.asarray(rows, np.int64)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.lead_ids)

    def __len__(self) -> int:
        return len(self.moments)

    def moment(self, name: str) -> Ints:
        """One column of `moments`."""
        column: Ints = self.moments[:, MOMENTS.index(name)]
        return column

    @cached_property
    def decided(self) -> Ints:
        """When each lead's first final milestone was reached, `END` where it is not known to be decided."""
        finals = self.moments[:, _FINALS]
        first: Ints = np.where(finals == NAT, END, finals).min(axis=1, initial=END)
        return first

    @cached_property
    def won(self) -> NDArray[np.bool_]:
        """Whether the first final milestone is the win; of several at the same instant the win counts."""
        won: NDArray[np.bool_] = self.moment(Milestone.WON) == self.decided
        return won

    @cached_property
    def groups(self) -> Groups:
        """What the leads of each account did together."""
        return Groups(self, self.decided, self.won)

    @cached_property
    def accept_decided(self) -> Ints:
        """When it was settled whether sales accepts: at the acceptance or the first final milestone; `END` if not."""
        accepted = self.moment(Milestone.ACCEPTED)
        return np.minimum(np.where(accepted == NAT, END, accepted), self.decided)

    @cached_property
    def accepted(self) -> NDArray[np.bool_]:
        """Whether sales accepted; a win without a recorded acceptance counts as accepted at the win."""
        at = self.accept_decided
        accepted: NDArray[np.bool_] = (self.moment(Milestone.ACCEPTED) == at) | (self.won & (self.decided == at))
        return accepted
