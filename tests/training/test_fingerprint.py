from dataclasses import replace

import pytest

from tests.builders import Row, activity, history, instant, lead, milestone
from training.fingerprint import fingerprint

ROWS: list[Row] = [
    lead("a", size=3.0),
    lead("b", size=None),
    activity("a"),
    activity("a", "call", "2026-02-02"),
    milestone("b", "won"),
]


def test_the_order_of_rows_does_not_matter() -> None:
    assert fingerprint(history(*ROWS)) == fingerprint(history(*reversed(ROWS)))


@pytest.mark.parametrize(
    "rows",
    [ROWS[:-1], [*ROWS, activity("a")], [lead("a", size=4.0), *ROWS[1:]], [lead("c", size=3.0), *ROWS[1:2], ROWS[4]]],
)
def test_other_content_has_another_fingerprint(rows: list[Row]) -> None:
    assert fingerprint(history(*rows)) != fingerprint(history(*ROWS))


def test_another_export_has_another_fingerprint() -> None:
    past = history(*ROWS)
    assert fingerprint(replace(past, exported_at=instant("2026-07-01"))) != fingerprint(past)
