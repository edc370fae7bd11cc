"""Which facts go with which marks more often than chance would have it, when many are tried at once.

The score of each pair (how far mark and fact exceed together what their shares would give, within each stratum) is
summed by account. Under the null its sign is as likely either way, so flipping the signs of whole accounts shows what
the largest of all pairs would reach by chance alone (a wild score bootstrap: Kline & Santos 2012, J. Econom. Methods
1:23; the largest of all against each: Westfall & Young 1993). Few leads of an account that say the same thus count
once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
Codes = NDArray[np.intp]

ROUNDS = 999
_AT_ONCE = 50


def doubts_of(marks: Truth, facts: Truth, cluster: Codes, stratum: Codes, *, seed: int, rounds: int = ROUNDS) -> Floats:
    """For each mark and fact, how likely chance alone would have made some pair exceed as much: p [marks, facts].

    ``marks[n, r]``, ``facts[n, f]``; ``cluster`` and ``stratum`` number accounts and periods from 0. One-sided: a fact
    found less often than expected has a large p. One pass over the rows a mark, linear in rows.
    """
    n, many, kinds = len(marks), facts.shape[1], marks.shape[1]
    if not n or not many or not kinds:
        return np.ones((kinds, many))
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    centred = _within(facts.astype("float32"), stratum)[order]
    pulled, errors = [], []
    for mark in marks.T:
        own = _within(mark[:, None].astype("float32"), stratum)[order]
        sums = np.add.reduceat(own * centred, starts, axis=0)
        scale = np.sqrt((sums.astype("float64") ** 2).sum(axis=0))
        part = np.divide(sums, scale, out=np.zeros_like(sums), where=scale > 0, casting="same_kind")
        pulled.append(part)
        errors.append(part.sum(axis=0, dtype="float64"))
    largest = _largest(pulled, len(starts), rounds, seed)
    reached = np.searchsorted(largest, np.array(errors), side="left")
    return np.asarray((1 + rounds - reached) / (1 + rounds))


def _largest(pulled: list[NDArray[np.float32]], clusters: int, rounds: int, seed: int) -> Floats:
    """The largest of all pairs in each round, in order."""
    rng = np.random.default_rng((seed, clusters))
    out = np.empty(rounds)
    for begin in range(0, rounds, _AT_ONCE):
        size = min(_AT_ONCE, rounds - begin)
        signs = (2.0 * rng.integers(0, 2, (size, clusters)) - 1.0).astype("float32")
        out[begin : begin + size] = np.max([(signs @ part).max(axis=1) for part in pulled], axis=0)
    return np.sort(out)


def _within(values: NDArray[np.float32], stratum: Codes) -> NDArray[np.float32]:
    """The values less the mean of their stratum."""
    count = np.bincount(stratum).astype("float32")
    sums = np.zeros((len(count), values.shape[1]), dtype="float32")
    np.add.at(sums, stratum, values)
    return np.asarray(values - (sums / np.maximum(count, 1)[:, None])[stratum])
