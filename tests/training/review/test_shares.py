from __future__ import annotations

import numpy as np

from training.review.shares import Answers

HORIZON = 30.0


def answers(followed: np.ndarray, seed: int) -> Answers:
    """Two in five are won, after some days; of the others half end soon, and half only by the horizon."""
    rng = np.random.default_rng(seed)
    n = len(followed)
    yes = rng.random(n) < 0.4
    soon = rng.random(n) < 0.5
    took = np.where(yes, np.minimum(rng.exponential(8.0, n), HORIZON), np.where(soon, 5.0, HORIZON))
    seen = took <= followed
    y = np.where(seen, yes.astype("float64"), np.nan)
    return Answers(y, seen.astype("float64"), np.arange(n), np.where(seen, took, np.nan), followed, HORIZON)


def test_a_young_group_is_not_told_by_its_quick_answers() -> None:
    """Of the second group half are younger than the horizon; all are alike, so nothing tells the groups apart."""
    rng = np.random.default_rng(7)
    young = np.arange(2_000) % 2 == 0
    followed = np.where(young, rng.uniform(0, 60, 2_000), rng.uniform(60, 300, 2_000))
    told = [answers(followed, seed) for seed in range(40)]
    shares = [one.share(young) for one in told]
    assert abs(np.mean([share.value for share in shares]) - 0.4) < 0.02
    assert sum(share.low <= 0.4 <= share.high for share in shares) >= 35
    assert sum(abs(one.gap(young)[1]) > 1.96 for one in told) <= 6


def test_a_group_that_only_came_of_late_has_no_share() -> None:
    young = np.arange(1_000) < 300
    one = answers(np.where(young, 20.0, 100.0), 1)
    assert not one.share(young).known
    assert np.isnan(one.gap(young)[1])
    assert one.share(~young).known


def test_where_all_is_answered_nobody_is_too_young() -> None:
    one = Answers(np.array([1.0, 0.0]), np.ones(2), np.arange(2), np.ones(2), np.full(2, 3.0), HORIZON)
    assert one.share(np.ones(2, dtype=bool)).value == 0.5
