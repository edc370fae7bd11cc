"""What scoring gives, by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.arrays import Matrix, Vector
from models.reasons import Reason
from models.stories import Story


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of ``n`` leads at an instant each, in the order they were asked for.

    ``score`` is 1 to 99, ``grade`` its grade. ``p_close`` is never above ``p_accept``; ``p_accept`` is NaN where the
    history records no acceptances. ``log_odds`` holds by head (``accept``, ``close``) what comes before calibration,
    and ``base`` the value its contributions start from. ``reasons`` are about closing, weightiest first, and
    ``missing`` names the most important facts not known; both hold empty tuples where no reasons were asked for.
    ``stories`` has one for each lead, or is empty where none were asked for. ``features[n, k]`` are what the scores
    rest on, in the order of the catalog.
    """

    score: npt.NDArray[np.int64]
    grade: npt.NDArray[np.str_]
    p_accept: Vector
    p_close: Vector
    enough_information: npt.NDArray[np.bool_]
    log_odds: Mapping[str, Vector]
    base: Mapping[str, float]
    reasons: tuple[tuple[Reason, ...], ...]
    missing: tuple[tuple[str, ...], ...]
    features: Matrix
    stories: tuple[Story, ...] = ()

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that a head says about ``n`` leads: ``base + contributions.sum(axis=1) = log_odds`` within 1e-9.

    ``contributions[n, k]`` has a column a feature of the catalog.
    """

    base: float
    contributions: Matrix
    log_odds: Vector
