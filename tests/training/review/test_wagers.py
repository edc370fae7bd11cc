"""The alarm holds over time: every claim is one about many runs that are looked at after every answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from training.review.wagers import ALPHA, SHIFTS, SIDES, Counts, Shares, Side, Stretch, needed, running, wealth

ALARM = float(np.log(1 / ALPHA))
RUNS = 400
NOISE = 3 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)


def stretch(value: np.ndarray, start: int = 0) -> Stretch:
    return Stretch(start + np.arange(1, len(value) + 1, dtype=np.int64), value.astype("float64"))


def raised(values: np.ndarray, low: float, high: float, bets: Shares | Counts) -> float:
    """In what share of the runs (rows) an alarm is raised at any look."""
    return float(np.mean([wealth([stretch(row)], low, high, bets).crossed(ALARM) is not None for row in values]))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("bound", [0.03, 0.4, 0.9])
def test_no_bet_gains_on_average_at_the_end_of_a_promise(side: Side, bound: float) -> None:
    yes, no = (np.exp(Shares().growth(np.array([v]), np.array([bound]), side))[0, 0] for v in (1.0, 0.0))
    assert bound * yes + (1 - bound) * no == pytest.approx(np.ones(len(SHIFTS)))
    inside = bound + 0.02 if side == "below" else bound - 0.02
    assert (inside * yes + (1 - inside) * no < 1).all()


def test_looking_after_every_answer_cries_wolf_in_no_more_than_the_promised_share_of_runs() -> None:
    draws = np.random.default_rng(1).random((RUNS, 400)) < 0.6
    assert raised(draws, 0.6, 0.6, Shares()) <= ALPHA + NOISE
    n = np.arange(30, 401)
    z = (np.cumsum(draws, axis=1)[:, 29:] / n - 0.6) / np.sqrt(0.24 / n)
    assert (np.abs(z) > norm.ppf(1 - ALPHA / 2)).any(axis=1).mean() > 4 * ALPHA, "as a test for one look would"


def test_only_the_average_chance_need_lie_within_the_promise() -> None:
    chance = np.where(np.arange(400) % 20 < 10, 0.8, 0.4)
    draws = np.random.default_rng(2).random((RUNS, 400)) < chance
    assert raised(draws[:, 10:], 0.6, 0.6, Shares()) <= ALPHA + NOISE


@pytest.mark.parametrize("q", [0.45, 0.75])
def test_a_share_beyond_the_promise_is_found_and_on_which_side(q: float) -> None:
    draws = np.random.default_rng(3).random((50, 400)) < q
    found = [wealth([stretch(row)], 0.58, 0.62, Shares()).crossed(ALARM) for row in draws]
    assert np.mean([each is not None for each in found]) > 0.9
    assert {each[1] for each in found if each} == {"below" if q < 0.5 else "above"}


def test_a_late_change_is_found_sooner_by_doubters_who_start_later() -> None:
    rng = np.random.default_rng(4)
    weeks = []
    for _ in range(20):
        value = np.concatenate([rng.random(1000) < 0.7, rng.random(500) < 0.45]).astype("float64")
        whole = stretch(value)
        later = [Stretch(whole.at[s:], value[s:]) for s in range(0, 1500, 250)]
        alone, together = (wealth(each, 0.6, 0.8, Shares()).crossed(ALARM) for each in ([whole], later))
        assert together is not None
        assert together[0] > 1000
        weeks.append((np.inf if alone is None else alone[0]) - together[0])
    assert np.median(weeks) > 100


def test_many_doubters_together_keep_to_the_promised_share_of_false_alarms() -> None:
    draws = (np.random.default_rng(5).random((RUNS, 150)) < 0.5).astype("float64")
    false = 0
    for row in draws:
        whole = stretch(row)
        later = [Stretch(whole.at[s:], row[s:]) for s in range(0, 150, 50)]
        false += wealth(later, 0.5, 0.5, Shares()).crossed(ALARM) is not None
    assert false / RUNS <= ALPHA + NOISE


def test_leads_that_come_in_groups_make_no_alarm_where_groups_are_known() -> None:
    groups = np.random.default_rng(6).poisson(3.0, (RUNS, 100))
    assert raised(groups * 4, 12.0, 12.0, Counts(4.0)) <= ALPHA + NOISE
    assert raised(groups * 4, 12.0, 12.0, Counts(1.0)) > 2 * ALPHA, "as it would were each lead thought to come alone"


def test_a_volume_that_halves_is_found_within_weeks() -> None:
    weeks = np.random.default_rng(7).poisson(6.0, (20, 30))
    found = [wealth([stretch(row)], 12.0, 16.0, Counts()).crossed(ALARM) for row in weeks]
    assert all(each is not None and each[1] == "below" and each[0] <= 15 for each in found)


def test_the_range_so_far_holds_the_truth_at_all_looks() -> None:
    draws = (np.random.default_rng(8).random((40, 120)) < 0.3).astype("float64")
    held = [np.all((low <= 0.3) & (high >= 0.3)) for _, low, high in (running(stretch(row), Shares()) for row in draws)]
    assert np.mean(held) >= 1 - ALPHA - 0.1
    mean, low, high = running(stretch(draws[0]), Shares())
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert high[-1] - low[-1] < 0.45


def test_a_verdict_needs_so_many_answers_that_the_worst_would_be_found() -> None:
    least = needed(0.6, 0.8, Shares(), ALARM)
    worst = [
        wealth([stretch(np.full(n, v))], 0.6, 0.8, Shares()).crossed(ALARM) for n in (least, least - 1) for v in (0, 1)
    ]
    assert [each is not None for each in worst].count(True) == 3, "both with enough, one side alone with one fewer"


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (0.5, 1.0)])
def test_nothing_is_bet_on_what_cannot_be(low: float, high: float) -> None:
    value = np.zeros(300) if low == 0 else np.ones(300)
    assert wealth([stretch(value)], low, high, Shares()).crossed(ALARM) is None
