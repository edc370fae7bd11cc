"""The true probabilities are those of the simulation: tested on runs without censoring, at several ages of a lead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm.errors import AccordError
from crm.simulation import Company, Simulated, simulate
from crm.simulation.clock import DAY, Clock
from crm.simulation.forward import Forward

ACCEPT, CLOSE = 30.0, 180.0


@pytest.fixture(scope="module")
def settled() -> Simulated:
    return simulate(Company(leads=30_000, wait_days=900, leaks=False), seed=11)


def snapshots(run: Simulated, days: float) -> pd.DataFrame:
    leads = run.history.leads
    return pd.DataFrame({"lead_id": leads["lead_id"], "as_of": leads["created_at"] + pd.Timedelta(days=days)})


def worst_decile(y: pd.Series, p: pd.Series, groups: pd.Series) -> float:
    """The largest distance of a decile's share from its mean truth, in standard errors clustered by account."""
    decile = pd.qcut(p, 10, labels=False, duplicates="drop")
    found = 0.0
    for part in (decile == d for d in range(int(decile.max()) + 1)):
        residual = (y[part] - p[part]).groupby(groups[part]).sum()
        variance = max((residual**2).sum(), (p[part] * (1 - p[part])).sum())
        found = max(found, abs(residual.sum()) / np.sqrt(variance))
    return found


@pytest.mark.parametrize("days", [0.0, 2.0, 10.0, 40.0, 120.0])
def test_outcomes_come_as_often_as_the_truth_says(settled: Simulated, days: float) -> None:
    taken = snapshots(settled, days)
    p = settled.truth.probabilities(taken, ACCEPT, CLOSE)
    y = settled.truth.outcomes(taken, ACCEPT, CLOSE)
    leads = settled.history.leads
    groups = leads["account_id"].fillna(leads["lead_id"])
    asked = p["p_accept"].between(0.0, 1.0, inclusive="left")
    assert p["p_close"].notna().sum() > 5_000
    for head, rows in (("accept", asked), ("close", p["p_close"].notna())):
        enough = rows & (p[f"p_{head}"] > 0.005)
        if not enough.any():  # by then nobody is accepted any more who has not been
            assert (head, days) == ("accept", 120.0)
            continue
        assert worst_decile(y.loc[enough, head].astype(float), p.loc[enough, f"p_{head}"], groups[enough]) < 3.6


def test_truth_is_as_sharp_as_the_evidence_allows(settled: Simulated) -> None:
    """Truth given all that was seen has lower squared error than truth that disregards colleagues and activity."""
    taken = snapshots(settled, 5.0)
    p = settled.truth.probabilities(taken, ACCEPT, CLOSE)["p_close"]
    y = settled.truth.outcomes(taken, ACCEPT, CLOSE)["close"].astype(float)
    forward: Forward = settled.truth.forward
    rows = np.flatnonzero(p.notna())
    at = settled.truth.seconds(taken["as_of"])[rows]
    chances = forward.chances(rows, at, int(ACCEPT * DAY), int(CLOSE * DAY))[:, :, 1]
    prior = np.exp(settled.truth.evidence.prior)
    blind = ((0.7 * prior[0] + 0.3 * prior[1])[rows] * chances).sum(axis=1)
    brier = ((y.iloc[rows] - p.iloc[rows]) ** 2).mean()
    assert brier < ((y.iloc[rows] - blind) ** 2).mean() - 0.002


def test_truth_is_the_same_before_and_after_the_export() -> None:
    cut, later = (simulate(Company(leads=800, wait_days=days), seed=7) for days in (0, 900))
    taken = snapshots(cut, 10.0)
    pd.testing.assert_frame_equal(
        cut.truth.probabilities(taken, ACCEPT, CLOSE), later.truth.probabilities(taken, ACCEPT, CLOSE)
    )


def test_close_is_never_likelier_than_accept_and_longer_horizons_never_less_likely(settled: Simulated) -> None:
    taken = snapshots(settled, 3.0).iloc[:4_000]
    short = settled.truth.probabilities(taken, 10.0, 60.0)
    long = settled.truth.probabilities(taken, 30.0, 180.0)
    asked = short["p_close"].notna()
    assert (short["p_close"] <= short["p_accept"])[asked].all()
    assert (short["p_accept"] <= long["p_accept"] + 1e-9)[asked].all()
    assert (short["p_close"] <= long["p_close"] + 1e-9)[asked].all()


def test_nothing_is_asked_of_decided_leads_and_leads_not_there_yet(settled: Simulated) -> None:
    before = snapshots(settled, -1.0).iloc[:500]
    assert settled.truth.probabilities(before, ACCEPT, CLOSE).isna().all(axis=None)
    final = settled.history.milestones.query("milestone == 'rejected'").rename(columns={"reached_at": "as_of"})
    assert settled.truth.probabilities(final.iloc[:500], ACCEPT, CLOSE).isna().all(axis=None)


def test_accepted_leads_are_accepted_for_sure(settled: Simulated) -> None:
    accepted = settled.history.milestones.query("milestone == 'accepted'").rename(columns={"reached_at": "as_of"})
    assert (settled.truth.probabilities(accepted, ACCEPT, CLOSE)["p_accept"] == 1.0).all()


def test_order_of_snapshots_does_not_matter(settled: Simulated) -> None:
    taken = snapshots(settled, 5.0).iloc[:1_000]
    whole = settled.truth.probabilities(taken, ACCEPT, CLOSE)
    shuffled = taken.sample(frac=1.0, random_state=1)
    mixed = settled.truth.probabilities(shuffled, ACCEPT, CLOSE)
    pd.testing.assert_frame_equal(mixed.loc[taken.index], whole, rtol=1e-12)


def test_unknown_leads_are_refused(settled: Simulated) -> None:
    with pytest.raises(AccordError, match="nobody"):
        settled.truth.probabilities(snapshots(settled, 0).head(1).assign(lead_id="nobody"), ACCEPT, CLOSE)


def test_working_clock_runs_on_and_turns_back() -> None:
    clock = Clock(Company().start)
    rng = np.random.default_rng(0)
    at = np.sort(rng.integers(0, 1_500 * DAY, 5_000))
    assert (np.diff(clock.worked(at)) >= 0).all()
    week = np.array([0, 7 * DAY])
    assert np.diff(clock.worked(week))[0] == pytest.approx(7.0)
    back = clock.after(at, np.zeros(len(at)))
    assert (back - at <= 1).all()
    days = rng.exponential(20.0, len(at))
    assert clock.worked(clock.after(at, days)) - clock.worked(at) == pytest.approx(days, abs=1e-4)


def test_as_if_a_lead_had_a_person_of_their_own_leniency_is_the_truth_and_of_more_is_higher() -> None:
    run = simulate(Company(leads=600, leaks=False, leniency=1.0), seed=3)
    taken = snapshots(run, 2.0)
    owner = run.history.leads["owner"]
    name = str(owner.mode()[0])
    own = float(run.truth.leniency[name])
    truth, same, more = (
        t.probabilities(taken, ACCEPT, CLOSE)[(owner == name).to_numpy()]
        for t in (run.truth, run.truth.as_if(own), run.truth.as_if(own + 1.0))
    )
    pd.testing.assert_frame_equal(truth, same)
    open_ = truth["p_accept"].between(0.0, 1.0, inclusive="neither")
    assert (more["p_accept"][open_] > truth["p_accept"][open_]).all()


def test_territories_send_a_source_to_two_people_and_chance_to_all() -> None:
    by_chance, by_source = (
        simulate(Company(leads=3_000, leaks=False, territories=share), seed=3).history.leads for share in (0.0, 0.9)
    )
    shares = [
        pd.crosstab(leads["source"], leads["owner"], normalize="index").apply(lambda row: row.nlargest(3).sum(), axis=1)
        for leads in (by_chance, by_source)
    ]
    assert shares[0].max() < 0.5
    assert shares[1].min() > 0.55
