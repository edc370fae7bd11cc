from __future__ import annotations

from dataclasses import replace

import pytest

from models.sheet import Range, Sheet
from tests.sheets import agreement, around, definition, sheet
from training.agreed import agreed
from training.gates import Verdict


def failed(verdicts: list[Verdict]) -> list[str]:
    assert {verdict.gate for verdict in verdicts} == {"signatures"}
    return [verdict.sentence for verdict in verdicts if not verdict.passed]


def promised(accept: Range, now: float) -> str:
    """The reason that is given where this share is promised and the other is measured."""
    signed = sheet()
    signed = replace(signed, promises=(replace(signed.promises[0], accept=accept), signed.promises[1]))
    measured = sheet(accept=now)
    (said,) = failed(agreed(measured, agreement(measured, "marketing", "sales"), None)) or [""]
    assert said == ""
    (*_, said) = failed(agreed(measured, agreement(measured), agreement(signed, "marketing", "sales")))
    return said


def test_what_both_signed_passes_and_names_them() -> None:
    table = agreement(sheet(), "marketing", "sales")
    verdicts = agreed(sheet(accept=0.85), table, table)
    assert failed(verdicts) == []
    assert [verdict.sentence for verdict in verdicts] == [
        "Signed by marketing: Marketing Person on 10 July 2026.",
        "Signed by sales: Sales Person on 10 July 2026.",
    ]


def test_nothing_signed_names_both_teams() -> None:
    assert failed(agreed(sheet(), agreement(sheet()), None)) == ["Not signed by marketing.", "Not signed by sales."]


def test_one_signature_is_not_two() -> None:
    assert failed(agreed(sheet(), agreement(sheet(), "sales", "sales"), None)) == ["Not signed by marketing."]


def test_another_definition_is_told_with_both_versions() -> None:
    measured, before = sheet(of=definition(close_days=90)), sheet()
    said = failed(agreed(measured, agreement(measured), agreement(before, "marketing", "sales")))
    assert said[:2] == ["Not signed by marketing.", "Not signed by sales."]
    was, now = before.definition.short_version, measured.definition.short_version
    assert said[2:] == [
        f"Both teams signed definition {was}; this scorer is of definition {now} (accord definition diff)."
    ]


def test_a_broken_promise_is_told_with_its_figures() -> None:
    assert promised(around(0.82), 0.71) == ("A: sales accepts 71%, promised 78% to 86%: both teams must sign again.")


@pytest.mark.parametrize(
    ("accept", "now", "said"),
    [
        (Range(0.82, 0.784, 0.86), 0.781, "sales accepts 78.1%, promised 78.4% to 86.0%"),
        (Range(0.82, 0.78, 0.8604), 0.8612, "sales accepts 86.1%, promised 78.0% to 86.0%"),
        (Range(0.82, 0.78, 0.86), 0.93, "sales accepts 93%, promised 78% to 86%"),
    ],
)
def test_figures_have_the_digits_that_show_the_difference(accept: Range, now: float, said: str) -> None:
    assert said in promised(accept, now)


def test_every_broken_promise_is_told_at_once() -> None:
    measured = sheet(accept=0.5)
    measured = replace(
        measured,
        promises=(
            replace(measured.promises[0], per_week=Range(52.0, 40.0, 60.0)),
            replace(measured.promises[1], close=Range(0.2, 0.1, 0.3)),
        ),
    )
    said = failed(agreed(measured, agreement(measured), agreement(sheet(), "marketing", "sales")))
    assert [reason.partition(":")[0] + reason.partition(":")[2].partition(",")[0] for reason in said[2:]] == [
        "A 52 leads a week",
        "A sales accepts 50%",
        "B sales closes 20%",
    ]


def test_grades_that_start_elsewhere_are_told() -> None:
    measured: Sheet = sheet(cut=0.3)
    said = failed(agreed(measured, agreement(measured), agreement(sheet(), "marketing", "sales")))
    assert said[2:] == ["Both teams signed other grades: A from 25.00%, now from 30.00%. Both teams must sign again."]


def test_without_promises_there_is_nothing_to_sign() -> None:
    (said,) = failed(agreed(None, None, agreement(sheet(), "marketing", "sales")))
    assert "nothing to sign" in said
