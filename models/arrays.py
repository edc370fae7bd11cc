"""Arrays the models are made of, and the one sum they use: its result never depends on the other rows of a call."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
"""``[n, k]``: a row a lead at an instant, a column a feature of the catalog; missing is NaN."""

Vector = npt.NDArray[np.float64]
"""``[n]``"""

Positions = npt.NDArray[np.intp]


def row_sums(values: Matrix) -> Vector:
    """``[n, m]`` to ``[n]``, each row added in an order fixed by ``m`` alone.

    A matrix product would be faster and is not used: BLAS picks its blocks by the number of rows, so that the last bits
    of a lead's score would depend on the leads it was scored with.
    """
    if values.shape[1] == 0:
        return np.zeros(len(values))
    return np.add.reduceat(np.ascontiguousarray(values), [0], axis=1)[:, 0]


def grouped_sums(values: Matrix, starts: Positions) -> Matrix:
    """``[n, m]`` to ``[n, len(starts)]``: sums over the groups of neighbouring columns that begin at ``starts``.

    ``starts`` is strictly increasing and begins with 0. Each row is added in a fixed order, as in `row_sums`.
    """
    if len(starts) == 0:
        return np.zeros((len(values), 0))
    return np.asarray(np.add.reduceat(np.ascontiguousarray(values), starts, axis=1))
