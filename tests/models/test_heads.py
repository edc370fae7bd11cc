from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Calibration
from models.design import Design
from models.head import Head, Heads
from models.linear import Linear
from tests import fitted

finite = st.floats(-1e3, 1e3)


def constant(log_odds: float) -> Linear:
    return Linear(Design(()), (), log_odds)


def test_a_blend_is_the_weighted_sum_of_log_odds() -> None:
    head = Head((constant(2.0), constant(-1.0)), (0.25, 0.5))
    assert head.raw(np.zeros((2, 1))).tolist() == [0.0, 0.0]
    assert head.base == 0.0


def test_contributions_of_a_blend_add_up_to_its_log_odds() -> None:
    x = fitted.rows(300, seed=21)
    for head in fitted.heads().named.values():
        contributions, base = head.contributions(x)
        np.testing.assert_allclose(base + contributions.sum(axis=1), head.raw(x), rtol=0, atol=1e-9)


@settings(max_examples=60)
@given(raw=st.lists(finite, min_size=2, max_size=20).map(np.array), slope=st.floats(0.01, 10), shift=finite)
def test_calibration_keeps_the_ranking(raw: np.ndarray, slope: float, shift: float) -> None:
    p = Calibration(slope, shift, 0.5).probability(np.sort(raw))
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_calibration_is_the_sigmoid_of_a_line_and_the_level() -> None:
    assert Calibration(2.0, 1.0, -0.5).probability(np.array([0.25])) == pytest.approx(1 / (1 + np.exp(-1.0)))


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan, np.inf])
def test_a_slope_that_would_turn_the_ranking_over_is_refused(slope: float) -> None:
    with pytest.raises(ValueError, match="slope"):
        Calibration(slope)


@pytest.mark.parametrize("weights", [(1.0,), (0.5, -0.5), (0.0, 0.0), (np.nan, 1.0)])
def test_weights_that_make_no_blend_are_refused(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="weight"):
        Head((constant(0.0), constant(1.0)), weights)


@settings(max_examples=60)
@given(close=finite, accept=finite, accepted=st.booleans())
def test_closing_is_never_likelier_than_accepting(close: float, accept: float, accepted: bool) -> None:
    heads = Heads(close=Head((constant(close),), (1.0,)), accept=Head((constant(accept),), (1.0,)))
    p_accept, p_close = heads.probabilities(np.zeros((1, 1)), np.array([accepted]))
    assert 0 <= p_close[0] <= p_accept[0] <= 1
    assert not accepted or p_accept[0] == 1


def test_without_acceptances_there_is_no_probability_of_them() -> None:
    heads = Heads(close=Head((constant(0.0),), (1.0,)))
    p_accept, p_close = heads.probabilities(np.zeros((2, 1)), np.array([False, True]))
    assert np.isnan(p_accept).all()
    assert p_close.tolist() == [0.5, 0.5]
