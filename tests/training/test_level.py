import numpy as np
import pytest
from scipy.special import expit, logit

from training.level import FURTHEST, LevelRule, Recent


def recent(rate: float = 0.2, believed: float = 0.1, n: int = 1000, seen: float = 1.0) -> Recent:
    yes = np.arange(n) < round(rate * seen * n)
    return Recent(
        age=np.linspace(0, 59, n)[::-1],
        weight=np.ones(n),
        yes=yes,
        seen=np.full(n, seen),
        raw=np.full((n, 1), logit(believed)),
    )


def moved(of: Recent, rule: LevelRule, believed: float = 0.1) -> float:
    return float(expit(logit(believed) + of.shift(rule, np.array([1.0]))))


def test_with_many_outcomes_the_level_becomes_the_recent_rate() -> None:
    assert moved(recent(n=100_000), LevelRule(60, 10)) == pytest.approx(0.2, rel=0.01)


def test_outcomes_that_are_not_in_yet_do_not_lower_the_level() -> None:
    assert moved(recent(rate=0.1, n=100_000, seen=0.3), LevelRule(60, 10)) == pytest.approx(0.1, rel=0.01)


def test_few_outcomes_leave_the_level_nearly_where_it_was() -> None:
    assert moved(recent(n=20), LevelRule(60, 100)) == pytest.approx(0.1, rel=0.03)


def test_only_the_window_counts() -> None:
    r = recent(n=1000)
    quiet = Recent(r.age, r.weight, r.yes & (r.age > 30), r.seen, r.raw)
    assert quiet.shift(LevelRule(30, 10), np.array([1.0])) < 0 < r.shift(LevelRule(60, 10), np.array([1.0]))


def test_without_a_window_nothing_is_corrected() -> None:
    assert recent().shift(LevelRule(), np.array([1.0])) == 0.0


def test_without_recent_snapshots_nothing_is_corrected() -> None:
    assert recent(n=0).shift(LevelRule(60, 10), np.array([1.0])) == 0.0


def test_the_level_moves_no_further_than_is_documented() -> None:
    assert recent(rate=0.99, believed=1e-6, n=10_000).shift(LevelRule(60, 1e-9), np.array([1.0])) == FURTHEST
