from __future__ import annotations

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.boosted import Boosted
from models.shapley import LeafTables, entries
from models.trees import Leaf, Splits, Step, take_apart
from tests import fitted

STRANGE = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-30, -1.0, 0.5, 1.0, 2.7, 3.0, 1e9, -1e9, np.inf, -np.inf]


def trained(seed: int, leaves: int, **settings_: object) -> lightgbm.Booster:
    x = fitted.rows(600, seed)
    x[:, 4] = np.where(x[:, 4] < 10, 0.0, x[:, 4])
    data = lightgbm.Dataset(
        x, fitted.outcomes(x, seed), categorical_feature=fitted.CATEGORIES, params={"verbosity": -1}
    )
    base = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 3, "num_threads": 1, "verbosity": -1}
    return lightgbm.train({**base, **settings_}, data, 8)


def tables(booster: lightgbm.Booster) -> LeafTables:
    return LeafTables(*take_apart(booster), booster.num_feature())


@pytest.mark.parametrize("missing", [{}, {"zero_as_missing": True}, {"use_missing": False}])
@pytest.mark.parametrize("leaves", [2, 5, 16, 40])
def test_tables_agree_with_lightgbm(leaves: int, missing: dict[str, bool]) -> None:
    booster = trained(leaves, leaves, **missing)
    rng = np.random.default_rng(leaves)
    x = np.concatenate([fitted.rows(100, seed=77), rng.choice(STRANGE, (200, len(fitted.FEATURES)))])
    ours, theirs = tables(booster), booster.predict(x, pred_contrib=True)
    np.testing.assert_allclose(ours.contributions(x), theirs[:, :-1], rtol=0, atol=1e-12)
    assert ours.base == pytest.approx(theirs[0, -1], abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 256, 257, 3000])
def test_row_by_row_and_leaf_by_leaf_agree_to_the_last_bit(size: int) -> None:
    mine, x = tables(trained(3, 12)), fitted.rows(3000, seed=78)
    whole = mine.contributions(x)
    assert mine.contributions(x[-size:]).tobytes() == whole[-size:].tobytes()


@settings(max_examples=40, deadline=None)
@given(
    shares=st.lists(st.floats(0.01, 1), min_size=1, max_size=6),
    satisfied=st.integers(0, 63),
    value=st.floats(-3, 3),
)
def test_one_leaf_has_the_shapley_values_of_the_definition(shares: list[float], satisfied: int, value: float) -> None:
    count = len(shares)
    leaf = Leaf(value, tuple(range(count)), tuple((Step(i, left=True),) for i in range(count)), tuple(shares))
    table = LeafTables(Splits([]), [leaf], count)._tables[0]
    pattern = satisfied % (1 << count)
    passed = [bool(pattern >> d & 1) for d in range(count)]

    def worth(known: tuple[int, ...]) -> float:
        return value * float(np.prod([passed[d] if d in known else shares[d] for d in range(count)]))

    for d in range(count):
        others = [i for i in range(count) if i != d]
        expected = sum(
            factorial(size) * factorial(count - size - 1) / factorial(count) * (worth((*some, d)) - worth(some))
            for size in range(count)
            for some in combinations(others, size)
        )
        assert table[d, pattern] == pytest.approx(expected, abs=1e-12)


def test_trees_too_large_for_tables_are_left_to_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    x, text = fitted.rows(50, seed=79), fitted.boosted().text
    small, large = Boosted(text), Boosted(text)
    monkeypatch.setattr("models.boosted.MOST_ENTRIES", entries(take_apart(small._booster)[1]) - 1)
    assert large._tables is None
    monkeypatch.undo()
    assert small._tables is not None
    np.testing.assert_allclose(large.contributions(x)[0], small.contributions(x)[0], rtol=0, atol=1e-12)
    assert large.base == pytest.approx(small.base, abs=1e-12)
