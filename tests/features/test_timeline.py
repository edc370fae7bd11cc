from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import timeline as module
from features.timeline import Timeline

events = st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 20)), max_size=60)


@pytest.mark.parametrize("counting", [0, 10**9], ids=["by counting", "by comparing"])
@given(events, st.lists(st.tuples(st.integers(0, 5), st.integers(-5, 22), st.integers(-5, 22)), min_size=1))
@settings(max_examples=60, deadline=None)
def test_positions_count_what_is_not_later(counting: int, given_: list, asked: list) -> None:
    owner = np.array([o for o, _ in given_], np.int64)
    at = np.array([t for _, t in given_], np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_COUNTING", counting)
        timeline, order = Timeline.sorted(owner, at, 6)
    np.testing.assert_array_equal(timeline.at, at[order])
    assert list(zip(owner[order], at[order], strict=True)) == sorted(given_)
    who = np.array([o for o, *_ in asked], np.int64)
    when = np.array([ts for _, *ts in asked], np.int64)
    found = timeline.position(who, when) - timeline.first[who][:, None]
    expected = [[sum(o == a and t <= u for o, t in given_) for u in ts] for a, *ts in asked]
    np.testing.assert_array_equal(found, expected)
    for i in range(len(who)):
        alone = timeline.position(who[i : i + 1], when[i : i + 1]) - timeline.first[who[i]]
        np.testing.assert_array_equal(alone, expected[i : i + 1])


def test_one_busy_owner_among_many_is_found_too() -> None:
    owner = np.concatenate((np.zeros(5_000, np.int64), np.arange(1, 400)))
    at = np.concatenate((np.arange(5_000), np.arange(1, 400)))
    timeline, _ = Timeline.sorted(owner, at, 400)
    found = timeline.position(np.arange(400), np.full((400, 1), 250))
    expected = np.array([251, *(int(i <= 250) for i in range(1, 400))])
    np.testing.assert_array_equal(found[:, 0] - timeline.first[:-1], expected)


def test_events_at_the_same_instant_keep_their_order() -> None:
    _, order = Timeline.sorted(np.array([1, 0, 1, 1]), np.array([5, 5, 5, 4]), 2)
    assert order.tolist() == [1, 3, 0, 2]


@given(events, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_instants_are_rearranged_within_their_owner(given_: list, seed: int) -> None:
    owner = np.array([o for o, _ in given_], np.int64)
    timeline, _ = Timeline.sorted(owner, np.array([t for _, t in given_], np.int64), 6)
    for far in (1, 1 << 61):  # the second is so far apart that owners are packed one by one
        other = np.random.default_rng(seed).integers(-2, 3, len(given_)) * (far // 2 or 1)
        expected = sorted(zip(np.repeat(np.arange(6), np.diff(timeline.first)).tolist(), other.tolist(), strict=True))
        assert timeline.rearranged(other).at.tolist() == [t for _, t in expected]
