from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from training.gates import Bounds, Interval, Range, against_champion, calibrated, clustered_mean, no_open_finding

BOUNDS = Bounds()


def pairs(challenger: float, champion: float, *, leads: int = 400, rows_a_lead: int = 1, seed: int = 7) -> pd.DataFrame:
    """Forward rows with true rate 0.3 and two constant opinions of it."""
    rng = np.random.default_rng(seed)
    y = np.repeat((rng.random(leads) < 0.3).astype(float), rows_a_lead)
    lead_id = np.repeat([f"l{i}" for i in range(leads)], rows_a_lead)
    columns = {"head": "close", "lead_id": lead_id, "y": y, "weight": 1.0}
    return pd.DataFrame({**columns, "challenger": challenger, "champion": champion})


def finding(severity: str = "block", field: str | None = "tags", kept: str | None = None) -> dict[str, str | None]:
    return {"code": "C", "severity": severity, "field": field, "evidence": "It tells the outcome.", "kept": kept}


def test_an_equal_challenger_holds() -> None:
    (verdict,) = against_champion(pairs(0.3, 0.3), BOUNDS)
    assert verdict.passed
    assert "difference +0.0000" in verdict.sentence


def test_a_clearly_worse_challenger_is_refused_with_both_figures() -> None:
    (verdict,) = against_champion(pairs(0.8, 0.3), BOUNDS)
    assert not verdict.passed
    assert verdict.head == "close"
    assert "against the champion's 0.6" in verdict.sentence


def test_a_trifle_is_tolerated_even_when_it_is_certain() -> None:
    trifle = against_champion(pairs(0.32, 0.3, leads=100_000), BOUNDS)[0]
    assert "interval +" in trifle.sentence
    assert trifle.passed
    assert not against_champion(pairs(0.32, 0.3, leads=100_000), Bounds(tolerance=0))[0].passed


def test_a_difference_that_chance_explains_is_tolerated() -> None:
    assert against_champion(pairs(0.36, 0.3, leads=40), Bounds(tolerance=0))[0].passed


def test_repeating_the_same_leads_makes_nothing_more_certain() -> None:
    once, often = (
        clustered_mean(r["y"].to_numpy(), r["weight"].to_numpy(), r["lead_id"])
        for r in (pairs(0.3, 0.3), pairs(0.3, 0.3, rows_a_lead=9))
    )
    assert often.high - often.low == pytest.approx(once.high - once.low)


def test_the_interval_of_a_mean_covers_the_truth_nine_times_in_ten() -> None:
    covered = 0
    for seed in range(300):
        rows = pairs(0.3, 0.3, leads=150, rows_a_lead=3, seed=seed)
        found = clustered_mean(rows["y"].to_numpy(), rows["weight"].to_numpy(), rows["lead_id"])
        covered += found.low <= 0.3 <= found.high
    assert 0.86 <= covered / 300 <= 0.94


def test_one_lead_says_nothing_about_chance() -> None:
    found = clustered_mean(np.array([1.0, 2.0]), np.ones(2), pd.Series(["a", "a"]))
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_rows_weigh_what_they_weigh() -> None:
    rows = pairs(0.9, 0.3)
    rows.loc[rows["y"] == 0, "weight"] = 1e-9
    assert against_champion(rows, BOUNDS)[0].passed


def test_what_cannot_be_compared_is_refused() -> None:
    nothing, few = against_champion(pairs(0.3, 0.3)[:0], BOUNDS), against_champion(pairs(0.3, 0.3, leads=29), BOUNDS)
    assert [v.passed for v in nothing + few] == [False, False]
    assert "only 29 leads" in few[0].sentence


def test_each_head_is_judged() -> None:
    both = pd.concat([pairs(0.3, 0.3), pairs(0.8, 0.3).assign(head="accept")])
    assert {v.head: v.passed for v in against_champion(both, BOUNDS)} == {"accept": False, "close": True}


@pytest.mark.parametrize(
    ("slope", "passed"),
    [
        (Interval(1.0, 0.95, 1.05), True),
        (Interval(0.7, 0.5, 0.85), True),  # may well be in bounds
        (Interval(0.6, 0.5, 0.79), False),
        (Interval(1.5, 1.3, 1.7), False),
        (Interval(float("nan"), float("nan"), float("nan")), False),
    ],
)
def test_calibration_is_refused_when_its_interval_lies_outside(slope: Interval, passed: bool) -> None:
    of_slope, of_intercept = calibrated("close", slope, Interval(0.0, -0.1, 0.1), BOUNDS)
    assert of_slope.passed is passed
    assert of_intercept.passed
    assert "allowed 0.8 to 1.25" in of_slope.sentence


def test_a_wrong_level_is_refused() -> None:
    _, intercept = calibrated("close", Interval(1.0, 0.9, 1.1), Interval(-0.5, -0.6, -0.4), BOUNDS)
    assert not intercept.passed


@pytest.mark.parametrize(
    ("found", "open_"),
    [
        (finding(), True),
        (finding(field=None), True),
        (finding(field="other"), False),
        (finding(kept="Signed by both teams."), False),
        (finding(severity="ask"), False),
    ],
)
def test_a_blocking_finding_is_open_while_the_scorer_reads_the_field(found: dict[str, str | None], open_: bool) -> None:
    (verdict,) = no_open_finding([found], used=["tags", "source"])
    assert verdict.passed is not open_
    if open_:
        assert "It tells the outcome." in verdict.sentence


def test_bounds_refuse_what_makes_no_sense() -> None:
    with pytest.raises(ValidationError):
        Range(low=2, high=1)
    with pytest.raises(ValidationError):
        Bounds.model_validate({"tolerence": 0.1})
