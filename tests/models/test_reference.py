from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reference import Reference

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array)


def score(reference: Reference, *p: float) -> list[int]:
    return reference.score(np.array(p)).tolist()


def test_many_different_leads_fill_the_99_scores_evenly() -> None:
    p = np.linspace(0, 1, 9900)
    counts = np.bincount(Reference.of(p).score(p), minlength=100)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 100) <= 1).all()


def test_scores_are_percentiles() -> None:
    p = np.linspace(0, 1, 10_000)
    assert np.mean(Reference.of(p).score(p) >= 90) == pytest.approx(0.1, abs=0.011)


def test_leads_all_alike_are_in_the_middle() -> None:
    assert score(Reference.of(np.full(20, 0.3)), 0.3, 0.29, 0.31) == [50, 1, 99]


def test_a_tie_gets_the_middle_of_the_scores_it_shares() -> None:
    reference = Reference.of(np.array([0.1] * 60 + [0.9] * 40))
    assert score(reference, 0.1, 0.5, 0.9) == [30, 60, 79]


def test_the_last_bits_of_a_probability_do_not_matter() -> None:
    reference = Reference.of(np.array([0.3] * 10))
    assert score(reference, np.nextafter(0.3, 1), np.nextafter(0.3, 0)) == [50, 50]


def test_weights_count_as_copies() -> None:
    p, weight = np.array([0.1, 0.2, 0.7, 0.4]), np.array([1, 3, 2, 0])
    assert Reference.of(p, weight.astype(float)).cuts == Reference.of(np.repeat(p, weight)).cuts


def test_one_lead_is_a_reference() -> None:
    assert score(Reference.of(np.array([0.2])), 0.1, 0.2, 0.3) == [1, 50, 99]


@settings(max_examples=60)
@given(reference=probabilities, asked=probabilities)
def test_a_higher_probability_never_has_a_lower_score(reference: np.ndarray, asked: np.ndarray) -> None:
    scores = Reference.of(reference).score(np.sort(asked))
    assert (np.diff(scores) >= 0).all()
    assert scores.min() >= 1
    assert scores.max() <= 99


@settings(max_examples=30)
@given(p=probabilities)
def test_the_order_of_the_reference_leads_does_not_matter(p: np.ndarray) -> None:
    assert Reference.of(p) == Reference.of(p[::-1])


@pytest.mark.parametrize(
    ("p", "weight"), [([], []), ([np.nan], [1.0]), ([0.1], [0.0]), ([0.1, 0.2], [1.0, -1.0]), ([0.1], [np.nan])]
)
def test_no_reference_is_made_of_nothing(p: list[float], weight: list[float]) -> None:
    with pytest.raises(ValueError, match="reference needs leads"):
        Reference.of(np.array(p), np.array(weight))


def test_json_gives_the_same_reference_back() -> None:
    reference = Reference.of(np.random.default_rng(0).random(50))
    assert Reference.from_json(reference.to_json()) == reference
