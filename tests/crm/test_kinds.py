"""What an undeclared column is taken for, by its values alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm.history import Kind
from crm.kinds import kind_of

RNG = np.random.default_rng(0)
N = 300


def texts(*values: str) -> pd.Series:
    return pd.Series([values[i % len(values)] for i in range(N)], dtype="str")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (texts("Yes", "No"), Kind.BOOLEAN),
        (texts("0", "1"), Kind.BOOLEAN),
        (texts("No"), Kind.BOOLEAN),
        (pd.Series([1, 0] * 20), Kind.BOOLEAN),
        (pd.Series([True, False] * 20), Kind.BOOLEAN),
        (texts("1", "2", "3.5", "1,200"), Kind.NUMBER),
        (pd.Series(RNG.integers(0, 50, N)).astype("str"), Kind.NUMBER),
        (pd.Series(RNG.permutation(10_000)[:N]).astype("str"), Kind.NUMBER),  # spread: amounts, not numbers of rows
        (pd.Series(range(580_000, 580_000 + N)).astype("str"), Kind.IDENTIFIER),
        (pd.Series(range(1, N + 1)), Kind.IDENTIFIER),
        (
            pd.Series(RNG.permutation(range(700_000, 700_000 + 5 * N, 5))),
            Kind.IDENTIFIER,
        ),  # too many to differ by chance
        (pd.Series(RNG.choice(10**7, N, replace=False) + 10**5), Kind.NUMBER),  # revenues differ by chance
        (pd.Series([f"00Q{i:06x}" for i in range(N)], dtype="str"), Kind.IDENTIFIER),
        (texts("01000", "75012", "69003", "13008"), Kind.CATEGORY),  # post codes keep their zeros
        (texts("2026-01-01", "2026-02-01"), Kind.DATE),
        (texts("25/12/2025 10:00", "03/04/2026 09:15"), Kind.DATE),
        (pd.Series(pd.to_datetime(["2026-01-01"] * 3)), Kind.DATE),
        (pd.Series([f"p{i}@firm{i % 9}.com" for i in range(N)], dtype="str"), Kind.EMAIL),
        (
            pd.Series(
                [
                    f"{a} {b}"
                    for a in ("Sales", "IT", "Plant", "HR", "Buying")
                    for b in ("Director", "Manager", "Engineer")
                ]
                * 20,
                dtype="str",
            ),
            Kind.TITLE,
        ),
        (pd.Series([f"Please call me back about offer {i}, it is urgent and long " * 2 for i in range(N)]), Kind.TEXT),
        (texts("steel", "wood", "glass"), Kind.CATEGORY),
        (texts("01.High", "02.Medium"), Kind.CATEGORY),
        (pd.Series([None, None], dtype="str"), Kind.CATEGORY),
    ],
)
def test_a_kind_is_told_from_the_values_with_a_reason(values: pd.Series, kind: Kind) -> None:
    guessed = kind_of(values.astype("str") if values.dtype == object else values)
    assert guessed.kind is kind
    assert guessed.why.endswith(".")


def test_a_few_strange_values_do_not_make_a_number_a_word() -> None:
    values = pd.Series([*RNG.integers(0, 2000, N).astype(str), "many"], dtype="str")
    assert kind_of(values).kind is Kind.NUMBER
