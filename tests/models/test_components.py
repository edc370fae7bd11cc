"""One contract for every component."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crm.errors import AccordError
from models.boosted import Boosted
from models.components import Component, component_of
from models.design import Column, Design, Form
from models.linear import Linear
from tests import fitted

COMPONENTS = fitted.components()
EVERY = pytest.mark.parametrize("component", COMPONENTS.values(), ids=COMPONENTS)

anything = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.just(len(fitted.FEATURES))),
    elements=st.one_of(st.floats(-1e6, 1e6), st.integers(-1, 40).map(float), st.just(np.nan)),
)


@EVERY
def test_a_component_keeps_the_protocol(component: Component) -> None:
    assert isinstance(component, Component)


@EVERY
@settings(max_examples=30, deadline=None)
@given(x=anything)
def test_contributions_and_base_add_up_to_the_log_odds(component: Component, x: np.ndarray) -> None:
    contributions, base = component.contributions(x)
    assert contributions.shape == x.shape
    assert base == component.base
    np.testing.assert_allclose(base + contributions.sum(axis=1), component.log_odds(x), rtol=0, atol=1e-9)


@EVERY
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 257])
def test_the_size_of_a_batch_changes_no_bit(component: Component, size: int) -> None:
    x = fitted.rows(257, seed=11)
    whole, (whole_contributions, _) = component.log_odds(x), component.contributions(x)
    for start in range(0, min(len(x), 4 * size), size):
        part = np.ascontiguousarray(x[start : start + size])
        assert component.log_odds(part).tobytes() == whole[start : start + size].tobytes()
        assert component.contributions(part)[0].tobytes() == whole_contributions[start : start + size].tobytes()


@EVERY
def test_memory_layout_changes_no_bit(component: Component) -> None:
    x = fitted.rows(50, seed=12)
    assert component.log_odds(np.asfortranarray(x)).tobytes() == component.log_odds(x).tobytes()
    wide = np.repeat(x, 2, axis=1)[:, ::2]
    assert component.contributions(wide)[0].tobytes() == component.contributions(x)[0].tobytes()


@EVERY
def test_the_input_is_left_as_it_was(component: Component) -> None:
    x = fitted.rows(20, seed=13)
    before = x.copy()
    component.log_odds(x)
    component.contributions(x)
    assert x.tobytes() == before.tobytes()


@EVERY
def test_json_gives_the_same_component_back(component: Component) -> None:
    x = fitted.rows(40, seed=14)
    again = component_of(json.loads(json.dumps(component.to_json(), allow_nan=False)))
    assert again == component
    assert again.log_odds(x).tobytes() == component.log_odds(x).tobytes()


@EVERY
def test_no_rows_give_no_rows(component: Component) -> None:
    none = np.zeros((0, len(fitted.FEATURES)))
    assert component.log_odds(none).shape == (0,)
    assert component.contributions(none)[0].shape == none.shape


def test_a_component_of_an_unknown_kind_is_refused_with_a_remedy() -> None:
    with pytest.raises(AccordError, match=r"not known.*'oracle'.*boosted, linear") as error:
        component_of({"kind": "oracle"})
    assert error.value.remedy


def test_settings_of_training_do_not_reach_the_text_of_the_trees() -> None:
    text = fitted.boosted().text
    assert "num_threads" not in text
    assert "parameters:" not in text


@pytest.mark.parametrize("cut", [700, 3000, 9000])
def test_cut_off_trees_are_refused_before_lightgbm_ends_the_process(cut: int) -> None:
    text = fitted.boosted().text
    for damaged in (text[:cut], text[:cut] + text[cut + 7 :]):
        with pytest.raises(AccordError, match="cut off or changed"):
            _ = Boosted(damaged).base


@pytest.mark.parametrize(
    "change",
    [
        ("binary sigmoid:1", "regression"),
        ("is_linear=0", "is_linear=1"),
        ("\nobjective", "\naverage_output\nobjective"),
    ],
)
def test_trees_that_give_no_log_odds_are_refused(change: tuple[str, str]) -> None:
    with pytest.raises(AccordError, match="do not give log-odds"):
        Boosted(fitted.boosted().text.replace(*change))


def test_a_missing_number_counts_as_its_fill_and_its_indicator() -> None:
    design = Design((Column(0, Form.NUMBER, fill=3.0), Column(0, Form.MISSING)))
    model = Linear(design, (2.0, 10.0), 1.0)
    assert model.log_odds(np.array([[np.nan], [3.0]])).tolist() == [17.0, 7.0]


def test_numbers_are_held_within_their_bounds() -> None:
    model = Linear(Design((Column(0, Form.NUMBER, low=0.0, high=10.0),)), (1.0,), 0.0)
    assert model.log_odds(np.array([[-5.0], [4.0], [1e12]])).tolist() == [0.0, 4.0, 10.0]


def test_a_feature_contributes_the_sum_of_its_columns_and_others_nothing() -> None:
    design = Design((Column(0, Form.NUMBER), Column(0, Form.MISSING, mean=1.0), Column(2, Form.LEVEL, level=1)))
    contributions, base = Linear(design, (0.5, 1.0, 3.0), 0.25).contributions(np.array([[4.0, 9.0, 1.0]]))
    assert contributions.tolist() == [[1.0, 0.0, 3.0]]
    assert base == 0.25


def test_columns_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of their features"):
        Design((Column(2, Form.NUMBER), Column(0, Form.NUMBER)))


def test_weights_and_columns_must_match() -> None:
    with pytest.raises(ValueError, match="2 weights for 1 columns"):
        Linear(Design((Column(0, Form.NUMBER),)), (1.0, 2.0), 0.0)
