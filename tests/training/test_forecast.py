"""Ranges against worlds where what comes is drawn from a known law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from training.forecast import Drift, Judged, accounts_of, drift, effect, likeness, share, sizes_of
from training.volumes import volume

PERIODS, LEADS, GROUPS, SPREAD = 4, 60, 4, 0.25


def accounts(rng: np.random.Generator, n: int) -> np.ndarray:
    """Buying groups of about two."""
    return rng.integers(0, max(n // 2, 1), n)


def answers(rng: np.random.Generator, p: float, account: np.ndarray, alike: float) -> np.ndarray:
    """Yes with probability ``p`` each; leads of one account share their answer with chance √alike each."""
    own, shared = rng.random(len(account)) < p, (rng.random(int(account.max()) + 1) < p)[account]
    return np.where(rng.random(len(account)) < np.sqrt(alike), shared, own).astype("float64")


def group(rng: np.random.Generator, said: float, spread: float, alike: float) -> tuple[Judged, float]:
    """A group's judged rows over the periods, and the share that comes in the next one."""
    parts = []
    for period in range(PERIODS):
        account = accounts(rng, LEADS)
        p = float(expit(logit(said) + rng.normal(0, spread)))
        parts.append((np.full(LEADS, period), 1_000 * period + account, answers(rng, p, account, alike)))
    period, account, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    account = pd.factorize(account)[0]
    judged = Judged(period, account, y, np.ones(len(y)), np.full(len(y), said))
    after = accounts(rng, LEADS)
    p = float(expit(logit(said) + rng.normal(0, spread)))
    return judged, float(answers(rng, p, after, alike).mean())


def held(spread: float, alike: float, worlds: int = 40) -> tuple[float, float]:
    """How often ranges of 90 % held what came, and their mean width."""
    rng = np.random.default_rng(11)
    inside, width = [], []
    for _ in range(worlds):
        chances = (0.6, 0.35, 0.2, 0.1)
        groups = [group(rng, said, spread, alike) for said in chances]
        learned = drift([judged for judged, _ in groups])
        for said, (judged, came) in zip(chances, groups, strict=True):
            sizes = np.bincount(accounts(rng, LEADS)).astype("float64")
            found = share(judged, np.full(LEADS, said), sizes, LEADS, learned, 0.9)
            assert found is not None
            assert 0 <= found.low <= found.value <= found.high <= 1
            inside.append(found.holds(came))
            width.append(found.high - found.low)
    return float(np.mean(inside)), float(np.mean(width))


def test_ranges_hold_what_comes_where_periods_differ_and_accounts_decide_together() -> None:
    often, _ = held(SPREAD, alike=0.2)
    assert 0.85 <= often <= 0.95  # 160 ranges: two standard errors are 0.05


def test_periods_that_do_not_differ_are_promised_more_narrowly() -> None:
    often, narrow = held(0.0, alike=0.0)
    _, wide = held(2 * SPREAD, alike=0.3)
    assert often <= 0.97
    assert narrow < 0.75 * wide


def test_leaving_out_what_differs_between_periods_holds_too_little() -> None:
    rng = np.random.default_rng(5)
    still = Drift(np.eye(1, 25)[0], 0.0)
    held_by_chance = []
    for _ in range(100):
        judged, came = group(rng, 0.35, 2 * SPREAD, 0.3)
        found = share(judged, np.full(LEADS, 0.35), np.ones(LEADS), LEADS, still, 0.9)
        assert found is not None
        held_by_chance.append(found.holds(came))
    assert np.mean(held_by_chance) < 0.8


def test_accounts_that_decide_together_are_recognised() -> None:
    rng = np.random.default_rng(3)
    alike = likeness([group(rng, 0.4, 0.0, 0.5)[0] for _ in range(20)])
    apart = likeness([group(rng, 0.4, 0.0, 0.0)[0] for _ in range(20)])
    assert alike == pytest.approx(0.5, abs=0.12)
    assert apart < 0.06


def test_a_scorer_that_says_too_much_is_corrected_by_what_came() -> None:
    rng = np.random.default_rng(4)
    judged = group(rng, 0.2, 0.0, 0.0)[0]
    boastful = Judged(judged.period, judged.account, judged.y, judged.weight, np.full(len(judged), 0.4))
    found = share(boastful, np.full(LEADS, 0.4), np.ones(LEADS), LEADS, drift([boastful]), 0.9)
    assert found is not None
    assert found.value < 0.35
    assert found.low < 0.25


def test_a_group_of_which_none_was_judged_promises_no_share() -> None:
    empty = Judged.of(
        pd.DataFrame(columns=["date", "account_id", "lead_id", "y_close", "weight_close", "p_close"]), "close"
    )
    assert share(empty, np.array([0.2]), np.ones(1), 1.0, drift([empty]), 0.9) is None


def test_none_in_a_small_group_of_unlikely_leads_is_within_the_range() -> None:
    rows = np.zeros(30)
    judged = Judged(rows.astype("int64"), np.arange(30), rows, np.ones(30), np.full(30, 0.02))
    found = share(judged, np.full(30, 0.02), np.ones(30), 30, drift([judged]), 0.9)
    assert found is not None
    assert found.holds(0.0)


def test_a_lead_without_an_account_is_one_of_its_own() -> None:
    arrivals = pd.DataFrame({"lead_id": ["a", "b", "c", "d"], "account_id": ["x", None, "x", None]})
    assert sorted(sizes_of(arrivals)) == [1.0, 1.0, 2.0]
    assert len(set(accounts_of(arrivals))) == 3


def test_buying_groups_make_leads_count_for_fewer() -> None:
    assert effect(np.ones(10), 0.5) == 1.0
    assert effect(np.full(5, 3.0), 0.5) == pytest.approx(2.0)
    assert effect(np.zeros(0), 0.5) == 1.0


@pytest.mark.parametrize(("moves", "clump"), [(0.2, 1), (0.0, 3)])
def test_ranges_of_volume_hold_what_comes(moves: float, clump: int) -> None:
    rng = np.random.default_rng(8)
    inside = []
    for _ in range(200):
        level = 80.0 / clump * np.exp(np.cumsum(rng.normal(0, moves, 8)))
        visits = rng.poisson(level)
        found = volume(clump * visits[:-1].astype("float64"), np.full(int(visits[-2]), float(clump)), 13, 13, 0.9)
        assert 0 <= found.low <= found.value <= found.high
        inside.append(found.holds(clump * visits[-1] / 13))
    assert 0.86 <= np.mean(inside) <= (0.95 if moves else 0.985)


def test_a_grade_that_took_nothing_may_take_something() -> None:
    found = volume(np.array([0.0]), np.zeros(0), 13, 13, 0.9)
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0 < found.high < 1
