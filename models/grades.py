"""Score to grade."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt


def grades_of(score: npt.NDArray[np.int64], lowest: Mapping[str, int]) -> npt.NDArray[np.str_]:
    """The grade of each score, ``[n]``, where ``lowest`` gives each grade's lowest score, best first, the last 1.

    >>> grades_of(np.array([99, 90, 89, 1]), {"A": 90, "B": 70, "C": 40, "D": 1}).tolist()
    ['A', 'A', 'B', 'D']
    """
    names = np.array(list(lowest))
    upward = np.array(list(lowest.values()))[::-1]
    return np.asarray(names[len(names) - np.searchsorted(upward, score, side="right")])
