"""Boosted trees: a LightGBM booster, kept as its own model text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import lightgbm
import numpy as np

from crm.errors import AccordError
from models.arrays import Matrix, Vector
from models.shapley import MOST_ENTRIES, LeafTables, entries
from models.trees import take_apart

_SETTINGS = re.compile(r"\nparameters:.*?\nend of parameters\n", re.DOTALL)
_SIZES = re.compile(r"\ntree_sizes=([\d ]*)\n")
_LOG_ODDS = re.compile(r"\nobjective=(binary sigmoid:1|cross_entropy)\n")


@dataclass(frozen=True)
class Boosted:
    """A booster of LightGBM trained on the columns of the catalog, in their order, with a binary objective.

    ``text`` is what `lightgbm.Booster.model_to_string` gives. The settings it was trained with are cut off: they change
    no prediction, and paths, thread counts and the like must not change the artifact's hash. One thread, always: with
    other load on the machine more of them are slower, and rows are what callers share out.
    """

    KIND: ClassVar[str] = "boosted"

    text: str

    def __post_init__(self) -> None:
        text = _SETTINGS.sub("\n", self.text)
        if not _is_whole(text):
            raise AccordError("The text of the boosted trees is cut off or changed.", remedy="Train again.")
        if not _LOG_ODDS.search(text) or "\naverage_output" in text or "\nis_linear=1" in text:
            raise AccordError(
                "These trees do not give log-odds that contributions add up to.",
                expected="a LightGBM model with a binary objective, boosted, with a constant in each leaf",
            )
        object.__setattr__(self, "text", text)

    @cached_property
    def base(self) -> float:
        """The expected log-odds over the trees' training rows."""
        if self._tables is not None:
            return self._tables.base
        nothing = np.full((1, self._booster.num_feature()), np.nan)
        return float(self._predict(nothing, pred_contrib=True)[0, -1])

    def log_odds(self, x: Matrix) -> Vector:
        """``[n, k]`` to ``[n]``."""
        return self._predict(x, raw_score=True)

    def contributions(self, x: Matrix) -> tuple[Matrix, float]:
        """``[n, k]`` to ``[n, k]`` and the base: exact Shapley values of the trees (Lundberg and others, 2020).

        From `LeafTables`, unless the trees are so large that their tables would be: then LightGBM works them out.
        """
        if self._tables is not None:
            return self._tables.contributions(x), self.base
        return np.ascontiguousarray(self._predict(x, pred_contrib=True)[:, :-1]), self.base

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the artifact keeps ``text`` in a file of its own."""
        return {"kind": self.KIND, "text": self.text}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The model that `to_json` described."""
        return cls(str(document["text"]))

    def _predict(self, x: Matrix, **what: bool) -> Matrix:
        if len(x) == 0:
            return np.zeros((0, x.shape[1] + 1) if "pred_contrib" in what else 0)
        return np.asarray(self._booster.predict(x, num_threads=1, **what), dtype=np.float64)

    @cached_property
    def _tables(self) -> LeafTables | None:
        splits, leaves = take_apart(self._booster)
        if entries(leaves) > MOST_ENTRIES:
            return None
        return LeafTables(splits, leaves, self._booster.num_feature())

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as error:
            raise AccordError(
                f"The text of the boosted trees cannot be read ({error}).",
                remedy="It was made by another LightGBM: train again, or upgrade lightgbm.",
            ) from error


def _is_whole(text: str) -> bool:
    """Whether the trees are as long as the head of the text says; LightGBM ends the process over one that is not."""
    sizes, first, end = _SIZES.search(text), text.find("\nTree=0\n"), text.find("\nend of trees")
    return sizes is not None and 0 < first < end and len(text[first:end].encode()) == sum(map(int, sizes[1].split()))
