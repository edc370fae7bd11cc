from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from training.answers import Answers, joined
from training.calibrate import slope_and_intercept
from training.candidates import CONSTANT, names
from training.choice import Forward, choose, choose_half_life, default
from training.level import Recent
from training.settings import Settings, Trees

SETTINGS = Settings(widths=(0.1, 0.5), half_lives=(0.5,), trees=(Trees(leaves=4),))
NAMES = names(SETTINGS)


def forward(number: int, good: str, *, n: int = 2000, slope: float = 1.0, level: float = 0.0) -> Forward:
    """A date on which the candidate ``good`` knows the truth, up to slope and level, and the others know nothing."""
    rng = np.random.default_rng(number)
    truth = rng.normal(-1, 1, n)
    raw = np.full((n, len(NAMES)), logit(0.3)) + rng.normal(0, 0.7, (n, len(NAMES)))
    raw[:, NAMES.index(good)] = (truth - level) / slope
    y = (rng.random(n) < expit(truth)).astype(float)
    answers = Answers(y, np.ones(n), np.zeros(n), np.zeros(n))
    nothing = Recent(np.empty(0), np.empty(0), np.empty(0, dtype=bool), np.empty(0), np.empty((0, len(NAMES))))
    return Forward(number, NAMES, raw, answers, nothing)


def test_without_earlier_dates_the_default_is_used() -> None:
    assert choose([], SETTINGS) == default(SETTINGS)
    assert default(SETTINGS).chosen_on == 0


def test_with_few_yeses_the_default_leans_to_the_base_rate() -> None:
    share = [default(SETTINGS, yeses).blend.get(CONSTANT, 0.0) for yeses in (10.0, 50.0, 10_000.0)]
    assert share[0] > 0.5 > share[1] > 0.1
    assert share[2] == 0
    assert sum(default(SETTINGS, 10.0).blend.values()) == pytest.approx(1)


@pytest.mark.parametrize("good", NAMES)
def test_the_candidate_with_the_lowest_forward_error_leads_the_blend(good: str) -> None:
    choice = choose([forward(i, good) for i in range(3)], SETTINGS)
    assert max(choice.blend, key=lambda name: choice.blend[name]) == good
    assert sum(choice.blend.values()) == pytest.approx(1)


def test_slope_and_intercept_are_learned_from_forward_errors() -> None:
    choice = choose([forward(i, "trees_4", slope=1.5, n=20_000) for i in range(8)], SETTINGS)
    assert choice.slope > 1.2


def test_one_date_moves_the_calibration_less_than_many() -> None:
    one = choose([forward(0, "trees_4", level=0.5)], SETTINGS)
    many = choose([forward(i, "trees_4", level=0.5) for i in range(8)], SETTINGS)
    assert 0 < one.intercept < many.intercept


def late_failures(seed: int, n: int = 6000) -> Forward:
    """Calibrated log-odds, whose yeses take up to 50 days; noes take the longer the better the lead looked.

    Delays are, as `training.delay` sees them, the same for all leads. A third of the leads are older than any answer.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, n)
    yes = rng.random(n) < expit(truth)
    duration = np.where(yes, rng.uniform(0, 50, n), 100 * expit(2 * truth + 2) * rng.random(n))
    age = rng.uniform(0, 150, n)
    y = np.where(duration <= age, yes, np.nan).astype(float)
    left = [1 - np.searchsorted(np.sort(of), age, side="right") / len(of) for of in (duration[yes], duration[~yes])]
    base = forward(seed, "trees_4", n=n)
    raw = np.column_stack(
        [truth if name == "trees_4" else column for name, column in zip(NAMES, base.raw.T, strict=True)]
    )
    return Forward(seed, NAMES, raw, Answers(y, np.ones(n), *left), base.recent)


def test_leads_that_look_good_and_fail_late_do_not_stretch_the_calibration() -> None:
    dates = [late_failures(seed) for seed in range(6)]
    answers = joined([date.answers for date in dates])
    raw = np.concatenate([date.raw[:, NAMES.index("trees_4")] for date in dates])
    assert slope_and_intercept(raw, answers)[0] > 1.08  # with open rows; the scores are calibrated
    assert slope_and_intercept(raw, answers.mature())[0] == pytest.approx(1, abs=0.04)


def test_while_no_snapshot_is_mature_nothing_is_calibrated() -> None:
    young = forward(0, "trees_4", slope=1.5, level=0.5)
    young = replace(young, answers=replace(young.answers, open_no=np.ones(2000)))
    choice = choose([young], SETTINGS)
    assert (choice.slope, choice.intercept, choice.chosen_on) == (1.0, 0.0, 1)
    assert max(choice.blend, key=lambda name: choice.blend[name]) == "trees_4"


def test_fading_is_chosen_on_the_logistic_regressions() -> None:
    assert choose_half_life([forward(i, "logistic_0.5_half_0.5") for i in range(2)], SETTINGS) == 0.5
    assert choose_half_life([forward(i, "logistic_0.5") for i in range(2)], SETTINGS) is None


def test_a_blend_has_few_components() -> None:
    blends = [choose([forward(i, good)], SETTINGS).blend for i, good in enumerate(NAMES)]
    assert max(len(blend.keys() - {CONSTANT}) for blend in blends) <= 3
