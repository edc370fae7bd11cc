from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.evaluation import calibration_curve, evaluate, gain_curve
from training.intervals import intervals
from training.metrics import NAMES, Ranked

DATES = pd.to_datetime(["2026-01-01", "2026-02-01"], utc=True)


def predictions(leads: int = 300, seed: int = 0, snapshots: int = 2, slope: float = 1.0) -> pd.DataFrame:
    """Forward predictions of two dates: each lead has some snapshots, nearly alike, and one outcome."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.0, 1.3, leads)
    y = (rng.random(leads) < 1 / (1 + np.exp(-z))).astype(float)
    lead = np.repeat(np.arange(leads), snapshots)
    return pd.DataFrame(
        {
            "head": "close",
            "date": DATES[(lead % 2)],
            "lead_id": lead.astype(str),
            "y": y[lead],
            "weight": 1.0 / snapshots,
            "good": 1 / (1 + np.exp(-slope * z[lead])),
            "constant": 0.3,
        }
    )


def test_every_head_method_date_and_metric_is_told() -> None:
    rows = predictions()
    both = pd.concat([rows, rows.assign(head="accept")], ignore_index=True)
    table = evaluate(both, ["good", "constant"], seed=1, rounds=20).metrics
    assert len(table) == 2 * 2 * 3 * len(NAMES)
    assert set(table["head"]) == {"accept", "close"}
    assert table["date"].isna().sum() == len(table) / 3


def test_flat_history_is_told_all_together_only() -> None:
    found = evaluate(predictions().assign(date=pd.NaT), ["good"], seed=1, rounds=20)
    assert found.metrics["date"].isna().all()
    assert len(found.of("close", "good")) == len(NAMES)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of intervals for calibrated predictions, about 95 in 100 hold the true slope of 1 and intercept of 0."""
    held = [
        evaluate(predictions(seed=seed).assign(date=pd.NaT), ["good"], seed=seed, rounds=100).of("close", "good")
        for seed in range(60)
    ]
    for metric, truth in (("slope", 1.0), ("intercept", 0.0)):
        covered = np.mean([found.loc[metric, "low"] <= truth <= found.loc[metric, "high"] for found in held])
        assert 0.85 <= covered <= 1.0


def test_more_snapshots_of_the_same_leads_do_not_narrow_the_interval() -> None:
    def width(snapshots: int) -> float:
        found = evaluate(predictions(snapshots=snapshots), ["good"], seed=1, rounds=200).of("close", "good").loc["auc"]
        return float(found["high"] - found["low"])

    assert width(8) == pytest.approx(width(1), rel=0.25)


def test_one_step_draws_are_as_wide_as_fitting_each_draw_anew() -> None:
    rows = predictions(leads=400)
    ranked, weight = Ranked.of(rows["y"].to_numpy(), rows["good"].to_numpy()), rows["weight"].to_numpy()
    lead = rows["lead_id"].astype(int).to_numpy()
    rng = np.random.default_rng(9)
    fitted = [ranked.metrics(weight * np.bincount(rng.integers(0, 400, 400), minlength=400)[lead]) for _ in range(400)]
    low, high = intervals(ranked, weight, lead, rounds=400, seed=1)
    wide = np.diff(np.quantile(fitted, [0.025, 0.975], axis=0), axis=0)[0]
    assert high - low == pytest.approx(wide, rel=0.2)


def test_same_seed_gives_the_same_figures_in_any_order_of_rows() -> None:
    rows = predictions().assign(as_of=lambda table: table["date"] + pd.to_timedelta(np.arange(len(table)), unit="h"))
    first = evaluate(rows, ["good"], seed=5, rounds=30).metrics
    shuffled = evaluate(rows.sample(frac=1.0, random_state=2), ["constant", "good"], seed=5, rounds=30).metrics
    pd.testing.assert_frame_equal(first, shuffled[shuffled["method"] == "good"].reset_index(drop=True))
    other = evaluate(rows, ["good"], seed=6, rounds=30).metrics
    assert not first["low"].equals(other["low"])


def test_unsettled_rows_are_not_judged() -> None:
    rows = predictions()
    open_ = rows.assign(y=np.nan, weight=0.0, lead_id="open-" + rows["lead_id"])
    both = evaluate(pd.concat([rows, open_], ignore_index=True), ["good"], seed=1, rounds=20).metrics
    pd.testing.assert_frame_equal(both, evaluate(rows, ["good"], seed=1, rounds=20).metrics)


def test_calibration_curve_lies_on_the_diagonal_for_true_probabilities() -> None:
    curve = calibration_curve(predictions(leads=4_000), "good")
    assert len(curve) == 10
    assert curve["share"].sum() == pytest.approx(1.0)
    assert (curve["low"] <= curve["observed"]).all()
    assert (curve["observed"] <= curve["high"]).all()
    assert ((curve["low"] <= curve["predicted"]) & (curve["predicted"] <= curve["high"])).sum() >= 8
    assert curve["predicted"].is_monotonic_increasing


def test_calibration_curve_has_fewer_points_for_few_leads_and_one_for_a_constant() -> None:
    assert len(calibration_curve(predictions(leads=100), "good")) == 3
    assert len(calibration_curve(predictions(), "constant")) == 1


def test_gain_curve_rises_from_nothing_to_all_and_is_straight_for_a_constant() -> None:
    rows = predictions()
    curve = gain_curve(rows, "good")
    assert curve["captured"].iloc[0] == 0.0
    assert curve["captured"].iloc[-1] == pytest.approx(1.0)
    assert (np.diff(curve["captured"]) >= -1e-12).all()
    assert (curve["captured"] >= curve["share"] - 1e-9).all()
    straight = gain_curve(rows, "constant")
    assert straight["captured"].to_numpy() == pytest.approx(straight["share"].to_numpy())


def test_gain_curve_and_capture_agree() -> None:
    rows = predictions(leads=1_000)
    found = evaluate(rows, ["good"], seed=1, rounds=5)
    curve = found.gain.set_index("share")["captured"]
    assert curve[curve.index.get_indexer([0.1], method="nearest")[0] / 100] == pytest.approx(
        found.of("close", "good").loc["capture", "value"], abs=1e-9
    )


def test_date_on_which_nobody_said_yes_has_a_loss_but_no_ranking() -> None:
    rows = predictions()
    rows.loc[rows["date"] == DATES[0], "y"] = 0.0
    found = evaluate(rows, ["good", "constant"], seed=1, rounds=20)
    first = found.of("close", "good", DATES[0])
    assert first.loc[["auc", "slope", "intercept", "capture"]].isna().all(axis=None)
    assert first.loc[["log_loss", "brier"]].notna().all(axis=None)
    assert found.of("close", "good").notna().all(axis=None)
